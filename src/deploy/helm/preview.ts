/**
 * What `helm upgrade` would change in the cluster: compares the rendered objects with the live ones. Helm's own dry run
 * shows what was rendered, not what the cluster would make of it. So each object goes through the API server as a dry
 * run under Helm's name, and what the last revision had but the new one lacks is removed, as Helm does. Writes nothing.
 */
import { refOf, type KubeObject } from '../../cluster/types.ts';
import type { HelmConfig } from '../../config/model.ts';
import { ok, type Outcome } from '../../core/outcome.ts';
import { isFields, stringAt, type Fields } from '../../support/fields.ts';
import { wouldTakeBack } from '../live/drift-words.ts';
import { staysInUpgrade } from './keep/keep.ts';
import { helmManager, lookAtRelease } from './keep/live.ts';
import { lossesOfUpgrade } from './keep/losses.ts';
import type { HelmApplySettings } from './upgrade.ts';
import { holdsOthers, homed, identityOf, nameOf } from '../objects/kinds.ts';
import { changeOf, createDryRun, lossNotes, projected } from '../apply/preview.ts';
import { findFrozen } from './frozen.ts';
import { removesItself } from '../objects/frozen.ts';
import { isMadeOf } from './render-plan.ts';
import { isOurRelease, type ReleaseState, type Revision } from '../record/release.ts';
import { foreignRelease, refuseOverApplied } from '../record/conflict.ts';
import { readRelease } from '../record/release-store.ts';
import type { ObjectChange, Preview, Rendered } from '../types.ts';

/**
 * Previews `applyRelease`. Fails with the same error if the deploy would be refused. One exception: changes by others
 * are shown as they would be set back, with a note, even if the deploy would refuse that.
 */
export async function previewRelease(
  { release }: HelmConfig,
  given: Rendered,
  {
    cluster,
    project,
    adopt,
    terms,
    forceConflicts,
  }: Pick<HelmApplySettings, 'cluster' | 'project' | 'adopt' | 'terms' | 'forceConflicts'>,
  signal: AbortSignal,
): Promise<Outcome<Preview>> {
  const { namespace } = given;
  const found = await readRelease(release, namespace, cluster, signal);
  if (found.kind !== 'ok') return found;
  const state = found.value;
  if (state.kind !== 'absent' && !isOurRelease(state.last, project) && !adopt) {
    return foreignRelease(state.last, release, namespace);
  }
  if (state.kind === 'absent') {
    const free = await refuseOverApplied({ project, service: given.service }, namespace, cluster, signal);
    if (free.kind !== 'ok') return free;
  }
  const base = baseOf(state);
  const same = isMadeOf(state, given.hash, project);
  const rendered = same && state.kind === 'settled' ? { ...given, objects: state.last.rendered } : given;
  const looked = await lookAtRelease(rendered, release, cluster, signal);
  if (looked.kind !== 'ok') return looked;
  const { wanted } = looked.value;
  const ours = state.kind === 'absent' || isOurRelease(state.last, project);
  const drifts = ours ? looked.value.drifts : [];
  const before = new Map(
    homed(base?.objects ?? [], namespace).map((object) => [identityOf(refOf(object)), object]),
  );
  const dryRun = createDryRun(rendered, cluster);
  const frozen = await findFrozen(state, rendered, release, cluster, signal);
  if (frozen.kind !== 'ok') return frozen;
  const replaced = new Set(frozen.value.map((object) => identityOf(refOf(object))));
  const changes: ObjectChange[] = [];
  for (const object of wanted) {
    const live = await cluster.get(refOf(object), signal);
    if (live.kind !== 'ok') return live;
    const isNew = live.value === undefined;
    if (isNew && same && removesItself(object)) continue;
    if (live.value !== undefined && replaced.has(identityOf(refOf(object)))) {
      changes.push(...changeOf(projected(live.value, object), object, 'replace'));
      continue;
    }
    const options = { fieldManager: helmManager, force: true, isNew, lenient: true };
    const after = await dryRun.apply(object, options, signal);
    if (after.kind !== 'ok') return after;
    const old = before.get(identityOf(refOf(object)));
    changes.push(
      ...changeOf(live.value, old === undefined ? after.value : without(after.value, old, object)),
    );
  }
  const kept = new Set(wanted.map((object) => identityOf(refOf(object))));
  for (const [identity, object] of before) {
    if (kept.has(identity) || holdsOthers(object)) continue;
    const live = await cluster.get(refOf(object), signal);
    if (live.kind !== 'ok') return live;
    if (live.value !== undefined && !staysInUpgrade(live.value))
      changes.push(...changeOf(live.value, undefined));
  }
  const losses = await lossesOfUpgrade(state, rendered, cluster, signal);
  if (losses.kind !== 'ok') return losses;
  const { claims, holders } = losses.value;
  const notes = [
    ...lossNotes(claims, terms),
    ...holders.map((one) => `${nameOf(one)} is no longer in the chart but would stay`),
    ...(await dryRun.notes(signal)),
    ...releaseNotes(state, release, same, changes),
    ...drifts.map((drift) => wouldTakeBack(drift, forceConflicts)),
  ];
  return ok({ changes, notes });
}

