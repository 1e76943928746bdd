/**
 * Tries a transfer to a registry again, for tools that give up too early: Buildah and skopeo do not try again after a
 * server error or an expired token. What the registry already has is not sent again, so a whole new try is cheap.
 */
import type { AppdevError } from '../../../core/errors.ts';
import { cancelled, ok, type Outcome } from '../../../core/outcome.ts';
import type { Clock } from '../../../support/clock.ts';
import type { TransferFailure } from './errors.ts';

/** What to try, and what its failures mean. */
export interface Transfer {
  /**
   * One try. The value is the tool's output if it failed, or undefined if it succeeded. Any outcome other than `ok`
   * ends the tries.
   *
   * @param fresh true if the last login was refused.
   */
  readonly attempt: (fresh: boolean) => Promise<Outcome<readonly string[] | undefined>>;
  /** What such an output means. */
  readonly failureOf: (lines: readonly string[]) => TransferFailure;
  /** True if no login is in use, so nothing can have expired and the first refusal is final. */
  readonly stranger?: boolean;
  /** Called before each further try. */
  readonly onRetry: (message: string) => void;
}

/** Pauses before the second and third try, in milliseconds: the first for a short failure, the last for a restart. */
const pausesMs: readonly number[] = [500, 3000];

/**
 * A try that lasted this long, in milliseconds, made some progress before its token expired. The next one continues
 * from there.
 */
const progressMs = 60_000;

/** The message before the next try. */
function retryWords({ message }: AppdevError, pauseMs: number): string {
  return `${message}; trying again in ${pauseMs / 1000} s`;
}

/** Tries up to three times, but after a refusal only once more: what is refused with a fresh login stays refused. */
export async function inTries(
  { attempt, failureOf, stranger = false, onRetry }: Transfer,
  clock: Clock,
  signal: AbortSignal,
): Promise<Outcome<void>> {
  let [tries, refusals, wasRefused] = [0, 0, false];
  for (;;) {
    const startedMs = clock.now();
    const lines = await attempt(wasRefused);
    if (lines.kind !== 'ok') return lines;
    if (lines.value === undefined) return ok(undefined);
    const { error, retry } = failureOf(lines.value);
    wasRefused = retry === 'once';
    if (wasRefused && clock.now() - startedMs >= progressMs) [tries, refusals] = [0, 0];
    else [tries, refusals] = [tries + 1, refusals + (wasRefused ? 1 : 0)];
    const pauseMs = pausesMs[Math.max(tries - 1, 0)];
    if (retry === 'no' || pauseMs === undefined || (wasRefused && (stranger || refusals > 1))) {
      const counted = tries <= 1 ? error : { ...error, message: `${error.message} (${tries} tries)` };
      return { kind: 'failed', error: counted };
    }
    onRetry(retryWords(error, pauseMs));
    await clock.sleep(pauseMs, signal);
  }
}

/**
 * Flags for Buildah's push, pull and bud that turn off its own retries. They are few and slow, and only follow broken
 * connections; version 1.28 even ignores `--retry`.
 */
export const noOwnRetries: readonly string[] = ['--retry', '1', '--retry-delay', '10ms'];

/** What a retry needs. */
interface RetryContext {
  readonly signal: AbortSignal;
  /** Called with the reason and with the time until the next try. */
  readonly onRetry: (message: string) => void;
  readonly clock: Clock;
}

/**
 * Makes up to three attempts, and returns the outcome of the last one.
 *
 * @param failureOf why an attempt's transfer failed; undefined for any failure that another try would not change.
 */
export async function retryTransfer<T>(
  attempt: () => Promise<Outcome<T>>,
  failureOf: (result: T) => TransferFailure | undefined,
  { signal, onRetry, clock }: RetryContext,
): Promise<Outcome<T>> {
  for (let tries = 0; ; tries += 1) {
    const outcome = await attempt();
    const failure = outcome.kind === 'ok' ? failureOf(outcome.value) : undefined;
    const pauseMs = pausesMs[tries];
    if (failure?.retry !== 'yes' || pauseMs === undefined) return outcome;
    onRetry(retryWords(failure.error, pauseMs));
    await clock.sleep(pauseMs, signal);
    if (signal.aborted) return cancelled(signal);
  }
}
