/** The result of work that may fail or be cancelled: expected failures are values here, exceptions are bugs. */
import { appdevError, type AppdevError, type ErrorCode, type ErrorDetails } from './errors.ts';

/** Why work stopped before its end: a newer save, the user's key, the end of the session, or its deadline. */
export type CancelReason = 'superseded' | 'user' | 'shutdown' | 'deadline';

/** What came of a piece of work. */
export type Outcome<T> =
  | { readonly kind: 'ok'; readonly value: T }
  | { readonly kind: 'failed'; readonly error: AppdevError }
  | { readonly kind: 'cancelled'; readonly reason: CancelReason };

/** An outcome that is not a success, usable wherever any `Outcome<T>` is returned. */
export type NotOk = Exclude<Outcome<never>, { kind: 'ok' }>;

/** A success with its value. */
export function ok<T>(value: T): Outcome<T> {
  return { kind: 'ok', value };
}

/** A failure; the arguments are those of `appdevError`. */
export function failed(code: ErrorCode, message: string, details?: ErrorDetails): NotOk {
  return { kind: 'failed', error: appdevError(code, message, details) };
}

/**
 * A cancellation. The reason is what the signal's owner passed to `abort(reason)` when that is a `CancelReason`;
 * any other abort counts as a shutdown.
 */
export function cancelled(signal: AbortSignal): NotOk {
  const reason: unknown = signal.reason;
  const known = reason === 'superseded' || reason === 'user' || reason === 'deadline' ? reason : 'shutdown';
  return { kind: 'cancelled', reason: known };
}
