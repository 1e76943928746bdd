/**
 * Decides what is to be done about each rendered object, by the live one and by what was applied before. Reads the
 * cluster and changes nothing, so that a preview plans as the deploy does.
 */
import { refOf } from '../../cluster/ref.ts';
import type { Cluster, KubeObject } from '../../cluster/types.ts';
import { failed, ok, type Outcome } from '../../core/outcome.ts';
import { findAutoscaled, leftToAutoscaler } from '../live/autoscaled.ts';
import { findDrift, type Drift, type Pair } from '../live/drift.ts';
import { isUnchanged, type Entry, type Inventory } from '../record/inventory.ts';
import { identityOf, nameOf } from '../objects/kinds.ts';
import { fieldManager, isOwnedBy, makerOf, type Owner } from '../objects/ownership.ts';

/** What is to be done about one rendered object. */
export interface Step {
  /** As it is sent: as rendered, but for the replicas where an autoscaler decides. */
  readonly object: KubeObject;
  readonly live: KubeObject | undefined;
  readonly action: 'unchanged' | 'apply' | 'replace' | 'adopt' | 'leave';
  /** The live object is the very one that was applied before, and not one that only carries the labels. */
  readonly isApplied: boolean;
}

/**
 * Kinds that others share, cluster-wide: they are created where they are missing, and are left alone where somebody else
 * made them. A manifest may name the namespace that it goes to without owning it.
 */
const shared = ['Namespace', 'CustomResourceDefinition'];

/** Kinds whose pods cannot change in place: they are deleted and created. */
const replaced = ['Job', 'Pod'];

/** Reads every object and decides. Nothing is written when one of them is not ours to change. */
export async function planSteps(
  objects: readonly KubeObject[],
  inventory: Inventory,
  owner: Owner,
  adopt: boolean,
  cluster: Cluster,
  signal: AbortSignal,
): Promise<Outcome<readonly Step[]>> {
  const answers = await Promise.all(objects.map(async (object) => await cluster.get(refOf(object), signal)));
  const steps: Step[] = [];
  const foreign: string[] = [];
  const found: { readonly wanted: KubeObject; readonly live: KubeObject | undefined }[] = [];
  for (const [index, wanted] of objects.entries()) {
    const answer = answers[index];
    if (answer === undefined) continue;
    if (answer.kind !== 'ok') return answer;
    found.push({ wanted, live: answer.value });
  }
  const autoscaled = await findAutoscaled(found.filter(isPair), objects, cluster, signal);
  if (autoscaled.kind !== 'ok') return autoscaled;
  for (const one of found) {
    const { live } = one;
    const object = isPair(one) ? leftToAutoscaler(one, autoscaled.value, fieldManager) : one.wanted;
    const entry = inventory.get(identityOf(refOf(object)));
    const isApplied = entry !== undefined && (entry.uid ?? live?.metadata.uid) === live?.metadata.uid;
    const action = actionFor({ object, live, isApplied }, entry, owner, adopt);
    if (action === 'foreign' && live !== undefined)
      foreign.push(`${nameOf(live)} (made by ${makerOf(live)})`);
    else if (action !== 'foreign') steps.push({ object, live, action, isApplied });
  }
  if (foreign.length > 0) {
    const what = foreign.length === 1 ? 'exists already and was' : 'exist already and were';
    return failed('OBJECT_FOREIGN', `${foreign.join(', ')} ${what} not made by service ${owner.service}`, {
      hint: 'delete or rename it, use another namespace, or take it over with --adopt',
    });
  }
  return ok(steps);
}

/** An object that is being deleted is made anew, with nothing in it that others have set. */
function isPair(one: { readonly wanted: KubeObject; readonly live: KubeObject | undefined }): one is Pair {
  return one.live !== undefined && one.live.metadata.deletionTimestamp === undefined;
}

/**
 * What others have changed of the objects that are to be applied. OBJECT_FOREIGN where one of them only carries the labels:
 * its fields are not ours to take.
 */
export async function driftOf(
  steps: readonly Step[],
  { service }: Owner,
  cluster: Cluster,
  signal: AbortSignal,
): Promise<Outcome<readonly Drift[]>> {
  const applied = steps.filter(({ action }) => action === 'apply');
  const pairs = applied.map(({ object, live }) => ({ wanted: object, live })).filter(isPair);
  const drifts = await findDrift(pairs, fieldManager, cluster, signal);
  if (drifts.kind !== 'ok') return drifts;
  const others = new Set(applied.filter(({ isApplied }) => !isApplied).map(({ object }) => object));
  const foreign = drifts.value.find(({ wanted }) => others.has(wanted));
  if (foreign === undefined) return drifts;
  const message = `${nameOf(foreign.wanted)} carries the labels of service ${service}, and appdev did not make it`;
  return failed('OBJECT_FOREIGN', message, { hint: 'delete it, or take it over with --adopt' });
}

function actionFor(
  { object: wanted, live, isApplied }: Omit<Step, 'action'>,
  entry: Entry | undefined,
  owner: Owner,
  adopt: boolean,
): Step['action'] | 'foreign' {
  if (live === undefined) return 'apply';
  if (!isOwnedBy(live, owner)) {
    if (shared.includes(wanted.kind)) return 'leave';
    return adopt ? 'adopt' : 'foreign';
  }
  if (isUnchanged(entry, wanted, live)) return 'unchanged';
  if (replaced.includes(wanted.kind)) return 'replace';
  return adopt && !isApplied ? 'adopt' : 'apply';
}
