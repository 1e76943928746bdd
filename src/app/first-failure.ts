/** The outcome of several services as the one that a command ends with. Pure. */
import { ok, type NotOk, type Outcome } from '../core/outcome.ts';

/**
 * Success when all succeeded; else the first failure in the given order, and a cancellation only when nothing failed. A
 * service's own events have said what failed with it, so that the others are not repeated.
 */
export function firstFailure(outcomes: Iterable<Outcome<unknown>>): Outcome<void> {
  let cancelled: NotOk | undefined;
  for (const outcome of outcomes) {
    if (outcome.kind === 'failed') return outcome;
    if (outcome.kind === 'cancelled') cancelled ??= outcome;
  }
  return cancelled ?? ok(undefined);
}
