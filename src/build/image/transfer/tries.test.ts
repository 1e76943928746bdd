import { describe, expect, it } from 'vitest';
import { appdevError } from '../../../core/errors.ts';
import { ok, type Outcome } from '../../../core/outcome.ts';
import type { Clock } from '../../../support/clock.ts';
import { transferFailure, type TransferFailure } from './errors.ts';
import { inTries, retryTransfer } from './tries.ts';

const signal = new AbortController().signal;
const says = {
  503: 'received unexpected HTTP status: 503 Service Unavailable',
  401: 'unauthorized: authentication required',
  403: 'denied: requested access to the resource is denied',
} as const;

interface Tried {
  /** What came of it, with the tries. */
  readonly end: string;
  /** Whether each try looked the login up again. */
  readonly fresh: readonly boolean[];
  /** Pauses in milliseconds. */
  readonly pauses: readonly number[];
}

/** Tries with these answers, each after so many milliseconds. */
async function tried(
  answers: readonly ('ok' | keyof typeof says)[],
  { takesMs = 10, stranger = false } = {},
): Promise<Tried> {
  const fresh: boolean[] = [];
  const pauses: number[] = [];
  let nowMs = 0;
  const clock: Clock = {
    now: () => nowMs,
    sleep: async (ms) => {
      pauses.push(ms);
      await Promise.resolve();
    },
  };
  const outcome = await inTries(
    {
      attempt: async (isFresh) => {
        fresh.push(isFresh);
        nowMs += takesMs;
        const answer = answers[fresh.length - 1];
        if (answer === undefined) throw new Error('one try too many');
        return await Promise.resolve(ok(answer === 'ok' ? undefined : [says[answer]]));
      },
      failureOf: (lines) => transferFailure('pushing', 'r.example.com', lines),
      stranger,
      onRetry: () => undefined,
    },
    clock,
    signal,
  );
  const end = outcome.kind === 'failed' ? `${outcome.error.code} ${outcome.error.message}` : outcome.kind;
  return { end, fresh, pauses };
}

describe('a transfer', () => {
  it.each([
    [['ok'], [false]],
    [
      [503, 503, 'ok'],
      [false, false, false],
    ],
    [
      [401, 'ok'],
      [false, true],
    ],
    // The server error was not a refusal: the token has its own second try.
    [
      [503, 401, 'ok'],
      [false, false, true],
    ],
    [
      [401, 503, 'ok'],
      [false, true, false],
    ],
  ] as const)('with the answers %j succeeds', async (answers, fresh) => {
    expect(await tried(answers)).toMatchObject({ end: 'ok', fresh });
  });

  it.each([
    [[403], 'REGISTRY_DENIED', ''],
    [[503, 503, 503], 'REGISTRY_UNREACHABLE', ' (3 tries)'],
    [[401, 401], 'REGISTRY_DENIED', ' (2 tries)'],
    [[401, 503, 401], 'REGISTRY_DENIED', ' (3 tries)'],
    [[503, 403], 'REGISTRY_DENIED', ' (2 tries)'],
  ] as const)('with the answers %j fails', async (answers, code, suffix) => {
    const { end } = await tried(answers);
    expect(end.startsWith(code)).toBe(true);
    expect(/ \(\d tries\)$/.exec(end)?.[0] ?? '').toBe(suffix);
  });

  it('pauses longer the second time', async () => {
    expect((await tried([503, 503, 'ok'])).pauses).toEqual([500, 3000]);
  });

  it('goes on for as long as its token runs out only after it got some way', async () => {
    const answers = [401, 401, 401, 401, 'ok'] as const;
    expect(await tried(answers, { takesMs: 60_000 })).toMatchObject({
      end: 'ok',
      pauses: [500, 500, 500, 500],
    });
  });

  it('is refused once and for all if nothing could have run out', async () => {
    expect((await tried([401], { stranger: true })).end).toMatch(/^REGISTRY_DENIED/);
  });
});

const down = (retry: TransferFailure['retry']): TransferFailure => ({
  error: appdevError('REGISTRY_UNREACHABLE', 'pulling a failed: r answers with a server error'),
  retry,
});

/** Attempts that end in these failures, one after the other; what came of them, what was said and waited. */
async function retried(
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

describe('a retry', () => {
  it('tries three times, and says so', async () => {
    const { outcome, said, sleptMs } = await retried([down('yes'), down('yes'), down('yes'), undefined]);
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
    expect(await retried([failure])).toEqual({ outcome: ok(1), said: [], sleptMs: [] });
  });

  it('is cancelled while it waits', async () => {
    expect((await retried([down('yes')], new AbortController())).outcome.kind).toBe('cancelled');
  });
});
