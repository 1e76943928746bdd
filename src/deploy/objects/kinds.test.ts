import { expect, it } from 'vitest';
import { identityOf, inApplyOrder, workloadsIn } from './kinds.ts';

it('applies what others refer to first, and lets traffic in last', () => {
  const kinds = [
    'Ingress',
    'Deployment',
    'Widget',
    'Service',
    'Secret',
    'CustomResourceDefinition',
    'Namespace',
    'Job',
  ];
  expect(inApplyOrder(kinds.map((kind) => ({ kind }))).map(({ kind }) => kind)).toEqual([
    'Namespace',
    'CustomResourceDefinition',
    'Secret',
    'Service',
    'Widget',
    'Deployment',
    'Job',
    'Ingress',
  ]);
});

it('knows an object across versions of its API, but not across groups', () => {
  const ref = { kind: 'Deployment', name: 'a', namespace: 'n' };
  expect(identityOf({ ...ref, apiVersion: 'apps/v1' })).toBe(
    identityOf({ ...ref, apiVersion: 'apps/v1beta2' }),
  );
  expect(identityOf({ ...ref, apiVersion: 'apps/v1' })).not.toBe(
    identityOf({ ...ref, apiVersion: 'example.com/v1' }),
  );
});

it('watches workloads, but not what Helm runs as a hook, nor kinds that only share a name', () => {
  const object = (kind: string, apiVersion: string, annotations: Record<string, string> = {}) => ({
    apiVersion,
    kind,
    metadata: { name: kind, annotations },
  });
  const objects = [
    object('Deployment', 'apps/v1'),
    object('Deployment', 'example.com/v1'),
    object('Job', 'batch/v1', { 'helm.sh/hook': 'pre-upgrade' }),
    object('Job', 'batch/v1'),
    object('ConfigMap', 'v1'),
  ];
  expect(workloadsIn(objects)).toEqual([objects[0], objects[3]]);
});
