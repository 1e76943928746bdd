/**
 * The one place where the loop decides. `reduce(state, message)` gives the next state, and the effects that the
 * driver performs. Pure: no IO, no clock, no randomness. Time comes in as messages. It never throws, whatever the
 * order of messages.
 */
import type { AppdevError } from '../../core/errors.ts';
import { ask, gather, look, lookAgain, rescanned, touch } from './changes.ts';
import { cancelOutdated, finished, imageMade, updateRun } from './finish.ts';
import type { Effect, Message } from './messages.ts';
import { openGates, startPlanned } from './start.ts';
import { emit, set, update, without, withoutPending, type Draft } from './draft.ts';
import { liveRun, newService, type LoopState, type ServiceSpec, type ServiceState } from './state.ts';
import { renewUsers } from './uses.ts';

/** Milliseconds between two looks that no event asked for. They find what events missed. */
const walkMs = 60_000;
/** Milliseconds between two looks at what git is doing. */
const gitMs = 50;

/** The next state, and what the driver has to do. */
export interface Reduction {
  readonly state: LoopState;
  readonly effects: readonly Effect[];
}

/** Takes in one message. After the session has stopped, nothing changes any more. */
export function reduce(state: LoopState, message: Message): Reduction {
  if (state.phase === 'stopped') return { state, effects: [] };
  const draft: Draft = { state, effects: [] };
  receive(draft, message);
  renewUsers(draft);
  cancelOutdated(draft);
  openGates(draft);
  startPlanned(draft);
  stopWhenDone(draft);
  return draft;
}

function receive(draft: Draft, message: Message): void {
  const stopping = draft.state.phase === 'stopping';
  switch (message.kind) {
    case 'started':
      draft.effects.push({ kind: 'arm-timer', timer: 'walk', ms: walkMs });
      touch(draft, 'all');
      look(draft);
      break;
    case 'files-changed':
      if (!stopping) gather(draft, message);
      break;
    case 'look-due':
      if (!stopping) lookSoon(draft);
      break;
    case 'timer-fired':
      timerFired(draft, message.timer);
      break;
    case 'git-busy':
      // The first name stays, because a rebase takes and drops its lock many times.
      set(draft, { git: draft.state.git ?? message.operation, looking: [] });
      touch(draft, 'all');
      if (!stopping) draft.effects.push({ kind: 'arm-timer', timer: 'git', ms: gitMs });
      break;
    case 'git-free':
      draft.state = without(draft.state, 'git');
      break;
    case 'rescanned':
      rescanned(draft, message.results);
      break;
    case 'stage-reached':
      updateRun(draft, message.service, message.run, (run) => ({
        ...run,
        stage: message.stage,
        atGate: false,
      }));
      break;
    case 'gate-reached':
      updateRun(draft, message.service, message.run, (run) => ({ ...run, atGate: true, uses: message.uses }));
      break;
    case 'image-made':
      imageMade(draft, message);
      break;
    case 'inputs-accepted':
      updateRun(draft, message.service, message.run, (run) => ({ ...run, fingerprint: message.fingerprint }));
      break;
    case 'run-finished':
      finished(draft, message);
      lookAgain(draft);
      break;
    case 'config-reloaded':
      set(draft, { reloading: false });
      emit(draft, { type: 'config.reloaded', profiles: message.profiles, changed: message.changed });
      takeSpecs(draft, message.services);
      touch(draft, 'all');
      look(draft);
      break;
    case 'config-kept':
      set(draft, { reloading: false });
      look(draft);
      break;
    case 'config-rejected':
      set(draft, { reloading: false });
      emit(draft, { type: 'config.rejected', error: message.error });
      look(draft);
      break;
    case 'specs-found':
      takeSpecs(draft, message.services);
      break;
    case 'key-pressed':
      if (!stopping) keyPressed(draft, message);
      break;
    case 'cluster-lost':
      if (draft.state.lostCluster !== undefined) break;
      set(draft, { lostCluster: message.context });
      emit(draft, { type: 'cluster.lost', context: message.context, reason: message.reason });
      break;
    case 'cluster-regained':
      clusterRegained(draft, message.context);
      break;
    case 'deployment-missing':
      forgetRunning(draft, message.service);
      break;
    case 'registry-regained':
      emit(draft, {
        type: 'notice',
        level: 'info',
        message: `the registry ${message.registry} answers again`,
      });
      tryAgain(draft, 'REGISTRY_UNREACHABLE', 'the registry is back');
      break;
    case 'shutdown-requested':
      shutdown(draft);
      break;
  }
}

