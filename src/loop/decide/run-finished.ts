/** Puts together the event that ends a run, for the loop and for the one-shot commands. Pure. */
import type { AppdevError } from '../../core/errors.ts';
import type { Artifact, EventBody, StageTiming } from '../../core/events.ts';
import type { CancelReason } from '../../core/outcome.ts';

/** Which run ended. */
export interface RunName {
  readonly service: string;
  readonly run: number;
  readonly change: number;
  /** Why it ran. */
  readonly reason: string;
}

/** How the run ended. The value of a success does not matter here. */
export type RunResult =
  | { readonly kind: 'ok' }
  | { readonly kind: 'failed'; readonly error: AppdevError }
  | { readonly kind: 'cancelled'; readonly reason: CancelReason }
  | { readonly kind: 'redirected' };

/** What the run did on the way. */
export interface RunRecord {
  /** Milliseconds of wall time. */
  readonly ms: number;
  readonly stages: readonly StageTiming[];
  /** What the run built, or found built. */
  readonly artifact?: Artifact | undefined;
}

/** Makes the `run.finished` event. A redirected run counts as cancelled, with the reason `redirected`. */
export function runFinished(
  { service, run, change, reason }: RunName,
  result: RunResult,
  { ms, stages, artifact }: RunRecord,
): Extract<EventBody, { type: 'run.finished' }> {
  return {
    type: 'run.finished',
    service,
    run,
    change,
    reason,
    outcome: result.kind === 'redirected' ? 'cancelled' : result.kind,
    ...(result.kind === 'cancelled' ? { cancelReason: result.reason } : {}),
    ...(result.kind === 'redirected' ? { cancelReason: 'redirected' } : {}),
    ...(result.kind === 'failed' ? { error: result.error } : {}),
    ms,
    stages,
    ...(artifact === undefined ? {} : { artifact }),
  };
}
