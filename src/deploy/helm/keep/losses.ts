/**
 * Finds what Helm would delete together with data or with other people's objects: volume claims, namespaces, and kinds.
 * Reads the cluster and changes nothing, so a preview can use it too.
 */
import { refOf, type Cluster, type KubeObject } from '../../../cluster/types.ts';
import { ok, type Outcome } from '../../../core/outcome.ts';
import { isClaim, isKept, type LostClaim } from '../../live/claims.ts';
import { staysInUpgrade } from './keep.ts';
import { holdsOthers, homed, identityOf, isHook } from '../../objects/kinds.ts';
import { findLostClaims, readLive } from '../../live/removal.ts';
import type { ReleaseState } from '../../record/release.ts';
import type { Rendered } from '../../types.ts';

/** What would be lost, as it is in the cluster. */
export interface Losses {
  readonly claims: readonly LostClaim[];
  /** Namespaces and CustomResourceDefinitions. */
  readonly holders: readonly KubeObject[];
}

/**
 * What would be lost with these objects of a release.
 *
 * @param going the objects, as the release's record lists them, with their namespaces
 * @param by the rule by which Helm decides what it leaves alone; see keep.ts
 */
export async function findLosses(
  going: readonly KubeObject[],
  by: 'upgrade' | 'uninstall',
  cluster: Cluster,
  signal: AbortSignal,
): Promise<Outcome<Losses>> {
  const risky = going.filter(
    (object) => isClaim(object) || object.kind === 'StatefulSet' || holdsOthers(object),
  );
  const live = await readLive(risky, cluster, signal);
  if (live.kind !== 'ok') return live;
  const doomed = risky.flatMap((object) => {
    const there = live.value.get(identityOf(refOf(object)));
    if (there === undefined) return [];
    return (by === 'upgrade' ? staysInUpgrade(there) : isKept(object)) ? [] : [there];
  });
  const claims = await findLostClaims(doomed, cluster, signal);
  return claims.kind === 'ok' ? ok({ claims: claims.value, holders: doomed.filter(holdsOthers) }) : claims;
}

/** What an upgrade to `rendered` would lose. For a release that needs repair first, this is judged after the repair. */
export async function lossesOfUpgrade(
  state: ReleaseState,
  { objects, namespace }: Rendered,
  cluster: Cluster,
  signal: AbortSignal,
): Promise<Outcome<Losses>> {
  const wanted = objects.filter((object) => !isHook(object));
  return await findLosses(goneFrom(baseOf(state), wanted, namespace), 'upgrade', cluster, signal);
}

/** The objects that are in the first list but not in the second, each with its namespace. */
export function goneFrom(
  before: readonly KubeObject[],
  after: readonly KubeObject[],
  namespace: string,
): KubeObject[] {
  const stay = new Set(homed(after, namespace).map((object) => identityOf(refOf(object))));
  return homed(before, namespace).filter((object) => !stay.has(identityOf(refOf(object))));
}

/** The objects that must not be deleted if nothing is to be lost. */
export function keepersOf({ claims, holders }: Losses): KubeObject[] {
  return [...new Set([...holders, ...claims.map(({ claim, by }) => by ?? claim)])];
}

/**
 * The objects that Helm compares with: those of the deployed revision, or else of the last one. Empty for a repaired
 * install.
 */
function baseOf(state: ReleaseState): readonly KubeObject[] {
  if (state.kind === 'settled') return (state.deployed ?? state.last).objects;
  return state.kind === 'pending' ? (state.deployed?.objects ?? []) : [];
}
