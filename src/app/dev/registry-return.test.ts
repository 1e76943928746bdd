import { expect, it } from 'vitest';
import type { AppdevError } from '../../core/errors.ts';
import type { EventBody } from '../../core/events.ts';
import type { UserMessage } from '../../loop/decide/messages.ts';
import { ok } from '../../core/outcome.ts';
import { watchRegistryReturn } from './registry-return.ts';

const error: AppdevError = { code: 'REGISTRY_UNREACHABLE', message: 'the registry refuses connections' };

function runThatFailed(reason: AppdevError): EventBody {
  const run = { service: 'orders', run: 1, change: 1, reason: 'start', ms: 5, stages: [] };
  return { type: 'run.finished', outcome: 'failed', error: reason, ...run };
}

/** A world where time passes when it is waited for, and the registry answers from the third question on. */
function world(): {
  asked: () => number;
  sent: UserMessage[];
  watched: ReturnType<typeof watchRegistryReturn>;
} {
  let asked = 0;
  const sent: UserMessage[] = [];
  const watched = watchRegistryReturn(
    'localhost:5001',
    async () => await Promise.resolve((asked += 1) < 3 ? { kind: 'failed', error } : ok(undefined)),
    (message) => sent.push(message),
    { now: () => 0, sleep: async () => await Promise.resolve() },
  );
  return { asked: () => asked, sent, watched };
}
const settled = async (): Promise<void> => await new Promise((resolve) => setImmediate(resolve));

it('asks from the run that missed the registry until it answers, and says so once', async () => {
  const { asked, sent, watched } = world();
  watched.seen(runThatFailed(error));
  watched.seen(runThatFailed(error));
  await settled();
  expect(asked()).toBe(3);
  expect(sent).toEqual([{ kind: 'registry-regained', registry: 'localhost:5001' }]);
});

it('asks nothing while runs succeed or fail for other reasons', async () => {
  const { asked, watched } = world();
  watched.seen(runThatFailed({ code: 'SOURCE_BUILD_FAILED', message: 'x' }));
  watched.seen({ type: 'watch.paused' });
  await settled();
  expect(asked()).toBe(0);
});

it('asks no more once it is stopped', async () => {
  const { asked, sent, watched } = world();
  watched.stop();
  watched.seen(runThatFailed(error));
  await settled();
  expect([asked(), sent]).toEqual([0, []]);
});
