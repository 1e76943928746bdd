/** What the panel learns of pods, from recordings of a real API server and from changes to them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { fromText, type Recording } from '../../../test/support/rollout-recording.ts';
import type { KubeObject, Snapshot } from '../../cluster/types.ts';
import type { PodSummary } from '../../core/events.ts';
import { fieldsAt } from '../../support/fields.ts';
import { followedPods } from './pods.ts';
import { viewOf } from './rollout.ts';

const folder = join(import.meta.dirname, '../../../test/fixtures/rollouts');

/** What is said at the end of a recording, after a change to what the cluster has by then. */
function atTheEnd(name: string, change: (object: KubeObject) => KubeObject[] = (one) => [one]): PodSummary {
  const recording: Recording = fromText(readFileSync(join(folder, `${name}.jsonl`), 'utf8'));
  const sets: Record<string, Snapshot> = {};
  for (const { set, changed, gone } of recording.frames) {
    const objects = new Map((sets[set] ?? []).map((object) => [object.metadata.name, object]));
    for (const object of changed) objects.set(object.metadata.name, object);
    for (const object of gone) objects.delete(object);
    sets[set] = [...objects.values()];
  }
  const now = Object.fromEntries(
    Object.entries(sets).map(([set, objects]) => [set, objects.flatMap(change)]),
  );
  return followedPods(recording.workloads.map((wanted) => viewOf(wanted, now)));
}

it('a pod that fails its readiness probe is a reason long before the deadline', () => {
  expect(atTheEnd('readiness-404')).toMatchObject({
    ready: 0,
    desired: 1,
    reason: expect.stringMatching(/^Pod\/\S+: .*readiness probe.*404/) as string,
  });
});

it('pods that are ready have no reason', () => {
  const pods = atTheEnd('upgrade-of-two');
  expect(pods).toMatchObject({ ready: 2, desired: 2 });
  expect(pods).not.toHaveProperty('reason');
  expect(pods).not.toHaveProperty('missing');
});

it('a workload that someone deleted is missing, not ready with 0 of 0', () => {
  const pods = atTheEnd('upgrade-of-two', (object) => (object.kind === 'Deployment' ? [] : [object]));
  expect(pods).toMatchObject({ ready: 0, desired: 0, missing: ['Deployment/web'] });
});

it('a workload that is scaled to nothing is there, without pods', () => {
  const pods = atTheEnd('first-install', (object) => {
    if (object.kind === 'Deployment')
      return [{ ...object, spec: { ...fieldsAt(object, 'spec'), replicas: 0 }, status: {} }];
    return object.kind === 'Pod' ? [] : [object];
  });
  expect(pods).toMatchObject({ ready: 0, desired: 0, phase: 'None' });
  expect(pods).not.toHaveProperty('missing');
});

it('the older pods that still serve are counted beside the newest that do not', () => {
  expect(atTheEnd('crash')).toMatchObject({ ready: 0, desired: 1, older: 1 });
});

it('the pod of a Job that has ended well is done', () => {
  expect(atTheEnd('job-completes')).toMatchObject({ ready: 1, desired: 1 });
});