function timerFired(draft: Draft, timer: Extract<Message, { kind: 'timer-fired' }>['timer']): void {
  const stopping = draft.state.phase === 'stopping';
  switch (timer) {
    case 'debounce':
    case 'cap':
    case 'git':
      if (!stopping) look(draft);
      break;
    case 'walk':
      if (stopping) break;
      draft.effects.push({ kind: 'arm-timer', timer: 'walk', ms: walkMs });
      lookSoon(draft);
      break;
  }
}

/** Looks at everything. If events are being gathered, it starts nothing, because a look comes anyway. */
function lookSoon(draft: Draft): void {
  touch(draft, 'all');
  if (draft.state.gathering === undefined) look(draft);
}

function keyPressed(draft: Draft, message: Extract<Message, { kind: 'key-pressed' }>): void {
  if (message.key === 'pause') {
    const paused = !draft.state.paused;
    set(draft, { paused });
    emit(draft, { type: paused ? 'watch.paused' : 'watch.resumed' });
    return;
  }
  for (const [name, service] of draft.state.services) {
    if (message.service !== undefined && message.service !== name) continue;
    if (message.key === 'rebuild') {
      ask(draft, service);
      continue;
    }
    update(draft, name, (old) =>
      old.pending === undefined ? old : { ...old, pending: { ...old.pending, asked: false, waits: true } },
    );
    const run = liveRun(service);
    if (run !== undefined) updateRun(draft, name, run.id, (old) => ({ ...old, cancelAsked: true }));
  }
}

/**
 * Takes in the configured services. New ones start and removed ones end. The look that follows finds those that
 * changed.
 */
function takeSpecs(draft: Draft, specs: readonly ServiceSpec[]): void {
  const services = new Map<string, ServiceState>();
  for (const spec of specs) {
    const known = draft.state.services.get(spec.name);
    services.set(spec.name, known === undefined ? newService(spec) : { ...known, spec, removed: false });
  }
  for (const [name, service] of draft.state.services) {
    // The run has to end before the service can go.
    if (!services.has(name) && service.activity.kind !== 'idle') {
      services.set(name, { ...withoutPending(service), removed: true });
    }
  }
  set(draft, { services, looking: draft.state.looking.filter((name) => services.has(name)) });
}

function clusterRegained(draft: Draft, context: string): void {
  if (draft.state.lostCluster === undefined) return;
  draft.state = without(draft.state, 'lostCluster');
  // It may be another cluster now, so nobody knows what the pods run.
  for (const name of draft.state.services.keys()) forgetRunning(draft, name);
  emit(draft, { type: 'cluster.regained', context });
  tryAgain(draft, 'CLUSTER_UNREACHABLE', 'the cluster is back');
}

/** Forgets what the pods of a service run. The next run applies its manifests even if they are the same. */
function forgetRunning(draft: Draft, name: string): void {
  update(draft, name, (old) => ({
    ...old,
    running: { uses: old.running.uses, wasReady: old.running.wasReady },
  }));
}

/** Makes services dirty again that failed with this code. It leaves those alone that are dirty or running already. */
function tryAgain(draft: Draft, code: AppdevError['code'], reason: string): void {
  for (const [name, { last, pending, activity }] of draft.state.services) {
    if (last.kind !== 'failed' || last.code !== code) continue;
    if (pending !== undefined || activity.kind !== 'idle') continue;
    const { change, fingerprint, paths, kinds } = last;
    const again = { change, fingerprint, paths, kinds, reason, asked: false, waits: false };
    update(draft, name, (service) => ({ ...service, pending: again }));
  }
}

/** Starts nothing any more. finish.ts cancels each run as soon as it may be cut. */
function shutdown(draft: Draft): void {
  if (draft.state.phase !== 'running') return;
  draft.state = { ...without(draft.state, 'gathering'), phase: 'stopping', looking: [] };
  for (const timer of ['debounce', 'cap', 'git', 'walk'] as const)
    draft.effects.push({ kind: 'disarm-timer', timer });
}

function stopWhenDone(draft: Draft): void {
  if (draft.state.phase !== 'stopping') return;
  const live = [...draft.state.services.values()].some((service) => service.activity.kind !== 'idle');
  if (live) return;
  set(draft, { phase: 'stopped' });
  draft.effects.push({ kind: 'exit' });
}
