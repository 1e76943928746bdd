/**
 * Decides which dirty services may start now, in which batches, and names for every other one the one reason why not.
 * Pure: no IO, no clock, no randomness. Also the table of which stages a newer save may cancel.
 */
import type { Hold, Route, Stage } from '../../core/events.ts';
import { liveRun, type LoopState, type Run, type ServiceState } from './state.ts';

/** Services to be started together: one invocation of the build tool where there is more than one. */
export interface PlannedBatch {
  readonly services: readonly string[];
  readonly route: Route;
}

/** What may start, and why the rest may not. */
export interface Plan {
  readonly start: readonly PlannedBatch[];
  /** One hold for each dirty service that neither runs nor starts, and for each run that waits at its gate. */
  readonly holds: ReadonlyMap<string, Hold>;
}

/**
 * Whether work is given up or finished when a newer save makes it out of date. Apply and sync are short and leave a
 * half-done state when they are cut; everything else is either long or only waiting.
 */
export const supersedePolicy: Readonly<Record<Stage, 'cancel' | 'finish'>> = {
  compile: 'cancel',
  package: 'cancel',
  image: 'cancel',
  push: 'cancel',
  scan: 'cancel',
  render: 'cancel',
  apply: 'finish',
  rollout: 'cancel',
  sync: 'finish',
  restart: 'cancel',
  verify: 'cancel',
};

/** Whether a run may be cancelled where it is now. */
export function mayCancel(run: Run): boolean {
  return run.atGate || run.stage === undefined || supersedePolicy[run.stage] === 'cancel';
}

/** Whether a run is in the part that its batch does together: nothing of its own has started. */
export function inSharedBuild(run: Run): boolean {
  return (
    run.route === 'image' && (run.stage === undefined || run.stage === 'compile' || run.stage === 'package')
  );
}

/** Whether a run uses its reactor's folders: until the image is made, the jar in them is being written or read. */
export function usesReactor(run: Run): boolean {
  return inSharedBuild(run) || (run.route === 'image' && run.stage === 'image');
}

/** Whether a run keeps this machine busy: later it only waits for the cluster. */
export function isAtWork(run: Run): boolean {
  return usesReactor(run) || run.stage === undefined || run.stage === 'push';
}

/** Number of batches that keep this machine busy. */
export function batchesAtWork(state: LoopState): number {
  const batches = new Set<number>();
  for (const service of state.services.values()) {
    const run = liveRun(service);
    if (run !== undefined && isAtWork(run)) batches.add(run.batch);
  }
  return batches.size;
}

/** How a service's pending change reaches the pod. */
export function routeOf(service: ServiceState): Route {
  const { pending, built, spec } = service;
  if (!spec.builds || pending === undefined) return 'render-only';
  const unbuilt =
    pending.asked || built?.build !== pending.fingerprint.build || built.tests !== pending.fingerprint.tests;
  return unbuilt ? 'image' : 'render-only';
}

/** The first of a service's needs that was not deployed yet. Needs that take no part in the session count as there. */
function unmetNeed(state: LoopState, service: ServiceState): string | undefined {
  return service.deployed
    ? undefined
    : service.spec.needs.find((name) => state.services.get(name)?.deployed === false);
}

/**
 * The first service whose image a rendered run names and has to wait for: there is none yet, or the next one is on its
 * way, which would only be rolled out a moment later. One that nobody builds now does not hold.
 */
function unmetImage(state: LoopState, service: ServiceState): string | undefined {
  return Object.keys(liveRun(service)?.uses ?? {}).find((name) => {
    const other = state.services.get(name);
    if (other === undefined || other.removed || !other.spec.builds) return false;
    return other.image === undefined || comesNow(state, other);
  });
}

/** Whether a service's next image is being built, or will be without anybody's doing. */
function comesNow(state: LoopState, service: ServiceState): boolean {
  const run = liveRun(service);
  if (run?.route === 'image' && !run.imageMade) return true;
  const { pending } = service;
  if (pending === undefined || pending.waits || (state.paused && !pending.asked)) return false;
  return routeOf(service) === 'image';
}

/** What keeps a run at the gate. */
export function gateHold(state: LoopState, service: ServiceState): Hold | undefined {
  const need = unmetNeed(state, service);
  if (need !== undefined) return { reason: 'needs', on: need };
  const image = unmetImage(state, service);
  return image === undefined ? undefined : { reason: 'image', on: image };
}

