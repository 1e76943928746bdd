/** Tries the transfer of an image again if that may help, because Buildah 1.28 gives up at the first server error. */
import { cancelled, type Outcome } from '../../../core/outcome.ts';
import type { Clock } from '../../../support/clock.ts';
import type { TransferFailure } from './errors.ts';
import { pausesMs, retryWords } from './tries.ts';

/**
 * Flags for Buildah's push, pull and bud that turn off its own retries. They are few and slow, and only follow broken
 * connections; version 1.28 even ignores `--retry`.
 */
export const noOwnRetries: readonly string[] = ['--retry', '1', '--retry-delay', '10ms'];

/** What a retry needs. */
export interface RetryContext {
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
