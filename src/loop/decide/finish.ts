/**
 * How the reducer takes a running run to its end: stages, the gate before the apply, cancelling, and what the end
 * means for the service. A message about a run that is not the service's live one is stale and changes nothing.
 */
import type { CancelReason } from '../../core/outcome.ts';
import type { Route } from '../../core/routes.ts';
import { inSharedBuild, mayCancel, touchesCluster } from './run-stage.ts';
import { mergeKinds, mergePaths, reasonOf, touch } from './changes.ts';
import { runFinished } from './run-finished.ts';
import { emit, set, update, withoutPending, type Draft } from './draft.ts';
import type { Message, RunFinished } from './messages.ts';
import { liveRun, type Last, type Pending, type Run, type Running, type ServiceState } from './state.ts';

/** Changes the live run of a service. Does nothing if `run` is not the number of that run. */
export function updateRun(draft: Draft, service: string, run: number, change: (run: Run) => Run): void {
  const state = draft.state.services.get(service);
  if (state === undefined || liveRun(state)?.id !== run) return;
  update(draft, service, (old) =>
    old.activity.kind === 'idle'
      ? old
      : { ...old, activity: { ...old.activity, run: change(old.activity.run) } },
  );
}

/** Remembers that a service's image is there, for this run and for other services whose manifests name it. */
export function imageMade(draft: Draft, message: Extract<Message, { kind: 'image-made' }>): void {
  const { service, run, image } = message;
  const state = draft.state.services.get(service);
  if (state === undefined || liveRun(state)?.id !== run) return;
  const { build, tests } = (liveRun(state) as Run).fingerprint;
  updateRun(draft, service, run, (live) => ({ ...live, imageMade: true }));
  update(draft, service, (old) => ({ ...old, made: { image, build, tests } }));
}

/**
 * Cancels a run. If the run is in the shared part of a build, its whole batch ends. The mates did nothing wrong, so
 * they are superseded and dirty again. A run that must not be cut now is cancelled when it leaves its stage.
 */
function cancel(draft: Draft, service: ServiceState, reason: CancelReason): void {
  if (service.activity.kind !== 'running') return;
  const { run } = service.activity;
  begin(draft, service, reason);
  if (!inSharedBuild(run)) return;
  for (const mate of draft.state.services.values()) {
    const { activity } = mate;
    if (activity.kind !== 'running' || activity.run.batch !== run.batch || !inSharedBuild(activity.run))
      continue;
    begin(draft, mate, activity.run.cancelAsked ? 'user' : reason === 'shutdown' ? 'shutdown' : 'superseded');
  }
}

/** Cancels runs that are out of date, that the user stopped, or that have to end with the session. */
export function cancelOutdated(draft: Draft): void {
  for (const { spec } of draft.state.services.values()) {
    // Read again each time, because cancelling one service may have cancelled its mates.
    const service = draft.state.services.get(spec.name);
    if (service?.activity.kind !== 'running' || !mayCancel(service.activity.run)) continue;
    const reason = reasonToCancel(draft, service, service.activity.run);
    if (reason !== undefined) cancel(draft, service, reason);
  }
}

/** Takes in the end of a run. */
export function finished(draft: Draft, message: RunFinished): void {
  const service = draft.state.services.get(message.service);
  const run = service === undefined ? undefined : liveRun(service);
  if (service === undefined || run?.id !== message.run) return;
  const { activity } = service;
  // The loop knows why it cancelled the run. The work has only seen a signal.
  const result =
    activity.kind === 'cancelling' && message.result.kind !== 'ok' && message.result.kind !== 'failed'
      ? { kind: 'cancelled' as const, reason: activity.reason }
      : message.result;
  announce(draft, { ...message, result }, run);
  if (service.removed) {
    const services = new Map(draft.state.services);
    services.delete(message.service);
    set(draft, { services });
    return;
  }
  update(draft, message.service, (old) => ({
    ...old,
    activity: { kind: 'idle' },
    running: runningAfter(old, run, { ...message, result }),
  }));
  switch (result.kind) {
    case 'ok':
      settle(draft, message.service, { kind: 'ok', change: run.change, fingerprint: run.fingerprint });
      break;
    case 'failed': {
      const { change, fingerprint, paths, kinds, batch } = run;
      const { code } = result.error;
      settle(draft, message.service, { kind: 'failed', change, fingerprint, paths, kinds, batch, code });
      break;
    }
    case 'cancelled':
      interrupted(draft, service, run, result.reason);
      break;
    case 'redirected':
      interrupted(draft, service, run, 'superseded', result);
      break;
  }
}

