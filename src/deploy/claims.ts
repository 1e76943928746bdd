/**
 * Volume claims hold what a developer has typed in for a week; no removal takes them along unasked. Says which claims a
 * removal would delete, and which ones belong to the claim templates of StatefulSets. Pure.
 */
import type { KubeObject } from '../cluster/types.ts';
import { listAt, numberAt, stringAt } from '../support/fields.ts';
import { nameOf } from './objects.ts';

/** True for a PersistentVolumeClaim. */
export function isClaim(object: { readonly kind: string }): boolean {
  return object.kind === 'PersistentVolumeClaim';
}

/** True for an object that `helm uninstall` leaves alone, by the annotation in its template. */
export function isKept(object: KubeObject): boolean {
  return object.metadata.annotations?.['helm.sh/resource-policy']?.trim().toLowerCase() === 'keep';
}

/**
 * The objects whose deletion would delete claims: claims themselves, and StatefulSets that are told to take theirs along
 * (`persistentVolumeClaimRetentionPolicy.whenDeleted: Delete`).
 */
export function claimsAtRisk(objects: readonly KubeObject[]): KubeObject[] {
  return objects.filter((object) => !isKept(object) && (isClaim(object) || deletesItsClaims(object)));
}

/** True for a StatefulSet whose claims go with it. */
export function deletesItsClaims(object: KubeObject): boolean {
  const policy = stringAt(object, 'spec', 'persistentVolumeClaimRetentionPolicy', 'whenDeleted');
  return object.kind === 'StatefulSet' && policy === 'Delete';
}

/** Why a removal is refused, as a message and a hint. */
export function claimsRefusal(
  service: string,
  objects: readonly KubeObject[],
  how: 'helm' | 'inventory',
): { readonly message: string; readonly hint: string } {
  const names = objects.map((object) =>
    isClaim(object) ? nameOf(object) : `the claims of ${nameOf(object)} (whenDeleted: Delete)`,
  );
  const keep =
    how === 'helm'
      ? 'annotate them in the chart with `helm.sh/resource-policy: keep`'
      : 'set persistentVolumeClaimRetentionPolicy.whenDeleted to Retain';
  return {
    message: `removing ${service} would delete ${names.join(', ')} and what is stored there`,
    hint: `${keep}, or say that the data may go: appdev delete --delete-volumes`,
  };
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
