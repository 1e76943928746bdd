/**
 * Waits for abort signals, and derives signals from others: one that can also be aborted by itself, and one with a time
 * limit.
 */
import type { CancelReason } from '../core/outcome.ts';

/**
 * True if a signal has aborted. It is a function because the value may change during an `await`, which TypeScript
 * ignores.
 */
export function hasAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

/** The callbacks that wait for one signal. */
class Waiting {
  readonly callbacks = new Set<() => void>();

  handleEvent(): void {
    for (const callback of this.callbacks) callback();
  }
}

const waitingFor = new WeakMap<AbortSignal, Waiting>();

/**
 * Calls back once when the signal aborts, or at once if it already has. The returned function removes the callback. Each
 * signal gets only one listener, however many services, pods and requests wait for it, because Node prints a warning
 * about a leak if there are more than ten.
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
    // Node keeps a combined signal in memory while it has a listener.
    if (waiting.callbacks.size === 0) signal.removeEventListener('abort', waiting);
  };
}

/** A signal that aborts when its parent does, until it is unlinked. */
export interface LinkedAbort {
  readonly signal: AbortSignal;
  readonly abort: () => void;
  /** Stops listening to the parent, which may live as long as the session. */
  readonly unlink: () => void;
}

/**
 * Makes a signal that aborts with its parent, and also by its own `abort`, which passes on `reason`. Unlike
 * `AbortSignal.any`, it leaves nothing behind on the parent after `unlink`.
 */
export function linkedAbort(parent: AbortSignal, reason?: CancelReason): LinkedAbort {
  const controller = new AbortController();
  return {
    signal: controller.signal,
    abort: () => controller.abort(reason),
    unlink: onAbort(parent, () => controller.abort(parent.reason)),
  };
}

/** A linked signal that also aborts after some time. */
export interface LimitedAbort extends LinkedAbort {
  /** True if it aborted because the time ran out, and not because the parent aborted. */
  readonly expired: () => boolean;
  /** Stops the time. */
  readonly pause: () => void;
  /** Lets the whole time run again. */
  readonly restart: () => void;
}

/**
 * Makes a linked signal that aborts after `ms` milliseconds with the reason `deadline`. `unlink` also stops the timer.
 * Use it instead of `AbortSignal.any([signal, AbortSignal.timeout(ms)])`: on Node 20 the timeout can be collected as
 * garbage, and then the combined signal never aborts.
 */
export function limitedAbort(parent: AbortSignal, ms: number): LimitedAbort {
  const link = linkedAbort(parent, 'deadline');
  let expired = false;
  let timer: NodeJS.Timeout | undefined;
  const pause = (): void => clearTimeout(timer);
  const restart = (): void => {
    pause();
    timer = setTimeout(() => {
      expired = !link.signal.aborted;
      link.abort();
    }, ms);
  };
  restart();
  return {
    ...link,
    unlink: () => {
      pause();
      link.unlink();
    },
    expired: () => expired,
    pause,
    restart,
  };
}
