/**
 * What must not be half done is not cancelled: a newer save comes right after it, and at the end of a session a release
 * that was cut short would be left for the next one to repair. Only a deadline stops it. Who will not wait kills it.
 */
import { onAbort } from '../../support/abort.ts';

/** Runs work with a signal that fires for `deadline` only, whatever else the given one fires for. */
export async function untilDeadline<T>(
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const stopWaiting = onAbort(signal, () => {
    if (signal.reason === 'deadline') controller.abort('deadline');
  });
  try {
    return await work(controller.signal);
  } finally {
    stopWaiting();
  }
}
