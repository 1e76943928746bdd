/** One piece of work for all who ask for it while it goes on. */
import { cancelled, type Outcome } from '../../core/outcome.ts';
import { onAbort } from '../../support/abort.ts';

/**
 * Makes a function that starts the work only if it is not going on already. The work's own signal aborts when everyone
 * who waits for it has given up.
 */
export function shared<T>(
  work: (signal: AbortSignal) => Promise<Outcome<T>>,
): (signal: AbortSignal) => Promise<Outcome<T>> {
  let current:
    { readonly result: Promise<Outcome<T>>; readonly stop: () => void; waiting: number } | undefined;
  return async (signal) => {
    if (signal.aborted) return cancelled(signal);
    if (current === undefined) {
      const controller = new AbortController();
      const result = work(controller.signal).finally(() => {
        if (current?.result === result) current = undefined;
      });
      current = { result, stop: () => controller.abort(), waiting: 0 };
    }
    const mine = current;
    mine.waiting += 1;
    return await new Promise((resolve, reject) => {
      const leave = onAbort(signal, () => {
        mine.waiting -= 1;
        if (mine.waiting > 0) {
          resolve(cancelled(signal));
          return;
        }
        // The last one waits until the work has really stopped. Whoever comes now starts it anew.
        if (current === mine) current = undefined;
        mine.stop();
        void mine.result.then(() => resolve(cancelled(signal)), reject);
      });
      const settle = (result: Outcome<T>): void => resolve(signal.aborted ? cancelled(signal) : result);
      void mine.result.then(settle, reject).finally(leave);
    });
  };
}
