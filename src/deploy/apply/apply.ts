/**
 * Brings plain manifests and Kustomize's output into the cluster by server-side apply. Applies only what changed, in
 * order, and never over an object that appdev did not make. Then deletes what is no longer rendered; what older pods
 * need goes when the new ones serve.
 */
import type { WorkContext } from '../../build/types.ts';
import { refOf, type Cluster, type KubeObject } from '../../cluster/types.ts';
import { cancelled, ok, type Outcome } from '../../core/outcome.ts';
import { count } from '../../core/words.ts';
import { claimsRefusal, retainCommands } from '../live/claims.ts';
import { namespaceMissing } from '../live/namespace-missing.ts';
import { refuseDrift, takenBack } from '../live/drift-words.ts';
import { goneLimitMs, waitUntilGone } from '../live/gone.ts';
import { entryOf, readInventoryRecord, writeInventory, type Entry } from '../record/inventory.ts';
import { isMarked, lifetimeIn, markLabels, marksIn, nextLifetime } from '../objects/lifetime.ts';
import { identityOf, nameOf } from '../objects/kinds.ts';
import { fieldManager } from '../objects/ownership.ts';
import { driftOf, planSteps, type Step } from './plan.ts';
import { untilServed } from './new-kind.ts';
import { claimsLostByPruning, obsoleteIn, pruneObjects, staysForPods } from './prune.ts';
import type { Applied, DeployTerms, Rendered } from '../types.ts';

export interface ApplySettings {
  readonly cluster: Cluster;
  readonly project: string;
  /** Take over objects that someone else made. */
  readonly adopt: boolean;
  readonly terms: DeployTerms;
  /** Take back fields of our own objects that someone else has changed. Without it, such a change is a refusal. */
  readonly forceConflicts: boolean;
}

/**
 * Applies the rendered objects of a service and records them in its inventory. The value says whether anything changed.
 * Fails with OBJECT_FOREIGN, VOLUME_CLAIMS or NAMESPACE_MISSING, or as the API server answers.
 */
export async function applyObjects(
  rendered: Rendered,
  settings: ApplySettings,
  context: WorkContext,
): Promise<Outcome<Applied>> {
  const { cluster, project, adopt, terms, forceConflicts } = settings;
  const { signal, report } = context;
  const owner = { project, service: rendered.service };
  const place = { owner, namespace: rendered.namespace };
  const record = await readInventoryRecord(place, cluster, signal);
  if (record.kind !== 'ok') return record;
  let recorded = record.value;
  const known = recorded.inventory;
  const { labels } = recorded;
  const before = labels === undefined ? undefined : lifetimeIn(labels);
  const marks = markLabels(nextLifetime(terms.lifetime, before), terms.maker);
  const steps = await planSteps(rendered.objects, known, owner, adopt, cluster, signal);
  if (steps.kind !== 'ok') return steps;
  const todo = steps.value.filter(({ action }) => action !== 'unchanged' && action !== 'leave');
  const left = new Set(steps.value.filter(({ action }) => action === 'leave').map(({ object }) => object));
  const wanted = new Set(rendered.objects.map((object) => identityOf(refOf(object))));
  const obsolete = obsoleteIn(known, wanted);
  const later = obsolete.filter(staysForPods).length;
  if (todo.length === 0 && obsolete.length === later) {
    const marked =
      labels === undefined || isMarked(labels, marks)
        ? ok(recorded)
        : await writeInventory(recorded, { inventory: known, marks }, place, cluster, signal);
    return marked.kind === 'ok' ? ok({ changed: false, detail: detailOf(0, 0, later) }) : marked;
  }
  const drifts = await driftOf(todo, owner, cluster, signal);
  if (drifts.kind !== 'ok') return drifts;
  if (drifts.value.length > 0 && !forceConflicts) return refuseDrift(rendered.service, drifts.value);
  const lost = await claimsLostByPruning(known, wanted, owner, cluster, signal);
  if (lost.kind !== 'ok') return lost;
  if (lost.value.length > 0 && !terms.deleteVolumes) {
    const keep = retainCommands(lost.value, cluster.identity.context);
    return claimsRefusal(`deploying ${owner.service}`, lost.value, keep, terms.allowVolumes);
  }

  // Written before anything is created: if this run is stopped, the next one still knows what is ours.
  const inventory = new Map<string, Entry>(known);
  for (const object of rendered.objects) {
    const identity = identityOf(refOf(object));
    if (!left.has(object) && !inventory.has(identity)) inventory.set(identity, refOf(object));
  }
  if (inventory.size > known.size) {
    const written = await writeInventory(recorded, { inventory, marks }, place, cluster, signal);
    if (written.kind !== 'ok') return namespaceOr(written, cluster, rendered.namespace);
    recorded = written.value;
    // What another session has added meanwhile stays on record. It is not this run's to prune.
    for (const [identity, entry] of recorded.inventory) {
      if (!inventory.has(identity)) inventory.set(identity, entry);
    }
  }
  for (const step of todo) {
    if (signal.aborted) return cancelled(signal);
    const drift = drifts.value.find(({ wanted }) => wanted === step.object);
    const applied = await applyStep(step, drift !== undefined, cluster, signal);
    if (applied.kind !== 'ok') return namespaceOr(applied, cluster, rendered.namespace);
    if (drift !== undefined) report.warn(takenBack(drift));
    inventory.set(identityOf(refOf(step.object)), entryOf(step.object, applied.value));
  }
  const now = obsolete.filter((entry) => !staysForPods(entry));
  const pruned = await pruneObjects(inventory, now, owner, cluster, signal);
  if (pruned.kind !== 'ok') return pruned;
  const change = { inventory: pruned.value.inventory, marks };
  const written = await writeInventory(recorded, change, place, cluster, signal);
  if (written.kind !== 'ok') return written;
  const removed = pruned.value.removed.length;
  return ok({ changed: todo.length > 0 || removed > 0, detail: detailOf(todo.length, removed, later) });
}

