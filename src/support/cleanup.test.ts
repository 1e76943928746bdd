import { describe, expect, it } from 'vitest';
import { createCleanup } from './cleanup.ts';

const enoughMs = 10_000;

describe('createCleanup', () => {
  it('runs the disposers in reverse order, one after the other, once', async () => {
    const cleanup = createCleanup();
    const order: string[] = [];
    cleanup.add('first', () => void order.push('first'));
    cleanup.add('slow', async () => {
      await new Promise((resolve) => setImmediate(resolve));
      order.push('slow');
    });
    cleanup.add('last', () => void order.push('last'));
    const report = await cleanup.run(enoughMs);
    expect(await cleanup.run(enoughMs)).toBe(report);
    expect(order).toEqual(['last', 'slow', 'first']);
    expect(report).toEqual({ failed: [], unfinished: [] });
  });

  it('does not run what was taken off', async () => {
    const cleanup = createCleanup();
    const order: string[] = [];
    const takeOff = cleanup.add('done', () => void order.push('done'));
    cleanup.add('kept', () => void order.push('kept'));
    takeOff();
    takeOff();
    await cleanup.run(enoughMs);
    expect(order).toEqual(['kept']);
  });

  it('goes on after a disposer that throws or rejects, and names it', async () => {
    const cleanup = createCleanup();
    const order: string[] = [];
    const thrown = new Error('thrown');
    const rejected = new Error('rejected');
    cleanup.add('bottom', () => void order.push('bottom'));
    cleanup.add('throws', () => {
      throw thrown;
    });
    cleanup.add('rejects', async () => await Promise.reject(rejected));
    expect(await cleanup.run(enoughMs)).toEqual({
      failed: [
        { name: 'rejects', error: rejected },
        { name: 'throws', error: thrown },
      ],
      unfinished: [],
    });
    expect(order).toEqual(['bottom']);
  });

  it('stops at the deadline and names what was not done', async () => {
    const cleanup = createCleanup();
    cleanup.add('never reached', () => undefined);
    cleanup.add('hangs', async () => await new Promise(() => undefined));
    expect(await cleanup.run(20)).toEqual({ failed: [], unfinished: ['hangs', 'never reached'] });
  });

  it('also undoes what is added meanwhile', async () => {
    const cleanup = createCleanup();
    const order: string[] = [];
    cleanup.add('adds', () => void cleanup.add('added', () => void order.push('added')));
    await cleanup.run(enoughMs);
    expect(order).toEqual(['added']);
  });
});
