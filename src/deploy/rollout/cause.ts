/** What a cause of a failing rollout is. Data only: found by pod-causes.ts and judge.ts, put into words by diagnosis.ts. */

/** What is wrong, in the words of docs/errors.md. */
export type CauseKind =
  | 'image-pull'
  | 'crash'
  | 'oom'
  | 'config'
  | 'unschedulable'
  | 'probe'
  | 'volume'
  | 'sandbox'
  | 'quota'
  | 'evicted'
  | 'paused'
  | 'blocked'
  | 'missing'
  | 'job-failed'
  | 'progress-deadline';

/** One thing that keeps a workload from becoming ready. */
export interface Cause {
  readonly kind: CauseKind;
  /** `Kind/name` of the object that shows it. */
  readonly object: string;
  readonly pod?: string;
  readonly container?: string;
  /** What happened, as a clause that follows the object: `cannot pull orders:1: not found`. */
  readonly message: string;
  /** What to do about it. */
  readonly hint?: string;
  /**
   * When it ends the rollout: after it has lasted for so many milliseconds (0: at once), or only when the deadline
   * comes, because it may still pass.
   */
  readonly endsAfterMs: number | 'deadline';
  /** A cause that waits for the deadline but is worth a warning when it has lasted for so many milliseconds. */
  readonly warnAfterMs?: number;
  /** Which log tells more: that of the container's last run, or of the present one. */
  readonly log?: 'previous' | 'current';
}

/** The same cause at two moments has the same key, although counts in its message may have grown. */
export function causeKey(cause: Cause): string {
  return [cause.kind, cause.object, cause.container ?? ''].join(' ');
}