/** What the pods run after a run, as far as its end shows. */
function runningAfter(
  { running, made }: ServiceState,
  run: Run,
  { result, manifests }: RunFinished,
): Running {
  const hasEnded = result.kind === 'ok' || result.kind === 'failed';
  const known =
    manifests === undefined
      ? { image: running.image, manifests: running.manifests }
      : { image: made?.image, manifests };
  const isKnown = manifests !== undefined || !touchesCluster(run);
  return {
    // A failed run counts, too: it is not tried again until one of these images changes.
    uses: hasEnded ? run.uses : running.uses,
    wasReady: running.wasReady || result.kind === 'ok',
    ...(isKnown && known.image !== undefined ? { image: known.image } : {}),
    ...(isKnown && known.manifests !== undefined ? { manifests: known.manifests } : {}),
  };
}

function settle(draft: Draft, name: string, last: Last): void {
  update(draft, name, (service) => ({ ...service, last }));
}

/** Makes the change of a cancelled run pending again. If a newer change is pending, it becomes part of that one. */
function interrupted(
  draft: Draft,
  service: ServiceState,
  run: Run,
  reason: CancelReason,
  redirect?: { readonly to: Route; readonly because: string },
): void {
  const { name } = service.spec;
  if (touchesCluster(run)) settle(draft, name, { kind: 'interrupted' });
  const stopped = reason !== 'superseded';
  const { pending } = service;
  const next: Pending =
    pending === undefined
      ? {
          change: run.change,
          fingerprint: run.fingerprint,
          paths: run.paths,
          kinds: run.kinds,
          reason: run.reason,
          asked: run.force && !stopped,
          waits: stopped,
        }
      : withPathsOf(pending, run);
  const handedOn = redirect === undefined ? {} : { handedOn: { to: redirect.to, because: redirect.because } };
  update(draft, name, (old) => ({ ...withoutPending(old), pending: { ...next, ...handedOn } }));
  // The run ended by itself because files changed while it worked. No other message has said so yet.
  if (!stopped && service.activity.kind === 'running') touch(draft, [name]);
}

function withPathsOf(pending: Pending, run: Run): Pending {
  const paths = mergePaths(pending.paths, run.paths);
  return {
    ...pending,
    paths,
    kinds: mergeKinds(pending.kinds, run.kinds),
    reason: pending.asked || paths.length === 0 ? pending.reason : reasonOf(paths),
  };
}

function begin(draft: Draft, service: ServiceState, reason: CancelReason): void {
  if (service.activity.kind !== 'running') return;
  const { run } = service.activity;
  update(draft, service.spec.name, (old) => ({ ...old, activity: { kind: 'cancelling', run, reason } }));
  draft.effects.push({ kind: 'cancel-run', run: run.id, reason });
}

function reasonToCancel(draft: Draft, service: ServiceState, run: Run): CancelReason | undefined {
  const { phase, paused } = draft.state;
  if (phase !== 'running') return 'shutdown';
  if (run.cancelAsked) return 'user';
  if (service.removed) return 'superseded';
  const { pending } = service;
  // A change that cannot start now must not cancel a run that is nearly done.
  const wantsToStart = pending !== undefined && !pending.waits && (!paused || pending.asked);
  return wantsToStart ? 'superseded' : undefined;
}

function announce(draft: Draft, message: RunFinished, run: Run): void {
  const { service, result, ms, stages, artifact } = message;
  const name = { service, run: run.id, change: run.change, reason: run.reason };
  emit(draft, runFinished(name, result, { ms, stages, artifact }));
}
