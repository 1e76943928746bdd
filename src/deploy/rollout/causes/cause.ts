/**
 * What a cause of a failing rollout is. Data only: pod-causes.ts and judge.ts find causes, diagnosis.ts puts them into
 * words.
 */

/** What is wrong, by the names in docs/errors.md. */
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
   * When the cause ends the rollout: after it has lasted this many milliseconds (0: at once), or only at the deadline
   * because it may still pass.
   */
  readonly endsAfterMs: number | 'deadline';
  /** For a cause that waits for the deadline: warn after it has lasted this many milliseconds. */
  readonly warnAfterMs?: number;
  /** Which log tells more: the one of the container's last run, or of the present one. */
  readonly log?: 'previous' | 'current';
}

/** Key of a cause. The same cause has the same key at two moments, even if the counts in its message have grown. */
export function causeKey(cause: Cause): string {
  return [cause.kind, cause.object, cause.container ?? ''].join(' ');
}

/**
 * How long a fault may last, in milliseconds, if the arrival of another object would fix it. Examples: a Secret that a
 * controller writes, or a service account that is created at the same moment.
 */
export const settleMs = 5_000;
