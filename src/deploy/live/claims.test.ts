import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../cluster/types.ts';
import { claimsLost, claimsRefusal, isKept, keepingCommands, templateClaims } from './claims.ts';

const object = (
  kind: string,
  name: string,
  rest: Record<string, unknown> = {},
  annotations = {},
): KubeObject => ({
  apiVersion: 'v1',
  kind,
  metadata: { name, namespace: 'dev', annotations },
  ...rest,
});

const set = (policy: object, uid = 'u1'): KubeObject => {
  const one = object('StatefulSet', 'db', {
    spec: {
      persistentVolumeClaimRetentionPolicy: policy,
      volumeClaimTemplates: [{ metadata: { name: 'data' } }],
    },
  });
  return { ...one, metadata: { ...one.metadata, uid } };
};
const data = object('PersistentVolumeClaim', 'data-db-0');
const other = object('PersistentVolumeClaim', 'other');
const ownedBy = (uid: string): KubeObject => ({
  ...data,
  metadata: { ...data.metadata, ownerReferences: [{ kind: 'StatefulSet', name: 'db', uid }] },
});

describe('claimsLost', () => {
  it('has claims that are deleted themselves', () => {
    expect(claimsLost([data, object('Deployment', 'web')], [other])).toEqual([{ claim: data }]);
  });

  it('has the claims of a StatefulSet that takes its own along', () => {
    const taking = set({ whenDeleted: 'Delete' });
    expect(claimsLost([taking], [data, other])).toEqual([{ claim: data, by: taking }]);
    expect(claimsLost([taking], [other])).toEqual([]);
  });

  it.each([{}, { whenDeleted: 'Retain', whenScaled: 'Delete' }])(
    'has none of one that does not: %j',
    (policy) => {
      expect(claimsLost([set(policy)], [data])).toEqual([]);
    },
  );

  it('has those that a StatefulSet still owns, although its policy has changed', () => {
    const retaining = set({ whenDeleted: 'Retain' });
    expect(claimsLost([retaining], [ownedBy('u1')])).toEqual([{ claim: ownedBy('u1'), by: retaining }]);
    expect(claimsLost([retaining], [ownedBy('another')])).toEqual([]);
  });
});

it('refuses with every claim by name, how to keep it, and what to type to let it go', () => {
  const taking = set({ whenDeleted: 'Delete' });
  const lost = claimsLost([other, taking], [data]);
  const keep = keepingCommands(lost, 'kind-dev');
  expect(claimsRefusal('deploying web', lost, keep, 'appdev run --delete-volumes')).toEqual({
    kind: 'failed',
    error: {
      code: 'VOLUME_CLAIMS',
      message:
        'deploying web would delete PersistentVolumeClaim/other, PersistentVolumeClaim/data-db-0 (with StatefulSet/db, whenDeleted: Delete) and what is stored there',
      hint:
        'to keep the data: kubectl --context kind-dev -n dev annotate pvc other helm.sh/resource-policy=keep; ' +
        'kubectl --context kind-dev -n dev patch statefulset db --type=merge -p ' +
        `'{"spec":{"persistentVolumeClaimRetentionPolicy":{"whenDeleted":"Retain"}}}'; ` +
        'to delete it: appdev run --delete-volumes',
    },
  });
});

it('reads the policy as helm uninstall does, in any case and with spaces around', () => {
  expect(isKept(object('ConfigMap', 'a', {}, { 'helm.sh/resource-policy': ' Keep ' }))).toBe(true);
  expect(isKept(object('ConfigMap', 'a', {}, { 'helm.sh/resource-policy': 'delete' }))).toBe(false);
});

describe('templateClaims', () => {
  const two = object('StatefulSet', 'db', {
    spec: { volumeClaimTemplates: [{ metadata: { name: 'data' } }, { metadata: { name: 'log' } }] },
  });

  it.each([
    ['data-db-0', true],
    ['log-db-12', true],
    ['data-db-x', false],
    ['data-db-0x1', false],
    ['data-db-', false],
    ['data-dbx-0', false],
    ['data-db-1-0', false],
    ['other-db-0', false],
  ])('%s: %s', (name, is) => {
    expect(templateClaims([two], [object('PersistentVolumeClaim', name)])).toHaveLength(is ? 1 : 0);
  });

  it('stay in the namespace of the set', () => {
    const away = { ...data, metadata: { ...data.metadata, namespace: 'other' } };
    expect(templateClaims([two], [away])).toEqual([]);
  });
});
