/**
 * Refusals of a deploy that would stand in the way of another: a release of somebody else, and one service deployed both
 * as a release and as rendered manifests. Two owners of one object undo each other's work, and removing either would take
 * the other's objects along.
 */
import type { Cluster } from '../../cluster/types.ts';
import { failed, ok, type NotOk, type Outcome } from '../../core/outcome.ts';
import { isClaim } from '../live/claims.ts';
import { readInventory } from './inventory.ts';
import { installerOf, type Revision } from './release.ts';
import { readRelease } from './release-store.ts';
import type { Owner } from '../objects/ownership.ts';

/** A release that is not ours to upgrade. */
export function foreignRelease(last: Revision, release: string, namespace: string): NotOk {
  const message = `release ${release} in ${namespace} was installed by ${installerOf(last)}`;
  return failed('RELEASE_FOREIGN', message, {
    hint: `take it over with --adopt, or give this one another name: \`deploy.helm.release\``,
  });
}

/** DEPLOYED_OTHERWISE where rendered manifests are to be applied beside a release, whoever installed that. */
export async function refuseBesideRelease(
  service: string,
  release: string,
  namespace: string,
  cluster: Cluster,
  signal: AbortSignal,
): Promise<Outcome<void>> {
  const found = await readRelease(release, namespace, cluster, signal);
  if (found.kind !== 'ok') return found;
  if (found.value.kind === 'absent') return ok(undefined);
  const { revision } = found.value.last;
  const message = `${service} is deployed as the Helm release ${release} in ${namespace} (revision ${revision}), and rendered manifests would be applied beside it`;
  return failed('DEPLOYED_OTHERWISE', message, {
    hint: `appdev deploy ${service} without --rendered upgrades it; appdev delete ${service} removes it first`,
  });
}

/** How many objects appdev applied itself for a service; claims that a removal left do not count. */
export async function countApplied(
  owner: Owner,
  namespace: string,
  cluster: Cluster,
  signal: AbortSignal,
): Promise<Outcome<number>> {
  const inventory = await readInventory({ owner, namespace }, cluster, signal);
  // Of another project's service by the same name: its objects are none of ours.
  if (inventory.kind === 'failed' && inventory.error.code === 'OBJECT_FOREIGN') return ok(0);
  if (inventory.kind !== 'ok') return inventory;
  return ok([...inventory.value.values()].filter((entry) => !isClaim(entry)).length);
}

/** DEPLOYED_OTHERWISE where a release is to be installed over objects that appdev applied for this service itself. */
export async function refuseOverApplied(
  owner: Owner,
  namespace: string,
  cluster: Cluster,
  signal: AbortSignal,
): Promise<Outcome<void>> {
  const applied = await countApplied(owner, namespace, cluster, signal);
  if (applied.kind !== 'ok') return applied;
  if (applied.value === 0) return ok(undefined);
  const { service } = owner;
  const message = `${service} is deployed in ${namespace} as ${applied.value} applied objects, and a Helm release would be installed over them`;
  return failed('DEPLOYED_OTHERWISE', message, {
    hint: `appdev delete ${service} removes them; then deploy again`,
  });
}
