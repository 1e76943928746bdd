/** Waiting for abort signals, and signals that end before the one they come from: linked ones, and ones with a time limit. */
import type { CancelReason } from '../core/outcome.ts';

/** Whether a signal has aborted by now; a call, because after an `await` it may differ from what was read before. */
export function hasAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

/** Those that wait for one signal. */
class Waiting {
  readonly callbacks = new Set<() => void>();

  handleEvent(): void {
    for (const callback of this.callbacks) callback();
  }
}

const waitingFor = new WeakMap<AbortSignal, Waiting>();

/**
 * Calls back once, when the signal aborts, or now where it has. The returned function takes the callback off again.
 * Each signal gets one listener, however many services, pods and requests wait for it: from the eleventh on Node would
 * take them for a leak and say so on the terminal.
 */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  if (signal.aborted) {
    callback();
    return () => undefined;
  }
  const waiting = waitingFor.get(signal) ?? new Waiting();
  if (waiting.callbacks.size === 0) {
    waitingFor.set(signal, waiting);
    signal.addEventListener('abort', waiting, { once: true });
  }
  waiting.callbacks.add(callback);
  return () => {
    waiting.callbacks.delete(callback);
    // Node keeps a combined signal in memory for as long as somebody listens to it.
    if (waiting.callbacks.size === 0) signal.removeEventListener('abort', waiting);
  };
}

/** A signal of its own that aborts with another one until it is unlinked. */
export interface LinkedAbort {
  readonly signal: AbortSignal;
  readonly abort: () => void;
  /** Lets go of the other signal, which may live as long as the session. */
  readonly unlink: () => void;
}

/**
 * Makes a linked signal; `reason` is that of its own `abort`. Unlike `AbortSignal.any` it leaves nothing behind on the
 * other signal once unlinked.
 */
export function linkedAbort(parent: AbortSignal, reason?: CancelReason): LinkedAbort {
  const controller = new AbortController();
  return {
    signal: controller.signal,
    abort: () => controller.abort(reason),
    unlink: onAbort(parent, () => controller.abort(parent.reason)),
  };
}

/** A linked signal that also aborts by itself. */
export interface LimitedAbort extends LinkedAbort {
  /** Whether the time ran out, as opposed to an abort of the other signal. */
  readonly expired: () => boolean;
}

/**
 * Makes a linked signal that aborts after some milliseconds with the reason `deadline`; `unlink` also stops the clock.
 * To be used instead of `AbortSignal.any([signal, AbortSignal.timeout(ms)])`: on Node 20 nothing but that call holds
 * the timeout, so that it is collected as garbage and the combined signal never aborts.
 */
export function limitedAbort(parent: AbortSignal, ms: number): LimitedAbort {
  const link = linkedAbort(parent, 'deadline');
  let expired = false;
  const timer = setTimeout(() => {
    expired = !link.signal.aborted;
    link.abort();
  }, ms);
  return {
    ...link,
    unlink: () => {
      clearTimeout(timer);
      link.unlink();
    },
    expired: () => expired,
  };
}
