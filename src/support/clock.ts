/** The clock as a value, so that tests can replace it. */
import { onAbort } from './abort.ts';

/** Tells the time and waits. */
export interface Clock {
  /** The wall time in milliseconds since 1970. */
  now(): number;
  /** Waits for `ms` milliseconds. It resolves early, without an error, if the signal aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** The real clock of the machine. */
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