/** Decides. Services that others need come first; otherwise file order. */
export function plan(state: LoopState): Plan {
  const holds = new Map<string, Hold>();
  const start: PlannedBatch[] = [];
  if (state.phase !== 'running') return { start, holds };
  const reactors = reactorsInUse(state);
  let atWork = batchesAtWork(state);
  const started = new Set<string>();
  for (const service of neededFirst(state)) {
    const { name, reactor } = service.spec;
    const atGate = service.activity.kind === 'running' && service.activity.run.atGate;
    const waitsFor = atGate ? gateHold(state, service) : undefined;
    if (waitsFor !== undefined) holds.set(name, waitsFor);
    if (service.pending === undefined || service.activity.kind === 'running' || started.has(name)) continue;
    const route = routeOf(service);
    const builder = route === 'image' && reactor !== undefined ? reactors.get(reactor) : undefined;
    const hold = ownHold(state, service) ?? otherHold(state, service, builder, atWork);
    if (hold !== undefined) {
      holds.set(name, hold);
      continue;
    }
    const services = route === 'image' ? [name, ...mates(state, service)] : [name];
    for (const mate of services) {
      started.add(mate);
      holds.delete(mate);
    }
    if (route === 'image' && reactor !== undefined) reactors.set(reactor, name);
    atWork += 1;
    start.push({ services, route });
  }
  return { start, holds };
}

/** Reasons that lie in the service or concern all of them. */
function ownHold(state: LoopState, service: ServiceState): Hold | undefined {
  const { pending, activity } = service;
  if (activity.kind === 'cancelling') return { reason: 'cancelling' };
  if (state.paused && pending?.asked !== true) return { reason: 'paused' };
  if (state.reloading) return { reason: 'config' };
  if (state.git !== undefined) return { reason: 'git', operation: state.git };
  if (state.lostCluster !== undefined) return { reason: 'cluster', context: state.lostCluster };
  return pending?.waits === true ? { reason: 'manual' } : undefined;
}

/** Reasons that lie in what else goes on. Settling comes last: it comes and goes, and the others should not flap with it. */
function otherHold(
  state: LoopState,
  service: ServiceState,
  builder: string | undefined,
  atWork: number,
): Hold | undefined {
  if (builder !== undefined) return { reason: 'building', on: builder };
  if (atWork >= state.limit) return { reason: 'limit', running: atWork };
  return isSettling(state, service) ? { reason: 'settling' } : undefined;
}

function isSettling(state: LoopState, service: ServiceState): boolean {
  return service.touched || state.looking.includes(service.spec.name);
}

/** Other services that one invocation of the build tool can build along. */
function mates(state: LoopState, first: ServiceState): string[] {
  if (first.spec.reactor === undefined) return [];
  const found: string[] = [];
  for (const service of state.services.values()) {
    if (service === first || service.pending === undefined || service.activity.kind !== 'idle') continue;
    if (service.spec.reactor !== first.spec.reactor || service.spec.tests !== first.spec.tests) continue;
    if (routeOf(service) !== 'image' || ownHold(state, service) !== undefined || isSettling(state, service))
      continue;
    found.push(service.spec.name);
  }
  return found;
}

/** Reactors whose folders are in use, each with the service whose run uses them. */
function reactorsInUse(state: LoopState): Map<string, string> {
  const found = new Map<string, string>();
  for (const { spec, activity } of state.services.values()) {
    if (activity.kind === 'idle' || spec.reactor === undefined || !usesReactor(activity.run)) continue;
    if (!found.has(spec.reactor)) found.set(spec.reactor, spec.name);
  }
  return found;
}

function neededFirst(state: LoopState): ServiceState[] {
  const ordered = new Set<ServiceState>();
  const visit = (service: ServiceState, path: readonly ServiceState[]): void => {
    if (ordered.has(service) || path.includes(service)) return;
    for (const name of service.spec.needs) {
      const need = state.services.get(name);
      if (need !== undefined) visit(need, [...path, service]);
    }
    ordered.add(service);
  };
  for (const service of state.services.values()) visit(service, []);
  return [...ordered];
}
