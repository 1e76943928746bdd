/** Abort signals that end before the signal they come from: linked ones, and ones with a time limit. */
import type { CancelReason } from '../outcome.ts';

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

/**
 * Makes a linked signal; `reason` is that of its own `abort`. Unlike `AbortSignal.any` it leaves nothing behind on the
 * other signal once unlinked.
 */
export function linkedAbort(parent: AbortSignal, reason?: CancelReason): LinkedAbort {
  const controller = new AbortController();
  const forward = (): void => controller.abort(parent.reason);
  parent.addEventListener('abort', forward, { once: true });
  if (parent.aborted) forward();
  return {
    signal: controller.signal,
    abort: () => controller.abort(reason),
    unlink: () => parent.removeEventListener('abort', forward),
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