/**
 * Prunes what older pods needed, now that the newer version serves: ConfigMaps that Kustomize made under another name,
 * for example. Writes nothing if there is nothing to prune.
 *
 * @returns what was deleted, `Kind/name` each
 */
export async function settleObjects(
  rendered: Rendered,
  { cluster, project }: Pick<ApplySettings, 'cluster' | 'project'>,
  signal: AbortSignal,
): Promise<Outcome<readonly string[]>> {
  const owner = { project, service: rendered.service };
  const place = { owner, namespace: rendered.namespace };
  const record = await readInventoryRecord(place, cluster, signal);
  if (record.kind !== 'ok') return record;
  const { inventory, labels } = record.value;
  const wanted = new Set(rendered.objects.map((object) => identityOf(refOf(object))));
  const obsolete = obsoleteIn(inventory, wanted).filter(staysForPods);
  if (obsolete.length === 0 || labels === undefined) return ok([]);
  const pruned = await pruneObjects(inventory, obsolete, owner, cluster, signal);
  if (pruned.kind !== 'ok') return pruned;
  const change = { inventory: pruned.value.inventory, marks: marksIn(labels) };
  const written = await writeInventory(record.value, change, place, cluster, signal);
  return written.kind === 'ok' ? ok(pruned.value.removed.map(nameOf)) : written;
}

/** @param later how many objects are pruned when the new version serves */
function detailOf(changed: number, pruned: number, later: number): string {
  const parts = [];
  if (changed > 0) parts.push(`${count(changed, 'object')} changed`);
  if (pruned > 0) parts.push(`${pruned} pruned`);
  if (parts.length === 0) parts.push('unchanged');
  if (later > 0) parts.push(`${later} to prune after the rollout`);
  return parts.join(', ');
}

async function applyStep(
  { object, live, action }: Step,
  takesBack: boolean,
  cluster: Cluster,
  signal: AbortSignal,
): Promise<Outcome<KubeObject>> {
  if (live !== undefined && action === 'replace') {
    const { uid } = live.metadata;
    const removed = await cluster.remove(refOf(live), uid === undefined ? {} : { uid }, signal);
    if (removed.kind !== 'ok') return removed;
  }
  if (live !== undefined && (action === 'replace' || live.metadata.deletionTimestamp !== undefined)) {
    const pods = live.kind === 'Pod' ? [live] : [];
    const gone = await waitUntilGone([live], cluster, goneLimitMs(pods), signal);
    if (gone.kind !== 'ok') return gone;
  }
  // Adopting an object includes taking over its fields.
  const force = action === 'adopt' || takesBack;
  const applied = await cluster.apply(object, { fieldManager, force }, signal);
  if (applied.kind !== 'ok' || object.kind !== 'CustomResourceDefinition') return applied;
  return await untilServed(applied.value, cluster, signal);
}

/**
 * Gives its own error to the API server's 404 for an object whose namespace does not exist.
 *
 * @param home the namespace of the service; a manifest may name another one
 */
export function namespaceOr<T extends Outcome<unknown>>(
  outcome: T,
  cluster: Cluster,
  home: string,
): T | Outcome<never> {
  const message = outcome.kind === 'failed' ? outcome.error.message : '';
  const missing = /namespaces "([^"]+)" not found/.exec(message)?.[1];
  if (missing === undefined) return outcome;
  const { context } = cluster.identity;
  return { kind: 'failed', error: namespaceMissing(missing, home, context) };
}
