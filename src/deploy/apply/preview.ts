/**
 * What a deploy would change in the cluster, object by object. Each rendered object goes through the API server as a
 * dry run, with its defaulting, admission and conflicts, and is compared with the live object. Writes nothing.
 */
import { refOf, type Cluster, type KubeObject } from '../../cluster/types.ts';
import { ok, type Outcome } from '../../core/outcome.ts';
import { isFields, stringAt } from '../../support/fields.ts';
import { lossClause, type LostClaim } from '../live/claims.ts';
import { namespaceOr, type ApplySettings } from './apply.ts';
import { driftOf, planSteps, type Step } from './plan.ts';
import { wouldTakeBack } from '../live/drift-words.ts';
import { readInventory } from '../record/inventory.ts';
import { groupOf, identityOf, nameOf } from '../objects/kinds.ts';
import { fieldManager, isOwnedBy } from '../objects/ownership.ts';
import { claimsLostByPruning, isNeverPruned } from './prune.ts';
import { sidesOf } from '../live/shown.ts';
import type { DeployTerms, ObjectChange, Preview, Rendered } from '../types.ts';

/**
 * Previews `applyObjects`. Fails with the same error if the deploy would fail. One exception: changes by others are
 * shown as they would be set back, with a note, even if the deploy would refuse that.
 */
export async function previewObjects(
  rendered: Rendered,
  { cluster, project, adopt, terms, forceConflicts }: ApplySettings,
  signal: AbortSignal,
): Promise<Outcome<Preview>> {
  const owner = { project, service: rendered.service };
  const known = await readInventory({ owner, namespace: rendered.namespace }, cluster, signal);
  if (known.kind !== 'ok') return known;
  const steps = await planSteps(rendered.objects, known.value, owner, adopt, cluster, signal);
  if (steps.kind !== 'ok') return steps;
  const drifts = await driftOf(steps.value, owner, cluster, signal);
  if (drifts.kind !== 'ok') return drifts;
  const dryRun = createDryRun(rendered, cluster);
  const changes: ObjectChange[] = [];
  for (const step of steps.value) {
    if (step.action === 'unchanged' || step.action === 'leave') continue;
    const after = await outcomeOf(step, dryRun, signal);
    if (after.kind !== 'ok') return namespaceOr(after, cluster, rendered.namespace);
    // A Job that is replaced loses what the server added, so the preview shows only what was written.
    const before =
      step.action === 'replace' && step.live !== undefined ? projected(step.live, step.object) : step.live;
    changes.push(...changeOf(before, after.value, step.action === 'replace' ? 'replace' : undefined));
  }
  const wanted = new Set(rendered.objects.map((object) => identityOf(refOf(object))));
  for (const [identity, entry] of known.value) {
    if (wanted.has(identity) || isNeverPruned(entry)) continue;
    const live = await cluster.get(entry, signal);
    if (live.kind !== 'ok') return live;
    if (live.value !== undefined && isOwnedBy(live.value, owner))
      changes.push(...changeOf(live.value, undefined));
  }
  const lost = await claimsLostByPruning(known.value, wanted, owner, cluster, signal);
  if (lost.kind !== 'ok') return lost;
  const drifted = drifts.value.map((drift) => wouldTakeBack(drift, forceConflicts));
  return ok({
    changes,
    notes: [...lossNotes(lost.value, terms), ...(await dryRun.notes(signal)), ...drifted],
  });
}

/** The notes that the deploy itself would be refused, or that it would delete data. */
export function lossNotes(lost: readonly LostClaim[], { deleteVolumes }: DeployTerms): string[] {
  if (lost.length === 0) return [];
  if (deleteVolumes) return [`it ${lossClause(lost)}`];
  return [`deploy would refuse this because it ${lossClause(lost)}; --delete-volumes allows it`];
}

async function outcomeOf(step: Step, dryRun: DryRun, signal: AbortSignal): Promise<Outcome<KubeObject>> {
  if (step.action === 'replace' && step.live !== undefined) return ok(step.object);
  return await dryRun.apply(
    step.object,
    { fieldManager, force: step.live !== undefined, isNew: step.live === undefined },
    signal,
  );
}

/** How to send an object. */
interface DryRunOptions {
  readonly fieldManager: string;
  readonly force: boolean;
  /** True if no object of this name exists. */
  readonly isNew: boolean;
  /** Drop fields that the kind does not have, as Helm does. */
  readonly lenient?: boolean;
}

/** Sends objects through the server as dry runs. */
export interface DryRun {
  /**
   * The object as it would become. If its namespace or kind would only come with the same deploy, it is returned
   * unchanged.
   */
  apply(object: KubeObject, options: DryRunOptions, signal: AbortSignal): Promise<Outcome<KubeObject>>;
  /** What to say besides the changes. */
  notes(signal: AbortSignal): Promise<readonly string[]>;
}

/** Returns the dry run for the objects of a service. */
export function createDryRun({ objects, namespace }: Rendered, cluster: Cluster): DryRun {
  let missing: Promise<boolean> | undefined;
  const namespaceMissing = (signal: AbortSignal): Promise<boolean> => {
    const ref = { apiVersion: 'v1', kind: 'Namespace', name: namespace };
    missing ??= cluster.get(ref, signal).then((found) => found.kind === 'ok' && found.value === undefined);
    return missing;
  };
  const kindComesToo = ({ apiVersion, kind }: KubeObject): boolean =>
    objects.some(
      (one) =>
        one.kind === 'CustomResourceDefinition' &&
        stringAt(one, 'spec', 'names', 'kind') === kind &&
        stringAt(one, 'spec', 'group') === groupOf(apiVersion),
    );
  return {
    async apply(object, { fieldManager: manager, force, isNew, lenient = false }, signal) {
      const home = object.metadata.namespace;
      if (isNew && home === namespace && (await namespaceMissing(signal))) return ok(object);
      if (isNew && kindComesToo(object)) return ok(object);
      return await cluster.apply(object, { fieldManager: manager, force, lenient, dryRun: true }, signal);
    },
    notes: async (signal) =>
      (await namespaceMissing(signal)) ? [`the namespace ${namespace} would be created`] : [],
  };
}

/** The change from one state to the other; undefined if a reader would see no difference. */
export function changeOf(
  before: KubeObject | undefined,
  after: KubeObject | undefined,
  kind?: 'replace',
): ObjectChange[] {
  const object = after ?? before;
  if (object === undefined) return [];
  const sides = sidesOf(before, after);
  if (sides.before === sides.after) return [];
  const { namespace } = object.metadata;
  return [
    {
      object: nameOf(object),
      ...(namespace === undefined ? {} : { namespace }),
      change: before === undefined ? 'create' : after === undefined ? 'delete' : (kind ?? 'change'),
      ...sides,
    },
  ];
}

/** The live object, reduced to the fields that are written in the wanted one. */
function projected(live: KubeObject, wanted: KubeObject): KubeObject {
  return cut(live, wanted) as KubeObject;
}

function cut(live: unknown, wanted: unknown): unknown {
  if (Array.isArray(wanted) && Array.isArray(live)) {
    return live.map((item, index) => cut(item, wanted[index] ?? item));
  }
  if (!isFields(wanted) || !isFields(live)) return live;
  const common = Object.keys(wanted).filter((key) => key in live);
  return Object.fromEntries(common.map((key) => [key, cut(live[key], wanted[key])]));
}
