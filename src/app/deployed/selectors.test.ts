import { expect, it } from 'vitest';
import type { KubeObject } from '../../cluster/types.ts';
import { podsIn } from './selectors.ts';

it('finds pods in the namespace that a manifest names, or else in the one of the service', () => {
  const workload = (name: string, namespace?: string): KubeObject => ({
    ...{ apiVersion: 'apps/v1', kind: 'Deployment' },
    metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
    spec: { selector: { matchLabels: { app: name } } },
  });
  const job: KubeObject = {
    ...{ apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'up', namespace: 'other' } },
  };
  const objects = [workload('a'), workload('a', 'other'), workload('a', 'shop'), job];
  expect(podsIn(objects, 'shop')).toEqual([
    { namespace: 'shop', selector: 'app=a' },
    { namespace: 'other', selector: 'app=a' },
    { namespace: 'other', selector: 'batch.kubernetes.io/job-name=up' },
  ]);
});
