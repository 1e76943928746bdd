/**
 * Volume claims may hold a week of a developer's work, so nothing deletes them unasked. This file says which claims go
 * with which objects, and refuses a write that would delete some. Pure.
 *
 * The guard covers what goes with a deleted object. It does not cover a StatefulSet that stays with fewer replicas:
 * that gives up claims only with `whenScaled: Delete`, which its author wrote for exactly that.
 */
import type { KubeObject } from '../../cluster/types.ts';
import { failed, type NotOk } from '../../core/outcome.ts';
import { listAt, numberAt, stringAt } from '../../support/fields.ts';
import { nameOf } from '../objects/kinds.ts';

/** With this annotation Helm leaves an object alone. */
export const policyAnnotation = 'helm.sh/resource-policy';

/** A claim that would be deleted. */
export interface LostClaim {
  readonly claim: KubeObject;
  /** The StatefulSet whose deletion would delete the claim. Absent if the claim itself would be deleted. */
  readonly by?: KubeObject;
}

/** True for a PersistentVolumeClaim. */
export function isClaim(object: { readonly kind: string }): boolean {
  return object.kind === 'PersistentVolumeClaim';
}

/** True for an object that `helm uninstall` leaves alone because of the annotation in its template. */
export function isKept(object: KubeObject): boolean {
  return object.metadata.annotations?.[policyAnnotation]?.trim().toLowerCase() === 'keep';
}

/**
 * True for a claim that is deleted with a StatefulSet: because of `persistentVolumeClaimRetentionPolicy.whenDeleted:
 * Delete`, or because the set still owns the claim (the controller updates that a moment after the policy changes).
 */
function goesWith(set: KubeObject, claim: KubeObject): boolean {
  const policy = stringAt(set, 'spec', 'persistentVolumeClaimRetentionPolicy', 'whenDeleted');
  const owned = claim.metadata.ownerReferences?.some(({ uid }) => uid === set.metadata.uid) ?? false;
  return templateClaims([set], [claim]).length > 0 && (policy === 'Delete' || owned);
}

/**
 * The claims that would be deleted with these objects.
 *
 * @param doomed the objects to delete, as they are in the cluster
 * @param claims all claims in the namespaces of the StatefulSets among them
 */
export function claimsLost(doomed: readonly KubeObject[], claims: readonly KubeObject[]): LostClaim[] {
  return doomed.flatMap((object): LostClaim[] => {
    if (isClaim(object)) return [{ claim: object }];
    return claims.filter((claim) => goesWith(object, claim)).map((claim) => ({ claim, by: object }));
  });
}

/**
 * The claims that would be deleted, as a clause: `would delete PersistentVolumeClaim/data and what is stored there`.
 */
export function lossClause(lost: readonly LostClaim[]): string {
  const names = lost.map(({ claim, by }) =>
    by === undefined ? nameOf(claim) : `${nameOf(claim)} (with ${nameOf(by)}, whenDeleted: Delete)`,
  );
  return `would delete ${names.join(', ')} and what is stored there`;
}

/**
 * The refusal of a write that would delete claims: VOLUME_CLAIMS.
 *
 * @param doing what would delete the claims: `removing web`
 * @param keep how to keep them: one command or advice for each kind of loss
 * @param allow the command line that deletes them
 */
export function claimsRefusal(
  doing: string,
  lost: readonly LostClaim[],
  keep: readonly string[],
  allow: string,
): NotOk {
  return failed('VOLUME_CLAIMS', `${doing} ${lossClause(lost)}`, {
    hint: `to keep the data: ${keep.join('; ')}; to delete it: ${allow}`,
  });
}

/** The refusal to remove a deployed service: VOLUME_CLAIMS. */
export function refuseRemoval(service: string, lost: readonly LostClaim[], keep: readonly string[]): NotOk {
  return claimsRefusal(`removing ${service}`, lost, keep, `appdev delete ${service} --delete-volumes`);
}

/** The commands that make a deploy leave these claims in the cluster, even if the objects they came from are gone. */
export function keepingCommands(lost: readonly LostClaim[], context: string): string[] {
  const kubectl = ({ metadata }: KubeObject): string =>
    `kubectl --context ${context} -n ${metadata.namespace ?? ''}`;
  const own = lost.flatMap(({ claim, by }) =>
    by === undefined
      ? [`${kubectl(claim)} annotate pvc ${claim.metadata.name} ${policyAnnotation}=keep`]
      : [],
  );
  return [...own, ...retainCommands(lost, context)];
}

/** The commands that make StatefulSets leave their claims behind. */
export function retainCommands(lost: readonly LostClaim[], context: string): string[] {
  const patch = '{"spec":{"persistentVolumeClaimRetentionPolicy":{"whenDeleted":"Retain"}}}';
  const commands = lost.flatMap(({ by }) => {
    if (by === undefined) return [];
    const { name, namespace = '' } = by.metadata;
    return [
      `kubectl --context ${context} -n ${namespace} patch statefulset ${name} --type=merge -p '${patch}'`,
    ];
  });
  return [...new Set(commands)];
}

/** The claims that StatefulSets made from their templates, named `<template>-<set>-<ordinal>`. */
export function templateClaims(sets: readonly KubeObject[], claims: readonly KubeObject[]): KubeObject[] {
  const prefixes = sets
    .filter(({ kind }) => kind === 'StatefulSet')
    .flatMap((set) =>
      listAt(set, 'spec', 'volumeClaimTemplates').map((template) => ({
        namespace: set.metadata.namespace,
        prefix: `${stringAt(template, 'metadata', 'name') ?? ''}-${set.metadata.name}-`,
        first: numberAt(set, 'spec', 'ordinals', 'start') ?? 0,
      })),
    );
  return claims.filter(({ metadata }) =>
    prefixes.some(({ namespace, prefix, first }) => {
      const ordinal = metadata.name.startsWith(prefix) ? metadata.name.slice(prefix.length) : '';
      return metadata.namespace === namespace && /^\d+$/.test(ordinal) && Number(ordinal) >= first;
    }),
  );
}
