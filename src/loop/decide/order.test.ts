import { describe, expect, it } from 'vitest';
import { fakeChart } from '../../../test/support/fake-loop-parts.ts';
import { inNeedsOrder, inRemovalOrder } from './order.ts';

const names = (services: readonly { readonly name: string; readonly needs?: readonly string[] }[]) => {
  const order = inNeedsOrder(services.map(({ name, needs = [] }) => fakeChart(name, { needs })));
  return order.kind === 'ok' ? order.value.map(({ name }) => name) : order;
};

describe('inNeedsOrder', () => {
  it('puts needs first and leaves the rest in file order', () => {
    const services = [
      { name: 'web', needs: ['orders', 'db'] },
      { name: 'a' },
      { name: 'orders', needs: ['db'] },
      { name: 'db' },
    ];
    expect(names(services)).toEqual(['db', 'orders', 'web', 'a']);
  });

  it('takes needs outside of the selection for there', () => {
    expect(names([{ name: 'web', needs: ['db'] }])).toEqual(['web']);
  });

  it('names a cycle', () => {
    const services = [
      { name: 'z' },
      { name: 'a', needs: ['b'] },
      { name: 'b', needs: ['c'] },
      { name: 'c', needs: ['a'] },
    ];
    expect(names(services)).toMatchObject({
      kind: 'failed',
      error: { code: 'CONFIG_INVALID', message: 'services need each other: a → b → c → a' },
    });
  });
});

describe('inRemovalOrder', () => {
  const removal = (
    ...services: readonly (readonly [name: string, ...needs: readonly string[]])[]
  ): string[] =>
    inRemovalOrder(services.map(([name, ...needs]) => fakeChart(name, { needs }))).map(({ name }) => name);

  it('takes away what needs others before what it needs', () => {
    expect(removal(['web', 'orders', 'db'], ['orders', 'db'], ['db'])).toEqual(['web', 'orders', 'db']);
    expect(removal(['db'], ['orders', 'db'], ['web', 'orders'])).toEqual(['web', 'orders', 'db']);
  });

  it('knows a service that was deployed to two places', () => {
    const order = removal(['db'], ['db'], ['orders', 'db'], ['orders']);
    expect(order).toEqual(['orders', 'orders', 'db', 'db']);
  });

  it('leaves nothing out if two versions of the file contradict each other', () => {
    expect(removal(['a', 'b'], ['b', 'a'], ['a']).sort()).toEqual(['a', 'a', 'b']);
  });
});
