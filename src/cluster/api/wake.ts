/** Notices that the machine slept, by a gap in the wall clock. Knows nothing about clusters. */

const wakeTickMs = 10_000;
const sleptMs = 30_000;
const sleepers = new Set<() => void>();
let ticker: NodeJS.Timeout | undefined;

/**
 * Calls back after the machine slept (the wall clock moved on while no timer fired), because connections that were open
 * before may be dead without knowing it. Returns a function that stops this. One timer serves all callers, and it does
 * not keep the process alive.
 */
export function onWake(woke: () => void): () => void {
  sleepers.add(woke);
  if (ticker === undefined) {
    let last = Date.now();
    ticker = setInterval(() => {
      const gap = Date.now() - last;
      last = Date.now();
      if (gap > wakeTickMs + sleptMs) for (const sleeper of [...sleepers]) sleeper();
    }, wakeTickMs);
    ticker.unref();
  }
  return () => {
    sleepers.delete(woke);
    if (sleepers.size > 0) return;
    clearInterval(ticker);
    ticker = undefined;
  };
}
