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
import { lifetimeLabel } from '../../core/labels.ts';
import { lifetimeIn, marksIn, nextLifetime } from '../objects/lifetime.ts';
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
  /** The ConfigMap in the state that was read; absent if there is none. */
  readonly object?: KubeObject;
}

const nothing: InventoryRecord = { inventory: new Map() };

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
  if (found.value === undefined) return ok(nothing);
  if (!isOwnedBy(found.value, owner)) {
    return failed(
      'OBJECT_FOREIGN',
      `ConfigMap/${ref.name} in ${namespace} belongs to ${makerOf(found.value)}`,
      {
        hint: `appdev records what it has applied under that name: rename one of the two, or use another namespace`,
      },
    );
  }
  return ok(recordIn(found.value));
}

function recordIn(object: KubeObject): InventoryRecord {
  const entries = entriesIn(stringAt(object, 'data', dataKey) ?? '[]');
  const inventory = new Map(entries.map((entry) => [identityOf(entry), entry]));
  if (entries.every(isClaim)) return { inventory, object };
  return { inventory, object, labels: object.metadata.labels ?? {} };
}

/** What to write. */
export interface InventoryChange {
  /** All entries, if nobody else has written since `before` was read. */
  readonly inventory: Inventory;
  /** Labels of `markLabels`. They take the place of those that are there. */
  readonly marks: Readonly<Record<string, string>>;
  /** True: the ConfigMap is deleted if no entry is left. */
  readonly removesEmpty?: true;
}

/**
 * Writes the inventory with its marks, in the very state in which `before` was read. If another session has written
 * since, its entries stay: what this change adds and takes away is done to them.
 *
 * @param before what `readInventoryRecord` or the write before returned
 * @returns what is recorded now
 */
export async function writeInventory(
  before: InventoryRecord,
  change: InventoryChange,
  place: InventoryPlace,
  cluster: Cluster,
  signal: AbortSignal,
): Promise<Outcome<InventoryRecord>> {
  let [known, wanted, marks] = [before, change.inventory, change.marks];
  // Each pass lost a race against another writer, and the next one adds to what that writer left.
  for (;;) {
    const written = await writeOnce(known, { ...change, inventory: wanted, marks }, place, cluster, signal);
    if (written.kind === 'ok' && written.value !== 'conflict') return ok(written.value);
    if (written.kind !== 'ok' && known.object === undefined) return written;
    const now = await readInventoryRecord(place, cluster, signal);
    // A write fails, and does not conflict, if the ConfigMap was deleted meanwhile.
    const isGone = now.kind === 'ok' && now.value.object === undefined;
    if (written.kind !== 'ok' && !isGone) return written;
    if (now.kind !== 'ok') return now;
    wanted = changed(now.value.inventory, known.inventory, wanted);
    const { labels } = now.value;
    if (labels !== undefined) {
      // A removal has no marks of its own. What another session has brought meanwhile keeps its own.
      marks =
        lifetimeLabel in marks
          ? { ...marks, [lifetimeLabel]: nextLifetime(lifetimeIn(marks), lifetimeIn(labels)) }
          : marksIn(labels);
    }
    known = now.value;
  }
}

async function writeOnce(
  { object: found }: InventoryRecord,
  { inventory, marks, removesEmpty }: InventoryChange,
  { owner, namespace }: InventoryPlace,
  cluster: Cluster,
  signal: AbortSignal,
): Promise<Outcome<InventoryRecord | 'conflict'>> {
  const ref = { apiVersion: 'v1', kind: 'ConfigMap', name: inventoryName(owner), namespace };
  if (removesEmpty === true && inventory.size === 0) {
    if (found === undefined) return ok(nothing);
    const { uid, resourceVersion } = found.metadata;
    const state = {
      ...(uid !== undefined && { uid }),
      ...(resourceVersion !== undefined && { resourceVersion }),
    };
    const removed = await cluster.remove(ref, state, signal);
    if (removed.kind !== 'ok' || removed.value === 'deleted')
      return removed.kind === 'ok' ? ok(nothing) : removed;
    // It is gone already, or somebody has changed it.
    const now = await cluster.get(ref, signal);
    return now.kind === 'ok' ? ok(now.value === undefined ? nothing : 'conflict') : now;
  }
  const lines = [...inventory.values()].map((entry) => JSON.stringify(entry)).join(',\n');
  const { labels = {}, ...metadata } = found?.metadata ?? { name: ref.name, namespace };
  const old = Object.keys(marksIn(labels));
  const others = Object.fromEntries(Object.entries(labels).filter(([key]) => !old.includes(key)));
  const object: KubeObject = {
    apiVersion: ref.apiVersion,
    kind: ref.kind,
    metadata: { ...metadata, labels: { ...others, ...ownerLabels(owner), ...marks } },
    data: { [dataKey]: `[${lines}]` },
  };
  const written = await (found === undefined
    ? cluster.create(object, signal)
    : cluster.replace(object, signal));
  if (written.kind !== 'ok') return written;
  return ok(typeof written.value === 'string' ? 'conflict' : recordIn(written.value));
}

/** What stands in `now`, with the difference between `before` and `wanted` made to it. */
function changed(now: Inventory, before: Inventory, wanted: Inventory): Inventory {
  const merged = new Map(now);
  for (const identity of before.keys()) if (!wanted.has(identity)) merged.delete(identity);
  for (const [identity, entry] of wanted)
    if (!isSame(before.get(identity), entry)) merged.set(identity, entry);
  return merged;
}

/** True if two entries say the same. Those of a record that was read are other values. */
function isSame(one: Entry | undefined, other: Entry): boolean {
  return one !== undefined && contentHash(one) === contentHash(other);
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
