/**
 * Chooses the route by which a change reaches the pods. It knows what has changed, what runs and what is possible. It
 * tries the rows of routes.ts in order, and nothing else decides. Pure.
 */
import { decidesBuild } from '../../core/role.ts';
import type { Ability, ChangeKind, RouteSpec } from '../../core/routes.ts';
import type { Made, Running, ServiceState } from './state.ts';

/** A route, and why it was chosen. */
export interface Choice {
  readonly route: RouteSpec;
  /** Why, as a clause: `changed: source`, `it does not run yet`. */
  readonly because: string;
}

/** The first route that is possible and brings every kind of change. Undefined if there is none. */
export function chooseRoute(
  routes: readonly RouteSpec[],
  kinds: ReadonlySet<ChangeKind>,
  running: Running,
  can: ReadonlySet<Ability>,
): Choice | undefined {
  const route = routes.find(
    ({ needs, brings }) =>
      needs.every((ability) => can.has(ability)) &&
      (brings === 'everything' || [...kinds].every((kind) => brings.includes(kind))),
  );
  return route === undefined ? undefined : { route, because: reasonFor(kinds, running) };
}

/** The route of a service's pending change. If a run handed the change on, it has named the route already. */
export function routeOf(routes: readonly RouteSpec[], service: ServiceState): Choice | undefined {
  const handed = service.pending?.handedOn;
  const to = routes.find(({ route }) => route === handed?.to);
  if (handed !== undefined && to !== undefined) return { route: to, because: handed.because };
  return chooseRoute(routes, kindsToBring(service), service.running, abilitiesOf(service));
}

/**
 * What the pods still lack: everything that changed since the last run that succeeded, without what is built already.
 * The hashes decide whether there is a difference. The roles of files only say of what kind it is.
 */
export function kindsToBring({ spec, pending, last, made }: ServiceState): ReadonlySet<ChangeKind> {
  if (pending === undefined) return new Set();
  const unbuilt = spec.builds && !isMadeOf(made, pending.fingerprint);
  const changed = [...pending.kinds, ...(last.kind === 'failed' ? last.kinds : [])];
  const kinds = new Set<ChangeKind>(changed.filter((role) => unbuilt || !decidesImage(role)));
  if (spec.builds && pending.asked) kinds.add('asked');
  if (unbuilt && ![...kinds].some((kind) => decidesImage(kind))) {
    kinds.add(made === undefined ? 'start' : 'settings');
  }
  return kinds;
}

/** Whether a change of this kind needs a new image. Tests count, too: an image is made only if they pass. */
function decidesImage(kind: ChangeKind): boolean {
  return (
    kind === 'test' || (kind !== 'start' && kind !== 'settings' && kind !== 'asked' && decidesBuild(kind))
  );
}

/** Whether an image was made of these inputs. */
export function isMadeOf(
  made: Made | undefined,
  of: { readonly build: string; readonly tests: string },
): boolean {
  return made?.build === of.build && made.tests === of.tests;
}

function abilitiesOf({ spec, pending, made }: ServiceState): ReadonlySet<Ability> {
  if (!spec.builds) return new Set<Ability>(['image']);
  const isThere = pending !== undefined && isMadeOf(made, pending.fingerprint);
  return new Set<Ability>(isThere ? ['builder', 'image'] : ['builder']);
}

function reasonFor(kinds: ReadonlySet<ChangeKind>, running: Running): string {
  if (kinds.has('asked')) return 'asked for';
  if (kinds.has('start') || !running.wasReady) return 'it does not run yet';
  return kinds.size === 0 ? 'its image is ready' : `changed: ${[...kinds].sort().join(', ')}`;
}
