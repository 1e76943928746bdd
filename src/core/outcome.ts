/** The result of work that can fail or be cancelled. Expected failures are values; exceptions are bugs. */
import { appdevError, type AppdevError, type ErrorCode, type ErrorDetails } from './errors.ts';

/** Why work stopped before its end: a newer save, the user's key, the end of the session, or its deadline. */
export type CancelReason = 'superseded' | 'user' | 'shutdown' | 'deadline';

/** The result of a piece of work: a value, an error, or the reason for its cancellation. */
export type Outcome<T> =
  | { readonly kind: 'ok'; readonly value: T }
  | { readonly kind: 'failed'; readonly error: AppdevError }
  | { readonly kind: 'cancelled'; readonly reason: CancelReason };

/** A failure or a cancellation. It can be returned as an `Outcome<T>` of any type. */
export type NotOk = Exclude<Outcome<never>, { kind: 'ok' }>;

/** Makes a success with its value. */
export function ok<T>(value: T): Outcome<T> {
  return { kind: 'ok', value };
}

/** Makes a failure. The arguments are those of `appdevError`. */
export function failed(code: ErrorCode, message: string, details?: ErrorDetails): NotOk {
  return { kind: 'failed', error: appdevError(code, message, details) };
}

/**
 * Makes a cancellation. Its reason is the one passed to `abort(reason)`, if that is a `CancelReason`. Any other abort
 * counts as a shutdown.
 */
export function cancelled(signal: AbortSignal): NotOk {
  const reason: unknown = signal.reason;
  const known = reason === 'superseded' || reason === 'user' || reason === 'deadline' ? reason : 'shutdown';
  return { kind: 'cancelled', reason: known };
}
