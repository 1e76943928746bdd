/** Abort signals that outlive what they are handed to. */

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
