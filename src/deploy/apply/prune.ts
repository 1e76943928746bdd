/**
 * Deletes what a service no longer renders. Only objects that its inventory lists, that carry its labels, and that are
 * the very ones that were applied. Volume claims, namespaces and kinds are never pruned. What older pods need is pruned
 * after the rollout.
 */
import type { Cluster, KubeObject } from '../../cluster/types.ts';
import { ok, type Outcome } from '../../core/outcome.ts';
import type { Entry, Inventory } from '../record/inventory.ts';
import { isClaim, type LostClaim } from '../live/claims.ts';
import { holdsOthers, identityOf, inApplyOrder } from '../objects/kinds.ts';
import { isOwnedBy, type Owner } from '../objects/ownership.ts';
import { findLostClaims } from '../live/removal.ts';

/** True for an object whose deletion takes more than itself: data, or everything of others inside. Never pruned. */
export function isNeverPruned(object: { readonly kind: string }): boolean {
  return isClaim(object) || holdsOthers(object);
}

/**
 * Kinds that pods of an older version still need: to be made again, or while they run. They are pruned only when the
 * newer version serves, because until then the older one has to live on.
 */
const neededByPods = [
  'ConfigMap',
  'Secret',
  'ServiceAccount',
  'Role',
  'RoleBinding',
  'ClusterRole',
  'ClusterRoleBinding',
  'PriorityClass',
  'ResourceClaimTemplate',
];

/** True for an object that stays until the newer version serves. */
export function staysForPods({ kind }: { readonly kind: string }): boolean {
  return neededByPods.includes(kind);
}

/** The entries that are neither wanted nor exempt from pruning. */
export function obsoleteIn(inventory: Inventory, wanted: ReadonlySet<string>): Entry[] {
  return [...inventory].flatMap(([identity, entry]) =>
    wanted.has(identity) || isNeverPruned(entry) ? [] : [entry],
  );
}

/** The claims that pruning would delete together with StatefulSets, because of their retention policy. */
export async function claimsLostByPruning(
  inventory: Inventory,
  wanted: ReadonlySet<string>,
  owner: Owner,
  cluster: Cluster,
  signal: AbortSignal,
): Promise<Outcome<readonly LostClaim[]>> {
  const doomed: KubeObject[] = [];
  for (const [identity, entry] of inventory) {
    if (entry.kind !== 'StatefulSet' || wanted.has(identity)) continue;
    const live = await readOwned(entry, owner, cluster, signal);
    if (live.kind !== 'ok') return live;
    if (live.value !== undefined && live.value !== 'foreign') doomed.push(live.value);
  }
  return await findLostClaims(doomed, cluster, signal);
}

/**
 * Deletes objects of the inventory.
 *
 * @param obsolete entries of the inventory; see `obsoleteIn`
 * @returns the inventory without what is gone or no longer ours, and what was deleted
 */
export async function pruneObjects(
  inventory: Inventory,
  obsolete: readonly Entry[],
  owner: Owner,
  cluster: Cluster,
  signal: AbortSignal,
): Promise<Outcome<{ readonly inventory: Inventory; readonly removed: readonly Entry[] }>> {
  const next = new Map(inventory);
  const removed: Entry[] = [];
  for (const entry of inApplyOrder(obsolete).reverse()) {
    const result = await removeOwned(entry, owner, cluster, signal);
    if (result.kind !== 'ok') return result;
    if (result.value === 'deleted') removed.push(entry);
    next.delete(identityOf(entry));
  }
  return ok({ inventory: next, removed });
}

/** Deletes an entry's object if it is ours. The value is `foreign` if it belongs to someone else by now. */
export async function removeOwned(
  entry: Entry,
  owner: Owner,
  cluster: Cluster,
  signal: AbortSignal,
): Promise<Outcome<'deleted' | 'absent' | 'foreign'>> {
  const live = await readOwned(entry, owner, cluster, signal);
  if (live.kind !== 'ok') return live;
  if (live.value === undefined) return ok('absent');
  if (live.value === 'foreign') return ok('foreign');
  const { uid } = live.value.metadata;
  return await cluster.remove(entry, uid === undefined ? {} : { uid }, signal);
}

/** An entry's object as it is in the cluster. */
async function readOwned(
  entry: Entry,
  owner: Owner,
  cluster: Cluster,
  signal: AbortSignal,
): Promise<Outcome<KubeObject | 'foreign' | undefined>> {
  const live = await cluster.get(entry, signal);
  if (live.kind !== 'ok' || live.value === undefined) return live;
  const another = entry.uid !== undefined && entry.uid !== live.value.metadata.uid;
  return ok(another || !isOwnedBy(live.value, owner) ? 'foreign' : live.value);
}
