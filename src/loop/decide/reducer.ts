/**
 * The loop's one place of decision: `reduce(state, message)` gives the next state and the effects for the driver to
 * perform. Pure: no IO, no clock, no randomness; time enters as messages. It never throws, whatever the order of messages.
 */
import type { AppdevError } from '../../core/errors.ts';
import { ask, gather, look, lookAgain, rescanned, touch } from './changes.ts';
import { cancelOutdated, finished, imageMade, updateRun } from './finish.ts';
import type { Effect, Message } from './messages.ts';
import { openGates, startPlanned } from './start.ts';
import { emit, set, update, without, withoutPending, type Step } from './step.ts';
import { liveRun, newService, type LoopState, type ServiceSpec, type ServiceState } from './state.ts';
import { renewUsers } from './uses.ts';

/** Between two looks that nothing asked for: what events missed is seen then. Milliseconds. */
const walkMs = 60_000;
/** Between two looks at what git is doing, in milliseconds. */
const gitMs = 50;

/** What a message leads to. */
export interface Reduction {
  readonly state: LoopState;
  readonly effects: readonly Effect[];
}

/** Takes in one message. */
export function reduce(state: LoopState, message: Message): Reduction {
  if (state.phase === 'stopped') return { state, effects: [] };
  const step: Step = { state, effects: [] };
  receive(step, message);
  renewUsers(step);
  cancelOutdated(step);
  openGates(step);
  startPlanned(step);
  stopWhenDone(step);
  return step;
}

function receive(step: Step, message: Message): void {
  const stopping = step.state.phase === 'stopping';
  switch (message.kind) {
    case 'started':
      step.effects.push({ kind: 'arm-timer', timer: 'walk', ms: walkMs });
      touch(step, 'all');
      look(step);
      break;
    case 'files-changed':
      if (!stopping) gather(step, message);
      break;
    case 'look-due':
      if (!stopping) lookSoon(step);
      break;
    case 'timer-fired':
      timerFired(step, message.timer);
      break;
    case 'git-busy':
      // The name that was announced first stays: a rebase takes and drops its lock many times.
      set(step, { git: step.state.git ?? message.operation, looking: [] });
      touch(step, 'all');
      if (!stopping) step.effects.push({ kind: 'arm-timer', timer: 'git', ms: gitMs });
      break;
    case 'git-free':
      step.state = without(step.state, 'git');
      break;
    case 'rescanned':
      rescanned(step, message.results);
      break;
    case 'stage-reached':
      updateRun(step, message.service, message.run, (run) => ({
        ...run,
        stage: message.stage,
        atGate: false,
      }));
      break;
    case 'gate-reached':
      updateRun(step, message.service, message.run, (run) => ({ ...run, atGate: true, uses: message.uses }));
      break;
    case 'image-made':
      imageMade(step, message);
      break;
    case 'inputs-accepted':
      updateRun(step, message.service, message.run, (run) => ({ ...run, fingerprint: message.fingerprint }));
      break;
    case 'run-finished':
      finished(step, message);
      lookAgain(step);
      break;
    case 'config-reloaded':
      set(step, { reloading: false });
      emit(step, { type: 'config.reloaded', profiles: message.profiles });
      takeSpecs(step, message.services);
      touch(step, 'all');
      look(step);
      break;
    case 'config-kept':
      set(step, { reloading: false });
      look(step);
      break;
    case 'config-rejected':
      set(step, { reloading: false });
      emit(step, { type: 'config.rejected', error: message.error });
      look(step);
      break;
    case 'specs-found':
      takeSpecs(step, message.services);
      break;
    case 'key-pressed':
      if (!stopping) keyPressed(step, message);
      break;
    case 'cluster-lost':
      if (step.state.lostCluster !== undefined) break;
      set(step, { lostCluster: message.context });
      emit(step, { type: 'cluster.lost', context: message.context, reason: message.reason });
      break;
    case 'cluster-regained':
      clusterRegained(step, message.context);
      break;
    case 'registry-regained':
      emit(step, {
        type: 'notice',
        level: 'info',
        message: `the registry ${message.registry} answers again`,
      });
      tryAgain(step, 'REGISTRY_UNREACHABLE', 'the registry is back');
      break;
    case 'shutdown-requested':
      shutdown(step);
      break;
  }
}