/** The revision that Helm compares with the cluster. */
function baseOf(state: ReleaseState): Revision | undefined {
  if (state.kind === 'absent') return undefined;
  return state.kind === 'uninstalling' ? state.last : (state.deployed ?? state.last);
}

function releaseNotes(
  state: ReleaseState,
  release: string,
  same: boolean,
  changes: readonly ObjectChange[],
): string[] {
  switch (state.kind) {
    case 'absent':
      return [`release ${release} would be installed`];
    case 'pending':
      return [
        `release ${release} is ${state.last.status}; deploy would repair it first if the helm that holds it is gone`,
      ];
    case 'uninstalling':
      return [`release ${release} is being uninstalled; deploy would finish that and then install it`];
    case 'settled': {
      const { last } = state;
      if (same && changes.length === 0) return [];
      const next = `release ${release} would become revision ${last.revision + 1}`;
      if (last.status !== 'deployed') return [`${next}: revision ${last.revision} is ${last.status}`];
      if (changes.length > 0) return [next];
      return [`${next}: its chart or its values differ from revision ${last.revision}`];
    }
  }
}

/** `result` without the fields that `old` has but `wanted` lacks. */
function without(result: KubeObject, old: KubeObject, wanted: KubeObject): KubeObject {
  return removed(result, old, wanted) as KubeObject;
}

function removed(result: unknown, old: unknown, wanted: unknown): unknown {
  if (Array.isArray(result) && Array.isArray(old)) {
    const [olds, wants] = [old as unknown[], Array.isArray(wanted) ? (wanted as unknown[]) : []];
    return (result as unknown[]).flatMap((item) => {
      const was = olds.find((one) => sameItem(one, item));
      const is = wants.find((one) => sameItem(one, item));
      if (was === undefined) return [item];
      return is === undefined ? [] : [removed(item, was, is)];
    });
  }
  if (!isFields(result) || !isFields(old)) return result;
  const target: Fields = isFields(wanted) ? wanted : {};
  return Object.fromEntries(
    Object.entries(result).flatMap(([key, value]) => {
      if (key in old && !(key in target)) return [];
      return [[key, removed(value, old[key], target[key])]];
    }),
  );
}

/** Keys by which Kubernetes identifies the items of a list: containers, variables, mounts, ports, hosts. */
const itemKeys = ['name', 'mountPath', 'containerPort', 'port', 'ip', 'topologyKey'];

function sameItem(one: unknown, other: unknown): boolean {
  if (!isFields(one) || !isFields(other)) return one === other;
  const key = itemKeys.find((name) => name in one && name in other);
  return key === undefined
    ? JSON.stringify(one) === JSON.stringify(other)
    : one[key] === other[key] &&
        stringAt(one, 'protocol') === (stringAt(other, 'protocol') ?? stringAt(one, 'protocol'));
}
