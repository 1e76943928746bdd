import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../cluster/types.ts';
import { claimsAtRisk, isKept, templateClaims } from './claims.ts';

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
const keep = { 'helm.sh/resource-policy': 'keep' };

describe('claimsAtRisk', () => {
  it.each([
    [object('PersistentVolumeClaim', 'data'), true],
    [object('PersistentVolumeClaim', 'data', {}, keep), false],
    [object('StatefulSet', 'db', { spec: {} }), false],
    [
      object('StatefulSet', 'db', {
        spec: { persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Delete' } },
      }),
      false,
    ],
    [
      object('StatefulSet', 'db', {
        spec: { persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete' } },
      }),
      true,
    ],
    [object('Deployment', 'web'), false],
  ])('%j: %s', (one, risky) => {
    expect(claimsAtRisk([one])).toEqual(risky ? [one] : []);
  });

  it('reads the policy as helm does, in any case and with spaces around', () => {
    expect(isKept(object('ConfigMap', 'a', {}, { 'helm.sh/resource-policy': ' Keep ' }))).toBe(true);
    expect(isKept(object('ConfigMap', 'a', {}, { 'helm.sh/resource-policy': 'delete' }))).toBe(false);
  });
});

describe('templateClaims', () => {
  const set = object('StatefulSet', 'db', {
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
    expect(templateClaims([set], [object('PersistentVolumeClaim', name)])).toHaveLength(is ? 1 : 0);
  });

  it('stay in the namespace of the set', () => {
    const claim = object('PersistentVolumeClaim', 'data-db-0');
    expect(
      templateClaims([set], [{ ...claim, metadata: { ...claim.metadata, namespace: 'other' } }]),
    ).toEqual([]);
  });
});
