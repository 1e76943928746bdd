/** Abort signals, and noticing that the machine slept. Knows nothing of clusters. */

/** Whether a signal has aborted by now; a call, because after an `await` it may differ from what was read before. */
export function hasAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

/** A signal of its own that aborts with another one until it is unlinked. */
export interface LinkedAbort {
  readonly signal: AbortSignal;
  readonly abort: () => void;
  /** Lets go of the other signal, which may live as long as the session. */
  readonly unlink: () => void;
}

/** Makes a linked signal. Unlike `AbortSignal.any` it leaves nothing behind on the other signal once unlinked. */
export function linkedAbort(parent: AbortSignal): LinkedAbort {
  const controller = new AbortController();
  const forward = (): void => controller.abort(parent.reason);
  parent.addEventListener('abort', forward, { once: true });
  if (parent.aborted) forward();
  return {
    signal: controller.signal,
    abort: () => controller.abort(),
    unlink: () => parent.removeEventListener('abort', forward),
  };
}

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
