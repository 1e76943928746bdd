/** Tries the transfer of an image again where another try may help: Buildah 1.28 gives up at the first server error. */
import { cancelled, type Outcome } from '../../../core/outcome.ts';
import type { Clock } from '../../../support/clock.ts';
import type { TransferFailure } from './errors.ts';
import { pausesMs, retryWords } from './tries.ts';

/**
 * Flags for Buildah's push, pull and bud: its own retries are few, slow, and only after broken connections; version 1.28
 * ignores `--retry` itself.
 */
export const noOwnRetries: readonly string[] = ['--retry', '1', '--retry-delay', '10ms'];

/** What trying again needs. */
export interface RetryContext {
  readonly signal: AbortSignal;
  /** Told why, and when the next try begins. */
  readonly onRetry: (message: string) => void;
  readonly clock: Clock;
}

/**
 * Makes the attempt up to three times, and returns what the last one came to.
 *
 * @param failureOf why an attempt's transfer failed; undefined for everything that another try does not change.
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
