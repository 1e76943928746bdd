/**
 * What appdev has applied for a service, as a ConfigMap in the service's namespace. It is written before the first
 * object and after the last. appdev deletes an object only if it is listed here, carries the ownership labels, and is
 * the very object that was applied (same uid).
 *
 * Each object has two hashes. `content` covers what was applied. `managed` covers the fields that field manager
 * `appdev` owns according to the API server: if someone else changes one of them, its ownership moves and the hash no
 * longer fits. If both are equal, the object is what was applied. No values need comparing, which the server may have
 * normalised.
 */
import { refOf, type Cluster, type KubeObject, type ObjectRef } from '../../cluster/types.ts';
import { failed, ok, type Outcome } from '../../core/outcome.ts';
import { isFields, listAt, stringAt } from '../../support/fields.ts';
import { isClaim } from '../live/claims.ts';
import { contentHash } from '../objects/content.ts';
import { identityOf } from '../objects/kinds.ts';
import { fieldManager, isOwnedBy, makerOf, ownerLabels, type Owner } from '../objects/ownership.ts';

/** One applied object. Without uid and hashes, it is about to be applied. */
export interface Entry extends ObjectRef {
  readonly uid?: string;
  readonly content?: string;
  readonly managed?: string;
}

/** The applied objects of a service by identity, in the order in which they were applied. */
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
  /**
   * The labels; see lifetime.ts for those that matter here. Absent if nothing is deployed: there is no inventory, or it
   * only lists claims that a removal left.
   */
  readonly labels?: Readonly<Record<string, string>>;
}

/** Reads the inventory; it is empty if there is none. */
export async function readInventory(
  place: InventoryPlace,
  cluster: Cluster,
  signal: AbortSignal,
): Promise<Outcome<Inventory>> {
  const record = await readInventoryRecord(place, cluster, signal);
  return record.kind === 'ok' ? ok(record.value.inventory) : record;
}

/**
 * Reads the inventory and its labels. Fails with OBJECT_FOREIGN if a ConfigMap of that name belongs to someone else.
 */
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
        hint: `appdev records what it has applied under that name: rename one of the two, or use another namespace`,
      },
    );
  }
  const entries = entriesIn(stringAt(found.value, 'data', dataKey) ?? '[]');
  const inventory = new Map(entries.map((entry) => [identityOf(entry), entry]));
  if (entries.every(isClaim)) return ok({ inventory });
  return ok({ inventory, labels: found.value.metadata.labels ?? {} });
}

/** Writes the inventory with labels of `markLabels`, and creates the ConfigMap if it does not exist. */
export async function writeInventory(
  inventory: Inventory,
  labels: Readonly<Record<string, string>>,
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
      labels: { ...labels, ...ownerLabels(owner) },
    },
    data: { [dataKey]: `[${lines}]` },
  };
  // Forced: it was read just before and is nobody else's to write, and a change by hand must not stop every deploy.
  return await cluster.apply(object, { fieldManager, force: true }, signal);
}

/** Deletes the inventory's ConfigMap. */
export async function removeInventory(
  { owner, namespace }: InventoryPlace,
  cluster: Cluster,
  signal: AbortSignal,
): Promise<Outcome<unknown>> {
  const ref = { apiVersion: 'v1', kind: 'ConfigMap', name: inventoryName(owner), namespace };
  return await cluster.remove(ref, {}, signal);
}

/** The entry for an applied object, from the API server's answer. */
export function entryOf(wanted: KubeObject, applied: KubeObject): Entry {
  const { uid } = applied.metadata;
  const hashes = { content: contentHash(wanted), managed: managedHash(applied) };
  return { ...refOf(wanted), ...(uid === undefined ? {} : { uid }), ...hashes };
}

/** True if the live object is exactly what this entry says was applied, and that is still what is wanted. */
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

/** The entries in a text. Anything that is not an entry is dropped, and so is never deleted. */
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
