/**
 * Chooses the route by which a change reaches the pods, from what has to be brought there, what runs, and what is
 * possible. Pure: the rows of routes.ts, tried in order, and nothing else decide.
 */
import { decidesBuild } from '../../core/role.ts';
import type { Ability, ChangeKind, RouteSpec } from '../../core/routes.ts';
import type { Made, Running, ServiceState } from './state.ts';

/** A route, and why it is this one. */
export interface Choice {
  readonly route: RouteSpec;
  /** A clause: `source changed`, `nothing of it runs yet`. */
  readonly because: string;
}

/** The first route that is possible and brings every kind of change; undefined where none is. */
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

/** The route of a service's pending change. A step that handed the change on has chosen already. */
export function routeOf(routes: readonly RouteSpec[], service: ServiceState): Choice | undefined {
  const handed = service.pending?.handedOn;
  const to = routes.find(({ route }) => route === handed?.to);
  if (handed !== undefined && to !== undefined) return { route: to, because: handed.because };
  return chooseRoute(routes, kindsToBring(service), service.running, abilitiesOf(service));
}

/**
 * What is still to be brought to the pods: what changed since the last run that succeeded, without what is built already.
 * The hashes decide; the roles of files only say of what kind the difference is.
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

/** Tests decide the image, too: one is made only when they pass. */
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
  if (kinds.has('start') || !running.wasReady) return 'nothing of it runs yet';
  return kinds.size === 0 ? 'its image is made' : `changed: ${[...kinds].sort().join(', ')}`;
}
