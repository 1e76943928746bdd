/**
 * Volume claims hold what a developer has typed in for a week; nothing takes them along unasked. Says which claims go with
 * which objects, and how a write that would delete some is refused. Pure.
 *
 * Guarded is what a deleted object takes along. A StatefulSet that stays and has fewer replicas than before gives claims up
 * only with `whenScaled: Delete`, which its author has written for just that: it is not refused.
 */
import type { KubeObject } from '../../cluster/types.ts';
import { failed, type NotOk } from '../../core/outcome.ts';
import { listAt, numberAt, stringAt } from '../../support/fields.ts';
import { nameOf } from '../objects/kinds.ts';

/** The annotation by which Helm leaves an object alone. */
export const policyAnnotation = 'helm.sh/resource-policy';

/** A claim that would go. */
export interface LostClaim {
  readonly claim: KubeObject;
  /** The StatefulSet that takes it along; absent where the claim itself would be deleted. */
  readonly by?: KubeObject;
}

/** True for a PersistentVolumeClaim. */
export function isClaim(object: { readonly kind: string }): boolean {
  return object.kind === 'PersistentVolumeClaim';
}

/** True for an object that `helm uninstall` leaves alone, by the annotation in its template. */
export function isKept(object: KubeObject): boolean {
  return object.metadata.annotations?.[policyAnnotation]?.trim().toLowerCase() === 'keep';
}

/**
 * True for a claim that goes with a StatefulSet: by `persistentVolumeClaimRetentionPolicy.whenDeleted: Delete`, or because
 * the set still owns it, as the controller has it a moment after that policy was changed.
 */
function goesWith(set: KubeObject, claim: KubeObject): boolean {
  const policy = stringAt(set, 'spec', 'persistentVolumeClaimRetentionPolicy', 'whenDeleted');
  const owned = claim.metadata.ownerReferences?.some(({ uid }) => uid === set.metadata.uid) ?? false;
  return templateClaims([set], [claim]).length > 0 && (policy === 'Delete' || owned);
}

/**
 * The claims that go when objects are deleted.
 *
 * @param doomed the objects as they are in the cluster
 * @param claims those of the namespaces of the StatefulSets among them
 */
export function claimsLost(doomed: readonly KubeObject[], claims: readonly KubeObject[]): LostClaim[] {
  return doomed.flatMap((object): LostClaim[] => {
    if (isClaim(object)) return [{ claim: object }];
    return claims.filter((claim) => goesWith(object, claim)).map((claim) => ({ claim, by: object }));
  });
}

/** The claims that would go, as a clause: `would delete PersistentVolumeClaim/data and what is stored there`. */
export function lossClause(lost: readonly LostClaim[]): string {
  const names = lost.map(({ claim, by }) =>
    by === undefined ? nameOf(claim) : `${nameOf(claim)} (with ${nameOf(by)}, whenDeleted: Delete)`,
  );
  return `would delete ${names.join(', ')} and what is stored there`;
}

/**
 * Refuses a write: VOLUME_CLAIMS.
 *
 * @param doing what would delete the claims: `removing web`
 * @param keep how they are kept, one way a kind of loss
 * @param allow the command line that lets them go
 */
export function claimsRefusal(
  doing: string,
  lost: readonly LostClaim[],
  keep: readonly string[],
  allow: string,
): NotOk {
  return failed('VOLUME_CLAIMS', `${doing} ${lossClause(lost)}`, {
    hint: `to keep it: ${keep.join('; ')}; to let the data go: ${allow}`,
  });
}

/** Refuses to remove a service that is deployed. */
export function refuseRemoval(service: string, lost: readonly LostClaim[], keep: readonly string[]): NotOk {
  return claimsRefusal(`removing ${service}`, lost, keep, `appdev delete ${service} --delete-volumes`);
}

/** The commands after which a deploy leaves these claims in the cluster, although it no longer has what they came from. */
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

/** The commands after which StatefulSets no longer take their claims along. */
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

/** The claims that StatefulSets made from their templates: `<template>-<set>-<ordinal>`. */
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
