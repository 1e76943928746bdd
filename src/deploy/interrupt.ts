/**
 * Applying is not cancelled for a newer save: a half-applied version helps nobody, and the newer one comes right after.
 * Only the end of the session, or of its time, stops it.
 */

/**
 * Runs work with a signal that fires for `shutdown` and `deadline` only, whatever else the given one fires for.
 * An abort without a known reason counts as a shutdown, as everywhere.
 */
export async function untilShutdown<T>(
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const pass = (): void => {
    const reason: unknown = signal.reason;
    if (reason !== 'superseded' && reason !== 'user') controller.abort(reason);
  };
  if (signal.aborted) pass();
  signal.addEventListener('abort', pass, { once: true });
  try {
    return await work(controller.signal);
  } finally {
    signal.removeEventListener('abort', pass);
  }
}
