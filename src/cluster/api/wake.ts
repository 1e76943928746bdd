/** Notices that the machine slept, by the wall clock's gap. Knows nothing of clusters. */

const wakeTickMs = 10_000;
const sleptMs = 30_000;
const sleepers = new Set<() => void>();
let ticker: NodeJS.Timeout | undefined;

/**
 * Calls back after the machine slept (the wall clock ran on while no timer fired): connections that were open before
 * may be dead without knowing it. Returns how to stop. One timer serves all, and it does not keep the process alive.
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
