/**
 * Work that must not stop halfway is not cancelled. A newer save simply follows it, and at the end of a session a
 * release cut short would leave a repair for the next one. Only a deadline stops such work. A user who does not want to
 * wait can kill it.
 */
import { onAbort } from '../../support/abort.ts';

/** Runs work with a signal that fires only for `deadline`, whatever else the given signal fires for. */
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
