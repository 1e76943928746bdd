/** Which number of replicas is sent if an autoscaler decides; the cluster is a stand-in that lists autoscalers. */
import { describe, expect, it } from 'vitest';
import type { Cluster, KubeObject, ObjectQuery } from '../../cluster/types.ts';
import { failed, ok, type Outcome } from '../../core/outcome.ts';
import { findAutoscaled, leftToAutoscaler, withLiveReplicas } from './autoscaled.ts';
import type { Pair } from './drift.ts';

const { signal } = new AbortController();

function web(replicas: number | undefined, owners: readonly string[] = []): KubeObject {
  const managedFields = owners.map((manager) => ({
    manager,
    fieldsV1: { 'f:spec': { 'f:replicas': {} } },
  }));
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'shop', managedFields },
    spec: { ...(replicas === undefined ? {} : { replicas }), paused: false },
  };
}

function autoscaler(name: string, namespace = 'shop'): KubeObject {
  const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name };
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name, namespace },
    spec: { scaleTargetRef },
  };
}

/** A cluster that answers each list of autoscalers with `answer`. */
function fakeCluster(answer: Outcome<readonly KubeObject[]>) {
  const asked: ObjectQuery[] = [];
  const list = (query: ObjectQuery) => {
    asked.push(query);
    return Promise.resolve(answer);
  };
  return { cluster: { list } as unknown as Cluster, asked };
}

const pair: Pair = { wanted: web(1), live: web(4, ['kube-controller-manager']) };

async function scaledBy(answer: Outcome<readonly KubeObject[]>, rendered: readonly KubeObject[] = []) {
  return await findAutoscaled([pair], rendered, fakeCluster(answer).cluster, signal);
}

describe('replicas', () => {
  it.each([
    ['an autoscaler in the cluster', ok([autoscaler('web')]), [], 4],
    ['an autoscaler that is rendered with it', ok([]), [autoscaler('web')], 4],
    ['one of another workload', ok([autoscaler('other')]), [], 1],
    ['one in another namespace', ok([autoscaler('web', 'other')]), [], 1],
    [
      'no right to read autoscalers, and a rendered one',
      failed('CLUSTER_DENIED', 'may not'),
      [autoscaler('web')],
      4,
    ],
  ])('with %s', async (_what, answer, rendered, replicas) => {
    const found = await scaledBy(answer, rendered);
    if (found.kind !== 'ok') throw new Error(JSON.stringify(found));
    expect(withLiveReplicas(pair, found.value)['spec']).toEqual({ replicas, paused: false });
  });

  it('do not matter if the cluster does not answer, and are not asked for if none are wanted', async () => {
    const lost = failed('CLUSTER_UNREACHABLE', 'gone');
    expect(await scaledBy(lost)).toEqual(lost);
    const { cluster, asked } = fakeCluster(lost);
    const none = await findAutoscaled([{ ...pair, wanted: web(undefined) }], [], cluster, signal);
    expect([none, asked]).toEqual([ok(new Set()), []]);
  });

  it('are left out if we do not own them, and stay as they are if we do', () => {
    const autoscaled = new Set(['apps/Deployment/shop/web']);
    expect(leftToAutoscaler(pair, autoscaled, 'appdev')['spec']).toEqual({ paused: false });
    const owned = { wanted: web(1), live: web(4, ['appdev']) };
    expect(leftToAutoscaler(owned, autoscaled, 'appdev')['spec']).toEqual({ replicas: 4, paused: false });
    expect(leftToAutoscaler(pair, new Set(), 'appdev')).toBe(pair.wanted);
  });
});