function timerFired(step: Step, timer: Extract<Message, { kind: 'timer-fired' }>['timer']): void {
  const stopping = step.state.phase === 'stopping';
  switch (timer) {
    case 'debounce':
    case 'cap':
    case 'git':
      if (!stopping) look(step);
      break;
    case 'walk':
      if (stopping) break;
      step.effects.push({ kind: 'arm-timer', timer: 'walk', ms: walkMs });
      lookSoon(step);
      break;
  }
}

/** Looks at everything, unless events are being gathered: then the look comes anyway. */
function lookSoon(step: Step): void {
  touch(step, 'all');
  if (step.state.gathering === undefined) look(step);
}

function keyPressed(step: Step, message: Extract<Message, { kind: 'key-pressed' }>): void {
  if (message.key === 'pause') {
    const paused = !step.state.paused;
    set(step, { paused });
    emit(step, { type: paused ? 'watch.paused' : 'watch.resumed' });
    return;
  }
  for (const [name, service] of step.state.services) {
    if (message.service !== undefined && message.service !== name) continue;
    if (message.key === 'rebuild') {
      ask(step, service);
      continue;
    }
    update(step, name, (old) =>
      old.pending === undefined ? old : { ...old, pending: { ...old.pending, asked: false, waits: true } },
    );
    const run = liveRun(service);
    if (run !== undefined) updateRun(step, name, run.id, (old) => ({ ...old, cancelAsked: true }));
  }
}

/** New services start, gone ones end, changed ones are found changed by the look that follows. */
function takeSpecs(step: Step, specs: readonly ServiceSpec[]): void {
  const services = new Map<string, ServiceState>();
  for (const spec of specs) {
    const known = step.state.services.get(spec.name);
    services.set(spec.name, known === undefined ? newService(spec) : { ...known, spec, removed: false });
  }
  for (const [name, service] of step.state.services) {
    // Its run has to end before it can go.
    if (!services.has(name) && service.activity.kind !== 'idle') {
      services.set(name, { ...withoutPending(service), removed: true });
    }
  }
  set(step, { services, looking: step.state.looking.filter((name) => services.has(name)) });
}

function clusterRegained(step: Step, context: string): void {
  if (step.state.lostCluster === undefined) return;
  step.state = without(step.state, 'lostCluster');
  emit(step, { type: 'cluster.regained', context });
  tryAgain(step, 'CLUSTER_UNREACHABLE', 'the cluster is back');
}

/** What failed for that reason is due again, unless it is already. */
function tryAgain(step: Step, code: AppdevError['code'], reason: string): void {
  for (const [name, { last, pending, activity }] of step.state.services) {
    if (last.kind !== 'failed' || last.code !== code) continue;
    if (pending !== undefined || activity.kind !== 'idle') continue;
    const { change, fingerprint, paths } = last;
    const again = { change, fingerprint, paths, reason, asked: false, waits: false };
    update(step, name, (service) => ({ ...service, pending: again }));
  }
}

/** Nothing starts any more. What runs is cancelled as soon as it may be (finish.ts). */
function shutdown(step: Step): void {
  if (step.state.phase !== 'running') return;
  step.state = { ...without(step.state, 'gathering'), phase: 'stopping', looking: [] };
  for (const timer of ['debounce', 'cap', 'git', 'walk'] as const)
    step.effects.push({ kind: 'disarm-timer', timer });
}

function stopWhenDone(step: Step): void {
  if (step.state.phase !== 'stopping') return;
  const live = [...step.state.services.values()].some((service) => service.activity.kind !== 'idle');
  if (live) return;
  set(step, { phase: 'stopped' });
  step.effects.push({ kind: 'exit' });
}
