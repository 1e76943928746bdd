/**
 * Refuses a deploy that would get in the way of another: over someone else's release, or one service deployed both as a
 * release and as rendered manifests. Two owners of one object undo each other's work, and removing either would also
 * remove the other's objects.
 */
import type { Cluster } from '../../cluster/types.ts';
import { failed, ok, type NotOk, type Outcome } from '../../core/outcome.ts';
import { isClaim } from '../live/claims.ts';
import { readInventory } from './inventory.ts';
import { installerOf, type Revision } from './release.ts';
import { readRelease } from './release-store.ts';
import type { Owner } from '../objects/ownership.ts';

/** The refusal to upgrade a release that is not ours. */
export function foreignRelease(last: Revision, release: string, namespace: string): NotOk {
  const message = `release ${release} in ${namespace} was installed by ${installerOf(last)}`;
  return failed('RELEASE_FOREIGN', message, {
    hint: `use --adopt to take it over, or set \`deploy.helm.release\` to another name`,
  });
}

/** Fails with DEPLOYED_OTHERWISE if rendered manifests would be applied beside a release, whoever installed it. */
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
  const message = `${service} is deployed as the Helm release ${release} in ${namespace} (revision ${revision}); rendered manifests would be applied beside it`;
  return failed('DEPLOYED_OTHERWISE', message, {
    hint: `run appdev deploy ${service} without --rendered to upgrade it, or appdev delete ${service} to remove it first`,
  });
}

/** How many objects appdev applied for a service without Helm. Claims that a removal left do not count. */
export async function countApplied(
  owner: Owner,
  namespace: string,
  cluster: Cluster,
  signal: AbortSignal,
): Promise<Outcome<number>> {
  const inventory = await readInventory({ owner, namespace }, cluster, signal);
  // The inventory belongs to another project's service with the same name, so its objects are not ours.
  if (inventory.kind === 'failed' && inventory.error.code === 'OBJECT_FOREIGN') return ok(0);
  if (inventory.kind !== 'ok') return inventory;
  return ok([...inventory.value.values()].filter((entry) => !isClaim(entry)).length);
}

/**
 * Fails with DEPLOYED_OTHERWISE if a release would be installed over objects that appdev applied for this service
 * without Helm.
 */
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
  const message = `${service} is deployed in ${namespace} as ${applied.value} applied objects; a Helm release would be installed over them`;
  return failed('DEPLOYED_OTHERWISE', message, {
    hint: `run appdev delete ${service} to remove them, then deploy again`,
  });
}
