/**
 * Decides what is to be done about each rendered object, by the live one and by what was applied before. Reads the
 * cluster and changes nothing, so that a preview plans as the deploy does.
 */
import { refOf } from '../cluster/ref.ts';
import type { Cluster, KubeObject } from '../cluster/types.ts';
import { failed, ok, type Outcome } from '../outcome.ts';
import { isUnchanged, type Entry, type Inventory } from './inventory.ts';
import { identityOf, nameOf } from './objects.ts';
import { isOwnedBy, makerOf, type Owner } from './ownership.ts';

/** What is to be done about one rendered object. */
export interface Step {
  readonly object: KubeObject;
  readonly live: KubeObject | undefined;
  readonly action: 'unchanged' | 'apply' | 'replace' | 'adopt' | 'leave';
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
  for (const [index, object] of objects.entries()) {
    const answer = answers[index];
    if (answer === undefined) continue;
    if (answer.kind !== 'ok') return answer;
    const live = answer.value;
    const action = actionFor(object, live, inventory.get(identityOf(refOf(object))), owner, adopt);
    if (action === 'foreign' && live !== undefined)
      foreign.push(`${nameOf(live)} (made by ${makerOf(live)})`);
    else if (action !== 'foreign') steps.push({ object, live, action });
  }
  if (foreign.length > 0) {
    const what = foreign.length === 1 ? 'exists already and was' : 'exist already and were';
    return failed('OBJECT_FOREIGN', `${foreign.join(', ')} ${what} not made by service ${owner.service}`, {
      hint: 'delete or rename it, use another namespace, or take it over with --adopt',
    });
  }
  return ok(steps);
}

function actionFor(
  wanted: KubeObject,
  live: KubeObject | undefined,
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
  return replaced.includes(wanted.kind) ? 'replace' : 'apply';
}
