/**
 * Decides what to do with each rendered object: compares it with the live object and with what was applied before.
 * Reads the cluster and changes nothing, so a preview makes the same plan as a deploy.
 */
import { refOf, type Cluster, type KubeObject } from '../../cluster/types.ts';
import { failed, ok, type Outcome } from '../../core/outcome.ts';
import { findAutoscaled, leftToAutoscaler } from '../live/autoscaled.ts';
import { findDrift, type Drift, type Pair } from '../live/drift.ts';
import { isUnchanged, type Entry, type Inventory } from '../record/inventory.ts';
import { identityOf, isSharedKind, nameOf } from '../objects/kinds.ts';
import { fieldManager, isOwnedBy, makerOf, serviceOf, sharedHint, type Owner } from '../objects/ownership.ts';

/** What to do with one rendered object. */
export interface Step {
  /** The object to send. It is the rendered one, but if an autoscaler decides, the replicas are left to it. */
  readonly object: KubeObject;
  readonly live: KubeObject | undefined;
  readonly action: 'unchanged' | 'apply' | 'replace' | 'adopt' | 'leave';
  /** True if the live object is the one that appdev applied. False if it only carries the labels. */
  readonly isApplied: boolean;
}

/** Kinds whose pods cannot change in place, so they are deleted and created again. */
const replaced = ['Job', 'Pod'];

/**
 * Reads every live object and plans a step for each rendered one, in the same order. Fails with OBJECT_FOREIGN, naming
 * all of them, if objects belong to someone else; then nothing is written.
 */
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
  const foreign: KubeObject[] = [];
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
    if (action === 'foreign' && live !== undefined) foreign.push(live);
    else if (action !== 'foreign') steps.push({ object, live, action, isApplied });
  }
  const [first] = foreign;
  if (first !== undefined) {
    const names = foreign.map((live) => `${nameOf(live)} (made by ${makerOf(live)})`).join(', ');
    const what = foreign.length === 1 ? 'already exists but was' : 'already exist but were';
    const sister = serviceOf(first, owner.project);
    return failed('OBJECT_FOREIGN', `${names} ${what} not made by service ${owner.service}`, {
      hint:
        sister === undefined
          ? 'delete or rename it, use another namespace, or use --adopt to take it over'
          : `${sharedHint(sister, owner.service)}; if ${sister} no longer renders it, deploy ${sister} first, or use --adopt`,
    });
  }
  return ok(steps);
}

/**
 * True if there is a live object to compare with. An object that is being deleted does not count: it is created again,
 * without anything that others had set in it.
 */
function isPair(one: { readonly wanted: KubeObject; readonly live: KubeObject | undefined }): one is Pair {
  return one.live !== undefined && one.live.metadata.deletionTimestamp === undefined;
}

/**
 * Finds what others have changed in the objects that a deploy is about to apply. Fails with OBJECT_FOREIGN if one of
 * those objects only carries the labels, because its fields are not ours to take.
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
  const message = `${nameOf(foreign.wanted)} carries the labels of service ${service}, but appdev did not make it`;
  return failed('OBJECT_FOREIGN', message, { hint: 'delete it, or use --adopt to take it over' });
}

function actionFor(
  { object: wanted, live, isApplied }: Omit<Step, 'action'>,
  entry: Entry | undefined,
  owner: Owner,
  adopt: boolean,
): Step['action'] | 'foreign' {
  if (live === undefined) return 'apply';
  if (!isOwnedBy(live, owner)) {
    if (isSharedKind(wanted)) return 'leave';
    return adopt ? 'adopt' : 'foreign';
  }
  if (isUnchanged(entry, wanted, live)) return 'unchanged';
  if (replaced.includes(wanted.kind)) return 'replace';
  return adopt && !isApplied ? 'adopt' : 'apply';
}
