/**
 * Decides which dirty services may start now, and in which batches. It gives every other one a single reason why not.
 * Pure: no IO, no clock, no randomness.
 */
import type { Hold } from '../../core/events.ts';
import type { RouteSpec } from '../../core/routes.ts';
import { routeOf, type Choice } from './choose.ts';
import { neededFirst } from './order.ts';
import { batchesAtWork, isMakingImage, makesImage, usesReactor } from './run-stage.ts';
import { liveRun, type LoopState, type ServiceState } from './state.ts';

/** Services that start together. If there is more than one, a single invocation of the build tool builds them. */
export interface PlannedBatch {
  readonly services: readonly string[];
  readonly route: RouteSpec;
  /** Why the first service takes that route. */
  readonly because: string;
}

/** What may start, and why the rest must wait. */
export interface Plan {
  readonly start: readonly PlannedBatch[];
  /** One hold for each dirty service that neither runs nor starts, and for each run that waits at its gate. */
  readonly holds: ReadonlyMap<string, Hold>;
}

/**
 * The first of a service's needs that has not been ready in this session. Undefined if there is none, or if the
 * service itself was ready once. Needs that take no part in the session count as ready.
 */
function unmetNeed(state: LoopState, service: ServiceState): string | undefined {
  return service.running.wasReady
    ? undefined
    : service.spec.needs.find((name) => state.services.get(name)?.running.wasReady === false);
}

/**
 * The first service whose image a rendered run names and has to wait for. Either there is no image yet, or the next
 * one is on its way. The older one would be replaced a moment later. An image that exists does not hold the run if
 * nobody builds a new one now.
 */
function unmetImage(state: LoopState, service: ServiceState): string | undefined {
  return Object.keys(liveRun(service)?.uses ?? {}).find((name) => {
    const other = state.services.get(name);
    if (other === undefined || other.removed || !other.spec.builds) return false;
    return other.made === undefined || comesNow(state, other);
  });
}

/** Whether a service's next image is being built, or will be built without the user's help. */
function comesNow(state: LoopState, service: ServiceState): boolean {
  const run = liveRun(service);
  if (run !== undefined && isMakingImage(run)) return true;
  const { pending } = service;
  if (pending === undefined || pending.waits || (state.paused && !pending.asked)) return false;
  const choice = routeOf(state.routes, service);
  return choice !== undefined && makesImage(choice.route);
}

/** What keeps a run at the gate before its apply. Undefined if nothing does. */
export function gateHold(state: LoopState, service: ServiceState): Hold | undefined {
  const need = unmetNeed(state, service);
  if (need !== undefined) return { reason: 'needs', on: need };
  const image = unmetImage(state, service);
  return image === undefined ? undefined : { reason: 'image', on: image };
}

/**
 * Decides what starts now. Services that others need come first, otherwise file order counts. Nothing starts once the
 * session is ending.
 */
export function plan(state: LoopState): Plan {
  const holds = new Map<string, Hold>();
  const start: PlannedBatch[] = [];
  if (state.phase !== 'running') return { start, holds };
  const reactors = reactorsInUse(state);
  let atWork = batchesAtWork(state);
  const started = new Set<string>();
  for (const service of inOrder(state)) {
    const { name, reactor } = service.spec;
    const atGate = service.activity.kind === 'running' && service.activity.run.atGate;
    const waitsFor = atGate ? gateHold(state, service) : undefined;
    if (waitsFor !== undefined) holds.set(name, waitsFor);
    if (service.pending === undefined || service.activity.kind === 'running' || started.has(name)) continue;
    const choice = routeOf(state.routes, service);
    // No route fits, so the table is wrong. The run must not start, because it could not end.
    if (choice === undefined) continue;
    const shares = startsShared(choice);
    const builder = shares && reactor !== undefined ? reactors.get(reactor) : undefined;
    const hold = ownHold(state, service) ?? otherHold(state, service, builder, atWork);
    if (hold !== undefined) {
      holds.set(name, hold);
      continue;
    }
    const services = shares ? [name, ...mates(state, service, choice)] : [name];
    for (const mate of services) {
      started.add(mate);
      holds.delete(mate);
    }
    if (shares && reactor !== undefined) reactors.set(reactor, name);
    atWork += 1;
    start.push({ services, ...choice });
  }
  return { start, holds };
}

/** A reason to wait that lies in the service itself, or that holds all services. */
function ownHold(state: LoopState, service: ServiceState): Hold | undefined {
  const { pending, activity } = service;
  if (activity.kind === 'cancelling') return { reason: 'cancelling' };
  if (state.paused && pending?.asked !== true) return { reason: 'paused' };
  if (state.reloading) return { reason: 'config' };
  if (state.git !== undefined) return { reason: 'git', operation: state.git };
  if (state.lostCluster !== undefined) return { reason: 'cluster', context: state.lostCluster };
  return pending?.waits === true ? { reason: 'manual' } : undefined;
}

/**
 * A reason to wait that lies in the other services' runs, or in a look. Settling comes last because it comes and
 * goes. If it came first, the reason shown would change all the time.
 */
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

/** Whether a route begins with a stage that a batch does together, in the folders of its reactor. */
function startsShared({ route }: Choice): boolean {
  return route.stages[0]?.scope === 'batch';
}

/** Other services that the same invocation of the build tool can build. */
function mates(state: LoopState, first: ServiceState, { route }: Choice): string[] {
  if (first.spec.reactor === undefined) return [];
  const found: string[] = [];
  for (const service of state.services.values()) {
    if (service === first || service.pending === undefined || service.activity.kind !== 'idle') continue;
    if (service.spec.reactor !== first.spec.reactor || service.spec.tests !== first.spec.tests) continue;
    if (routeOf(state.routes, service)?.route !== route) continue;
    if (ownHold(state, service) !== undefined || isSettling(state, service)) continue;
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

function inOrder(state: LoopState): ServiceState[] {
  const specs = [...state.services.values()].map(({ spec }) => spec);
  return neededFirst(specs).flatMap(({ name }) => state.services.get(name) ?? []);
}
