/**
 * Deletes what a service no longer renders: only objects that its inventory lists, that carry its labels, and that are
 * the very ones that were applied. Volume claims, namespaces and kinds are never pruned.
 */
import type { Cluster } from '../cluster/types.ts';
import { ok, type Outcome } from '../outcome.ts';
import type { Entry, Inventory } from './inventory.ts';
import { inApplyOrder } from './objects.ts';
import { isOwnedBy, type Owner } from './ownership.ts';

/** Kinds that take more with them than themselves: data, or everything of others inside. */
export const neverPruned: readonly string[] = [
  'PersistentVolumeClaim',
  'Namespace',
  'CustomResourceDefinition',
];

/**
 * Prunes.
 *
 * @param wanted identities of what is rendered now
 * @returns the inventory without what is gone, or is not ours any more; what is never pruned stays in it
 */
export async function pruneObjects(
  inventory: Inventory,
  wanted: ReadonlySet<string>,
  owner: Owner,
  cluster: Cluster,
  signal: AbortSignal,
): Promise<Outcome<{ readonly inventory: Inventory; readonly removed: number }>> {
  const next = new Map(inventory);
  let removed = 0;
  const obsolete = [...inventory].filter(([identity]) => !wanted.has(identity));
  const byEntry = new Map(obsolete.map(([identity, entry]) => [entry, identity]));
  for (const entry of inApplyOrder(obsolete.map(([, one]) => one)).reverse()) {
    if (neverPruned.includes(entry.kind)) continue;
    const result = await removeOwned(entry, owner, cluster, signal);
    if (result.kind !== 'ok') return result;
    if (result.value === 'deleted') removed += 1;
    next.delete(byEntry.get(entry) ?? '');
  }
  return ok({ inventory: next, removed });
}

/** Deletes an entry's object if it is ours; `foreign` when it is somebody else's by now. */
export async function removeOwned(
  entry: Entry,
  owner: Owner,
  cluster: Cluster,
  signal: AbortSignal,
): Promise<Outcome<'deleted' | 'absent' | 'foreign'>> {
  const live = await cluster.get(entry, signal);
  if (live.kind !== 'ok') return live;
  if (live.value === undefined) return ok('absent');
  const { uid } = live.value.metadata;
  const another = entry.uid !== undefined && entry.uid !== uid;
  if (another || !isOwnedBy(live.value, owner)) return ok('foreign');
  return await cluster.remove(entry, uid === undefined ? {} : { uid }, signal);
}
