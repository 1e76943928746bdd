/** Combines the outcomes of several services into the outcome of the command. Pure. */
import { ok, type NotOk, type Outcome } from '../core/outcome.ts';

/**
 * The first failure in the given order; or else a cancellation, if there is one; or else success. The other failures are
 * not repeated, because the events of their services have already shown them.
 */
export function firstFailure(outcomes: Iterable<Outcome<unknown>>): Outcome<void> {
  let cancelled: NotOk | undefined;
  for (const outcome of outcomes) {
    if (outcome.kind === 'failed') return outcome;
    if (outcome.kind === 'cancelled') cancelled ??= outcome;
  }
  return cancelled ?? ok(undefined);
}
