/**
 * Time in the judgement of a rollout: a cause ends it after it has lasted long enough, a warning is given once, and the
 * deadline ends everything else. Pure: the caller passes time in as milliseconds since the wait began.
 */
import { causeKey, type Cause } from './causes/cause.ts';
import type { Verdict } from './judge.ts';

/** What was seen so far. Opaque: pass on what `step` returns. */
export interface Progress {
  /** When each present cause was first seen, by key. */
  readonly since: ReadonlyMap<string, number>;
  /** Causes that a warning was given for. */
  readonly warned: ReadonlySet<string>;
  /** Since when each workload has been ready without a break, by its position in the list. */
  readonly readySince: ReadonlyMap<number, number>;
}

/**
 * How long a workload without readiness probes must stay up, in milliseconds. A Spring application that cannot start
 * gives up after one to three seconds, and until then Kubernetes calls it ready.
 */
export const steadyMs = 3_000;

/** What to do after a look. */
export type Decision =
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly cause: Cause; readonly verdict: Verdict }
  /** The deadline has come. Without a cause, the verdict says what the rollout was waiting for. */
  | { readonly kind: 'deadline'; readonly cause?: Cause; readonly verdict: Verdict }
  | { readonly kind: 'wait'; readonly warnings: readonly Cause[]; readonly lookAgainInMs: number };

/** Nothing seen yet. */
export const begun: Progress = { since: new Map(), warned: new Set(), readySince: new Map() };

/** Takes the verdicts on all workloads of a service at one moment, and decides whether to wait, warn or end. */
export function step(
  progress: Progress,
  verdicts: readonly Verdict[],
  nowMs: number,
  deadlineMs: number,
): { readonly progress: Progress; readonly decision: Decision } {
  const open = verdicts.filter((verdict) => verdict.state === 'pending');
  const since = new Map<string, number>();
  const warned = new Set<string>();
  const warnings: Cause[] = [];
  let wake = deadlineMs;
  let ended: { cause: Cause; verdict: Verdict } | undefined;
  for (const verdict of open) {
    for (const cause of verdict.causes) {
      const key = causeKey(cause);
      const first = progress.since.get(key) ?? nowMs;
      since.set(key, first);
      if (progress.warned.has(key)) warned.add(key);
      if (cause.endsAfterMs !== 'deadline') {
        const end = first + cause.endsAfterMs;
        if (end <= nowMs) ended ??= { cause, verdict };
        else wake = Math.min(wake, end);
      }
      if (cause.warnAfterMs !== undefined && !warned.has(key)) {
        const warn = first + cause.warnAfterMs;
        if (warn <= nowMs) {
          warned.add(key);
          warnings.push(cause);
        } else wake = Math.min(wake, warn);
      }
    }
  }
  const readySince = new Map<number, number>();
  let steady = true;
  for (const [index, { state, unprobedSince }] of verdicts.entries()) {
    if (state !== 'ready' || unprobedSince === undefined) continue;
    const first = progress.readySince.get(index) ?? nowMs;
    readySince.set(index, first);
    if (first + steadyMs <= nowMs) continue;
    steady = false;
    wake = Math.min(wake, first + steadyMs);
  }
  const next = { since, warned, readySince };
  const [worst] = open;
  if (worst === undefined && (steady || nowMs >= deadlineMs))
    return { progress: next, decision: { kind: 'ready' } };
  if (ended !== undefined) return { progress: next, decision: { kind: 'failed', ...ended } };
  if (worst !== undefined && nowMs >= deadlineMs) {
    const verdict = open.find(({ causes }) => causes.length > 0) ?? worst;
    const [cause] = verdict.causes;
    return {
      progress: next,
      decision: { kind: 'deadline', verdict, ...(cause === undefined ? {} : { cause }) },
    };
  }
  return { progress: next, decision: { kind: 'wait', warnings, lookAgainInMs: Math.max(1, wake - nowMs) } };
}
