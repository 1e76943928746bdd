import { expect, it } from 'vitest';
import { fakeService } from '../../../test/support/fake-loop-parts.ts';
import type { EventBody } from '../../core/events.ts';
import { ok } from '../../core/outcome.ts';
import type { Belonging } from '../../deploy/objects/lifetime.ts';
import { leavingAtEnd } from './staying.ts';

it('leaves what was deployed to stay and what another user left, and says so for each', async () => {
  const deployed = new Map<string, Belonging>([
    ['web', 'session'],
    ['orders', 'kept'],
    ['stock', 'another'],
    ['mail', 'another'],
  ]);
  const events: EventBody[] = [];
  const way = { lifetime: ({ name }: { name: string }) => Promise.resolve(ok(deployed.get(name))) };
  const services = ['web', 'orders', 'stock', 'mail', 'new'].map((name) => fakeService(name));
  const { signal } = new AbortController();
  const leaving = await leavingAtEnd(
    { emit: (event) => events.push(event) },
    { deployer: { way } },
    services,
    signal,
  );
  expect(leaving).toEqual(ok(services.filter(({ name }) => name === 'web' || name === 'new')));
  expect(events).toMatchObject([
    {
      message: 'still running: orders, because `run` or `deploy` deployed it',
      hint: 'to remove it: appdev delete orders',
    },
    {
      message: 'still running: stock, mail, because a `dev` session of another user deployed them',
      hint: 'to remove them: appdev delete stock mail',
    },
  ]);
});
