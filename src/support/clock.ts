/** Time, as a value that tests replace. */
import { onAbort } from './abort.ts';

/** Where a part of appdev gets the time from. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Waits; resolves early, without an error, when the signal aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  async sleep(ms, signal) {
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        stopWaiting();
        resolve();
      };
      const timer = setTimeout(done, ms);
      const stopWaiting = onAbort(signal, done);
    });
  },
};
