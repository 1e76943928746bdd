/**
 * The reducer's part from a running run to its end: stages, the gate before the apply, cancelling, and what the end of a
 * run makes of its service. A message about a run that is not the service's live one is stale and changes nothing.
 */
import type { Stage } from '../../core/events.ts';
import type { CancelReason } from '../../core/outcome.ts';
import { inSharedBuild, mayCancel } from './plan.ts';
import { mergePaths, reasonOf, touch } from './changes.ts';
import { runFinished } from './run-finished.ts';
import { emit, set, update, without, withoutPending, type Step } from './step.ts';
import type { Message, RunFinished } from './messages.ts';
import { liveRun, type Last, type Pending, type Run, type ServiceState } from './state.ts';

/** Whether a stage comes after the build: from here on what is in the cluster may be the run's. */
const touchesCluster: ReadonlySet<Stage> = new Set(['apply', 'rollout', 'sync', 'restart', 'verify']);

/** Changes the live run of a service; nothing where `run` is not it. */
export function updateRun(step: Step, service: string, run: number, change: (run: Run) => Run): void {
  const state = step.state.services.get(service);
  if (state === undefined || liveRun(state)?.id !== run) return;
  update(step, service, (old) =>
    old.activity.kind === 'idle'
      ? old
      : { ...old, activity: { ...old.activity, run: change(old.activity.run) } },
  );
}

/** A service's image is there: for this run, and for others whose manifests name it. */
export function imageMade(step: Step, message: Extract<Message, { kind: 'image-made' }>): void {
  const { service, run, image } = message;
  const state = step.state.services.get(service);
  if (state === undefined || liveRun(state)?.id !== run) return;
  updateRun(step, service, run, (live) => ({ ...live, imageMade: true }));
  update(step, service, (old) => ({ ...old, image }));
}

/**
 * Cancels a run. In the shared part of a build that ends it for its whole batch: the mates did nothing wrong, so they are
 * superseded and dirty again. A run that must not be cut now is cancelled when it leaves its stage.
 */
function cancel(step: Step, service: ServiceState, reason: CancelReason): void {
  if (service.activity.kind !== 'running') return;
  const { run } = service.activity;
  begin(step, service, reason);
  if (!inSharedBuild(run)) return;
  for (const mate of step.state.services.values()) {
    const { activity } = mate;
    if (activity.kind !== 'running' || activity.run.batch !== run.batch || !inSharedBuild(activity.run))
      continue;
    begin(step, mate, activity.run.cancelAsked ? 'user' : reason === 'shutdown' ? 'shutdown' : 'superseded');
  }
}

/** Cancels what runs out of date, was asked to stop, or has to end with the session. */
export function cancelOutdated(step: Step): void {
  for (const { spec } of step.state.services.values()) {
    // Read anew each time: cancelling one service may have cancelled its mates.
    const service = step.state.services.get(spec.name);
    if (service?.activity.kind !== 'running' || !mayCancel(service.activity.run)) continue;
    const reason = reasonToCancel(step, service, service.activity.run);
    if (reason !== undefined) cancel(step, service, reason);
  }
}

/** Takes in the end of a run. */
export function finished(step: Step, message: RunFinished): void {
  const service = step.state.services.get(message.service);
  const run = service === undefined ? undefined : liveRun(service);
  if (service === undefined || run?.id !== message.run) return;
  const { activity } = service;
  // Why the loop cancelled it says more than what the work made of the signal.
  const result =
    message.result.kind === 'cancelled' && activity.kind === 'cancelling'
      ? { kind: 'cancelled' as const, reason: activity.reason }
      : message.result;
  announce(step, { ...message, result }, run);
  if (service.removed) {
    const services = new Map(step.state.services);
    services.delete(message.service);
    set(step, { services });
    return;
  }
  const { artifact } = message;
  const { build, tests } = run.fingerprint;
  const built =
    message.artifactLost === true ? undefined : artifact === undefined ? service.built : { build, tests };
  update(step, message.service, (old) => ({
    ...without(old, 'built'),
    activity: { kind: 'idle' },
    ...(built === undefined ? {} : { built }),
  }));
  // Also a failed run stands for them: it is not tried again before one of them changes.
  if (result.kind !== 'cancelled') update(step, message.service, (old) => ({ ...old, uses: run.uses }));
  switch (result.kind) {
    case 'ok':
      settle(step, message.service, { kind: 'ok', change: run.change, fingerprint: run.fingerprint });
      update(step, message.service, (old) => ({ ...old, deployed: true }));
      break;
    case 'failed': {
      const { change, fingerprint, paths, batch } = run;
      settle(step, message.service, {
        kind: 'failed',
        change,
        fingerprint,
        paths,
        batch,
        code: result.error.code,
      });
      break;
    }
    case 'cancelled':
      interrupted(step, service, run, result.reason);
      break;
  }
}

function settle(step: Step, name: string, last: Last): void {
  update(step, name, (service) => ({ ...service, last }));
}

/** Nobody is credited with a cancelled run's change: it is pending again, or part of the newer one that is. */
function interrupted(step: Step, service: ServiceState, run: Run, reason: CancelReason): void {
  const { name } = service.spec;
  if (run.stage !== undefined && touchesCluster.has(run.stage)) settle(step, name, { kind: 'interrupted' });
  const stopped = reason !== 'superseded';
  const { pending } = service;
  const next: Pending =
    pending === undefined
      ? {
          change: run.change,
          fingerprint: run.fingerprint,
          paths: run.paths,
          reason: run.reason,
          asked: run.force && !stopped,
          waits: stopped,
        }
      : withPathsOf(pending, run);
  update(step, name, (old) => ({ ...withoutPending(old), pending: next }));
  // It ended by itself: the disk moved under it, and this message is the first to say so.
  if (!stopped && service.activity.kind === 'running') touch(step, [name]);
}

function withPathsOf(pending: Pending, run: Run): Pending {
  const paths = mergePaths(pending.paths, run.paths);
  return {
    ...pending,
    paths,
    reason: pending.asked || paths.length === 0 ? pending.reason : reasonOf(paths),
  };
}

function begin(step: Step, service: ServiceState, reason: CancelReason): void {
  if (service.activity.kind !== 'running') return;
  const { run } = service.activity;
  update(step, service.spec.name, (old) => ({ ...old, activity: { kind: 'cancelling', run, reason } }));
  step.effects.push({ kind: 'cancel-run', run: run.id, reason });
}

function reasonToCancel(step: Step, service: ServiceState, run: Run): CancelReason | undefined {
  const { phase, paused } = step.state;
  if (phase !== 'running') return 'shutdown';
  if (run.cancelAsked) return 'user';
  if (service.removed) return 'superseded';
  const { pending } = service;
  // What could not start now is no reason to throw away what is nearly there.
  const wantsToStart = pending !== undefined && !pending.waits && (!paused || pending.asked);
  return wantsToStart ? 'superseded' : undefined;
}

function announce(step: Step, message: RunFinished, run: Run): void {
  const { service, result, ms, stages, artifact } = message;
  const name = { service, run: run.id, change: run.change, reason: run.reason };
  emit(step, runFinished(name, result, { ms, stages, artifact }));
}
