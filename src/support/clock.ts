/** Clocks as values, so that tests can replace them: one for the time of day, one for how long something takes. */
import { onAbort } from './abort.ts';

/** Tells the time of day and waits. */
export interface Clock {
  /** The wall time in milliseconds since 1970. */
  now(): number;
  /** Waits for `ms` milliseconds. It resolves early, without an error, if the signal aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** Measures how long something takes, whatever is done to the machine's time of day. */
export interface MonotonicClock {
  /** Milliseconds since some fixed moment. Never goes back. */
  now(): number;
  /** Calls back once after `ms` milliseconds. The returned function prevents it. */
  after(ms: number, callback: () => void): () => void;
}

/** The machine's time of day. */
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

/** The machine's monotonic clock. */
export const monotonicClock: MonotonicClock = {
  now: () => performance.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};
