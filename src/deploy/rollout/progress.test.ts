import { describe, expect, it } from 'vitest';
import type { Cause } from './causes/cause.ts';
import type { Verdict } from './judge.ts';
import { begun, steadyMs, step, type Decision, type Progress } from './progress.ts';

const pods = { ready: 0, desired: 1, restarts: 0, phase: 'Pending' };
const ready: Verdict = { state: 'ready', waitingFor: '', causes: [], pods, olderReady: 0 };
const pending = (...causes: Cause[]): Verdict => ({
  ...ready,
  state: 'pending',
  waitingFor: 'something',
  causes,
});
const cause = (change: Partial<Cause> = {}): Cause => ({
  kind: 'config',
  object: 'Pod/a',
  message: 'is broken',
  endsAfterMs: 5_000,
  ...change,
});
const deadlineMs = 60_000;

/** Plays looks one after the other and gives the last decision. */
function play(...looks: readonly (readonly [atMs: number, ...verdicts: Verdict[]])[]): Decision {
  let progress: Progress = begun;
  let decision: Decision | undefined;
  for (const [atMs, ...verdicts] of looks)
    ({ progress, decision } = step(progress, verdicts, atMs, deadlineMs));
  if (decision === undefined) throw new Error('no look');
  return decision;
}

describe('step', () => {
  it('is done when every workload is ready, and not before', () => {
    expect(play([0, ready, ready])).toEqual({ kind: 'ready' });
    expect(play([0, ready, pending()])).toMatchObject({ kind: 'wait' });
  });

  it('ends at once, after a while, or only at the deadline, as the cause says', () => {
    expect(play([0, pending(cause({ endsAfterMs: 0 }))])).toMatchObject({ kind: 'failed' });
    expect(play([0, pending(cause())], [4_999, pending(cause())])).toMatchObject({
      kind: 'wait',
      lookAgainInMs: 1,
    });
    expect(play([0, pending(cause())], [5_000, pending(cause())])).toMatchObject({ kind: 'failed' });
    const patient = cause({ endsAfterMs: 'deadline' });
    expect(play([0, pending(patient)], [59_999, pending(patient)])).toMatchObject({ kind: 'wait' });
    expect(play([0, pending(patient)], [60_000, pending(patient)])).toMatchObject({
      kind: 'deadline',
      cause: patient,
    });
  });

  it('counts anew when a cause went away in between, but not when only its words changed', () => {
    const gone = [3_000, pending()] as const;
    expect(play([0, pending(cause())], [...gone], [5_000, pending(cause())])).toMatchObject({
      kind: 'wait',
      lookAgainInMs: 5_000,
    });
    const other = cause({ message: 'is still broken' });
    expect(play([0, pending(cause())], [5_000, pending(other)])).toMatchObject({
      kind: 'failed',
      cause: other,
    });
  });

  it('warns once of what may still pass', () => {
    const late = cause({ endsAfterMs: 'deadline', warnAfterMs: 15_000 });
    expect(play([0, pending(late)])).toMatchObject({ warnings: [], lookAgainInMs: 15_000 });
    expect(play([0, pending(late)], [15_000, pending(late)])).toMatchObject({
      warnings: [late],
      lookAgainInMs: 45_000,
    });
    expect(play([0, pending(late)], [15_000, pending(late)], [20_000, pending(late)])).toMatchObject({
      warnings: [],
    });
  });

  it('names at the deadline the workload that shows a cause, else what was waited for', () => {
    const silent = pending();
    const telling = pending(cause({ endsAfterMs: 'deadline' }));
    expect(play([60_000, silent, telling])).toMatchObject({ kind: 'deadline', verdict: telling });
    expect(play([60_000, ready, silent])).toEqual({ kind: 'deadline', verdict: silent });
  });

  it('has a workload without probes stay up, without a break', () => {
    const bare: Verdict = { ...ready, unprobedSince: '2026-01-01T00:00:00Z' };
    expect(play([0, bare])).toMatchObject({ kind: 'wait', lookAgainInMs: steadyMs });
    expect(play([0, bare], [steadyMs, bare])).toEqual({ kind: 'ready' });
    expect(play([0, bare], [1_000, pending()], [steadyMs, bare])).toMatchObject({ kind: 'wait' });
    // At the deadline, up is up.
    expect(play([deadlineMs, bare])).toEqual({ kind: 'ready' });
  });
});
