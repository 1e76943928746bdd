/**
 * Removes what appdev applied for a service, in reverse order, and waits until it is gone. Names what stays on purpose:
 * claims, namespaces, kinds, and objects that belong to someone else by now.
 */
import type { WorkContext } from '../../build/types.ts';
import type { Cluster, KubeObject } from '../../cluster/types.ts';
import { ok, type Outcome } from '../../core/outcome.ts';
import { isClaim, refuseRemoval, retainCommands, templateClaims } from '../live/claims.ts';
import { goneLimitMs, waitUntilGone } from '../live/gone.ts';
import { readInventoryRecord, writeInventory, type Entry, type InventoryPlace } from '../record/inventory.ts';
import { holdsOthers, identityOf, inApplyOrder, nameOf } from '../objects/kinds.ts';
import { isOwnedBy } from '../objects/ownership.ts';
import { findLostClaims, podsOf, removeObjects } from '../live/removal.ts';
import type { Removed, RemoveOptions } from '../types.ts';

/**
 * Removes the applied objects of a service and its inventory. The value says what stayed. Fails with VOLUME_CLAIMS if
 * claims would be deleted and that was not allowed.
 */
export async function removeApplied(
  place: InventoryPlace,
  options: RemoveOptions,
  cluster: Cluster,
  { signal }: WorkContext,
): Promise<Outcome<Removed>> {
  const { owner, namespace } = place;
  const record = await readInventoryRecord(place, cluster, signal);
  if (record.kind !== 'ok') return record;
  const ours: KubeObject[] = [];
  const kept: string[] = [];
  const keptClaims: Entry[] = [];
  for (const entry of inApplyOrder([...record.value.inventory.values()])) {
    const live = await cluster.get(entry, signal);
    if (live.kind !== 'ok') return live;
    if (live.value === undefined) continue;
    const another = entry.uid !== undefined && entry.uid !== live.value.metadata.uid;
    const stays = isClaim(entry) ? !options.deleteVolumes : holdsOthers(entry);
    if (another || !isOwnedBy(live.value, owner) || stays) {
      kept.push(nameOf(entry));
      if (isClaim(entry)) keptClaims.push(entry);
    } else ours.push(live.value);
  }
  const lost = options.deleteVolumes ? ok([]) : await findLostClaims(ours, cluster, signal);
  if (lost.kind !== 'ok') return lost;
  if (lost.value.length > 0) {
    const keep = retainCommands(lost.value, cluster.identity.context);
    return refuseRemoval(owner.service, lost.value, keep);
  }
  const pods = await podsOf(ours, cluster, signal);
  if (pods.kind !== 'ok') return pods;
  const claims: KubeObject[] = [];
  for (const home of new Set([namespace, ...ours.flatMap((one) => one.metadata.namespace ?? [])])) {
    const query = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace: home };
    const listed = await cluster.list(query, signal);
    if (listed.kind !== 'ok') return listed;
    claims.push(...listed.value);
  }
  const fromTemplates = templateClaims(ours, claims);
  const volumes = options.deleteVolumes ? fromTemplates : [];
  if (!options.deleteVolumes) kept.push(...fromTemplates.map(nameOf));

  const removed = await removeObjects([...ours, ...volumes], cluster, signal);
  if (removed.kind !== 'ok') return removed;
  const gone = await waitUntilGone(
    [...ours, ...pods.value, ...volumes],
    cluster,
    goneLimitMs(pods.value),
    signal,
  );
  if (gone.kind !== 'ok') return gone;
  // Kept claims stay on record, so a later removal with --delete-volumes still knows them.
  const rest = new Map(keptClaims.map((entry) => [identityOf(entry), entry]));
  const change = { inventory: rest, marks: {}, removesEmpty: true } as const;
  const written = await writeInventory(record.value, change, place, cluster, signal);
  if (written.kind !== 'ok') return written;
  return ok({ removed: removed.value, kept });
}
