/**
 * What appdev has applied for a service: a ConfigMap in the service's namespace, written before the first object and
 * after the last. Only what stands here, and carries the ownership labels, and is the very object that was applied
 * (uid), is ever deleted.
 *
 * Per object it holds two hashes. `content` is over what was applied. `managed` is over the fields that the API server
 * says field manager `appdev` owns: when somebody else changes one of them, ownership moves, and the hash no longer
 * fits. Both equal means that the object is what was applied, without comparing values that the server normalises.
 */
import { refOf } from '../../cluster/ref.ts';
import type { Cluster, KubeObject, ObjectRef } from '../../cluster/types.ts';
import { failed, ok, type Outcome } from '../../core/outcome.ts';
import { isFields, listAt, stringAt } from '../../support/fields.ts';
import { isClaim } from '../live/claims.ts';
import { contentHash } from '../objects/content.ts';
import { lifetimeLabel } from '../../core/labels.ts';
import { lifetimeIn, type Lifetime } from '../objects/lifetime.ts';
import { identityOf } from '../objects/kinds.ts';
import { fieldManager, isOwnedBy, makerOf, ownerLabels, type Owner } from '../objects/ownership.ts';

/** One applied object. Without uid and hashes: about to be applied. */
export interface Entry extends ObjectRef {
  readonly uid?: string;
  readonly content?: string;
  readonly managed?: string;
}

/** The applied objects of a service, by identity, in the order in which they were applied. */
export type Inventory = ReadonlyMap<string, Entry>;

/** Where a service's inventory is kept. */
export interface InventoryPlace {
  readonly owner: Owner;
  readonly namespace: string;
}

const dataKey = 'objects.json';

/** What the ConfigMap says. */
export interface InventoryRecord {
  readonly inventory: Inventory;
  /** Absent where nothing is deployed: there is no inventory, or it has only the claims that a removal left. */
  readonly lifetime?: Lifetime;
}

/** Reads the inventory; empty where there is none. */
export async function readInventory(
  place: InventoryPlace,
  cluster: Cluster,
  signal: AbortSignal,
): Promise<Outcome<Inventory>> {
  const record = await readInventoryRecord(place, cluster, signal);
  return record.kind === 'ok' ? ok(record.value.inventory) : record;
}

/** Reads the inventory, and how long what is in it is meant to stay. */
export async function readInventoryRecord(
  { owner, namespace }: InventoryPlace,
  cluster: Cluster,
  signal: AbortSignal,
): Promise<Outcome<InventoryRecord>> {
  const ref = { apiVersion: 'v1', kind: 'ConfigMap', name: inventoryName(owner), namespace };
  const found = await cluster.get(ref, signal);
  if (found.kind !== 'ok') return found;
  if (found.value === undefined) return ok({ inventory: new Map() });
  if (!isOwnedBy(found.value, owner)) {
    return failed(
      'OBJECT_FOREIGN',
      `ConfigMap/${ref.name} in ${namespace} belongs to ${makerOf(found.value)}`,
      {
        hint: `appdev keeps there what it has applied: rename one of the two, or use another namespace`,
      },
    );
  }
  const entries = entriesIn(stringAt(found.value, 'data', dataKey) ?? '[]');
  const inventory = new Map(entries.map((entry) => [identityOf(entry), entry]));
  if (entries.every(isClaim)) return ok({ inventory });
  return ok({ inventory, lifetime: lifetimeIn(found.value.metadata.labels ?? {}) });
}

/** Writes the inventory. */
export async function writeInventory(
  inventory: Inventory,
  lifetime: Lifetime,
  { owner, namespace }: InventoryPlace,
  cluster: Cluster,
  signal: AbortSignal,
): Promise<Outcome<unknown>> {
  const lines = [...inventory.values()].map((entry) => JSON.stringify(entry)).join(',\n');
  const object = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: inventoryName(owner),
      namespace,
      labels: { ...ownerLabels(owner), [lifetimeLabel]: lifetime },
    },
    data: { [dataKey]: `[${lines}]` },
  };
  // Read just before, and nobody else's to write: what somebody changed of it by hand must not stop every deploy.
  return await cluster.apply(object, { fieldManager, force: true }, signal);
}

/** Removes the inventory itself. */
export async function removeInventory(
  { owner, namespace }: InventoryPlace,
  cluster: Cluster,
  signal: AbortSignal,
): Promise<Outcome<unknown>> {
  const ref = { apiVersion: 'v1', kind: 'ConfigMap', name: inventoryName(owner), namespace };
  return await cluster.remove(ref, {}, signal);
}

/** The entry of an object that was applied, from what the API server answered. */
export function entryOf(wanted: KubeObject, applied: KubeObject): Entry {
  const { uid } = applied.metadata;
  const hashes = { content: contentHash(wanted), managed: managedHash(applied) };
  return { ...refOf(wanted), ...(uid === undefined ? {} : { uid }), ...hashes };
}

/** True when the live object is exactly what this entry says was applied, and that is what is wanted. */
export function isUnchanged(entry: Entry | undefined, wanted: KubeObject, live: KubeObject): boolean {
  if (entry?.content === undefined || live.metadata.deletionTimestamp !== undefined) return false;
  return (
    entry.uid === live.metadata.uid &&
    entry.content === contentHash(wanted) &&
    entry.managed === managedHash(live)
  );
}

function inventoryName({ service }: Owner): string {
  return `appdev-inventory-${service}`;
}

/** Hash over the fields that appdev's applies own. */
function managedHash(object: KubeObject): string {
  const own = listAt(object, 'metadata', 'managedFields').filter(
    (entry) => stringAt(entry, 'manager') === fieldManager && stringAt(entry, 'operation') === 'Apply',
  );
  return contentHash(own.map((entry) => (isFields(entry) ? entry['fieldsV1'] : undefined)));
}

/** Entries of a text; what is no entry is dropped: then it is not deleted, either. */
function entriesIn(text: string): Entry[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return [];
  }
  if (!Array.isArray(parsed)) return [];
  return (parsed as unknown[]).flatMap((entry): Entry[] => {
    const ref = ['apiVersion', 'kind', 'name'].every((key) => stringAt(entry, key) !== undefined);
    return ref ? [entry as Entry] : [];
  });
}
