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

function object(kind: string, apiVersion: string, name: string, spec: object, annotations = {}): KubeObject {
  return { apiVersion, kind, metadata: { name, annotations }, spec };
}

const web = object('Deployment', 'apps/v1', 'web', { selector: { matchLabels: { app: 'web' } } });
const job = (name: string, annotations = {}): KubeObject => object('Job', 'batch/v1', name, {}, annotations);
const cron = (labels: object): KubeObject =>
  object('CronJob', 'batch/v1', 'nightly', { jobTemplate: { spec: { template: { metadata: { labels } } } } });

it.each([
  ['a workload and a job', [web, job('a')], ['app=web', 'batch.kubernetes.io/job-name=a']],
  ['a hook', [job('migrate', { 'helm.sh/hook': 'pre-upgrade' })], ['batch.kubernetes.io/job-name=migrate']],
  ['a CronJob', [cron({ app: 'nightly' })], ['app=nightly']],
  ['a CronJob whose pods a workload selects as well', [web, cron({ app: 'web', part: 'x' })], ['app=web']],
  ['a CronJob whose pods have no labels', [cron({})], []],
  ['what makes no pods', [object('Service', 'v1', 'web', { selector: { app: 'web' } })], []],
])('%s', (_what, objects, selectors) => {
  expect(podsIn(objects, 'shop').map(({ selector }) => selector)).toEqual(selectors);
});
