import { expect, it } from 'vitest';
import { appdevError } from '../../../core/errors.ts';
import { ok, type Outcome } from '../../../core/outcome.ts';
import type { Clock } from '../../../support/clock.ts';
import type { TransferFailure } from './errors.ts';
import { retryTransfer } from './retry.ts';

const down = (retry: TransferFailure['retry']): TransferFailure => ({
  error: appdevError('REGISTRY_UNREACHABLE', 'pulling a failed: r answers with a server error'),
  retry,
});

/** Attempts that end in these failures, one after the other; what came of them, what was said and waited. */
async function attempts(
  failures: readonly (TransferFailure | undefined)[],
  abort?: AbortController,
): Promise<{ readonly outcome: Outcome<number>; readonly said: string[]; readonly sleptMs: number[] }> {
  const [said, sleptMs]: [string[], number[]] = [[], []];
  let made = 0;
  const clock: Clock = {
    now: () => 0,
    sleep: async (ms) => {
      sleptMs.push(ms);
      abort?.abort();
      await Promise.resolve();
    },
  };
  const { signal } = abort ?? new AbortController();
  const outcome = await retryTransfer(
    async () => await Promise.resolve(ok((made += 1))),
    (attempt) => failures[attempt - 1],
    { signal, onRetry: (message) => void said.push(message), clock },
  );
  return { outcome, said, sleptMs };
}

it('tries three times, and says so', async () => {
  const { outcome, said, sleptMs } = await attempts([down('yes'), down('yes'), down('yes'), undefined]);
  expect([outcome, sleptMs]).toEqual([ok(3), [500, 3000]]);
  expect(said).toEqual([
    'pulling a failed: r answers with a server error; trying again in 0.5 s',
    'pulling a failed: r answers with a server error; trying again in 3 s',
  ]);
});

it.each([
  ['a success', undefined],
  ['a refusal', down('no')],
  ['a refused login', down('once')],
])('takes %s for final', async (_what, failure) => {
  expect(await attempts([failure])).toEqual({ outcome: ok(1), said: [], sleptMs: [] });
});

it('is cancelled while it waits', async () => {
  expect((await attempts([down('yes')], new AbortController())).outcome.kind).toBe('cancelled');
});
