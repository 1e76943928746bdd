/** Applying objects: what it waits for, with a stand-in cluster for moments that a real one does not stop at. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Cluster, FollowHandlers, KubeObject } from '../../cluster/types.ts';
import { cancelled, ok } from '../../core/outcome.ts';
import { deployTerms as terms } from '../../../test/support/deploy-service.ts';
import { fakeObjects } from '../../../test/support/fake-objects.ts';
import { recordingContext } from '../../../test/support/recording-context.ts';
import { applyObjects, settleObjects } from './apply.ts';
import { ownerLabels } from '../objects/ownership.ts';

const owner = { project: 'shop', service: 'orders' };
const labels = ownerLabels(owner);

/** A cluster with one object that nobody else touches. `onApply` is told of each apply. */
function fakeCluster(live: KubeObject | undefined, onApply: (object: KubeObject) => void = () => undefined) {
  const followers: FollowHandlers[] = [];
  const cluster = {
    identity: { namespace: 'shop', context: 'kind-dev' },
    get: (ref: { readonly name: string }) =>
      Promise.resolve(ok(ref.name === live?.metadata.name ? live : undefined)),
    apply: (object: KubeObject) => {
      onApply(object);
      return Promise.resolve(ok(object));
    },
    create: (object: KubeObject) => Promise.resolve(ok(object)),
    replace: (object: KubeObject) => Promise.resolve(ok(object)),
    remove: () => Promise.resolve(ok('deleted')),
    follow: (_: unknown, handlers: FollowHandlers) => followers.push(handlers),
  } as unknown as Cluster;
  return { cluster, followers };
}

async function apply(object: KubeObject, cluster: Cluster, signal = new AbortController().signal) {
  const rendered = { service: 'orders', namespace: 'shop', objects: [object], yaml: '', hash: 'h' };
  const context = { ...recordingContext(), signal };
  return await applyObjects(
    rendered,
    { cluster, project: 'shop', adopt: false, terms, forceConflicts: false },
    context,
  );
}

describe('applying', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('ends with the session if that ended while a new kind was being defined', async () => {
    const session = new AbortController();
    const definition: KubeObject = {
      ...{ apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' },
      metadata: { name: 'letters.example.com', labels },
    };
    const { cluster } = fakeCluster(undefined, ({ kind }) => {
      if (kind === 'CustomResourceDefinition') session.abort('shutdown');
    });
    expect(await apply(definition, cluster, session.signal)).toEqual(cancelled(session.signal));
  });

  it('waits until a new kind is listed, which is later than its definition is established', async () => {
    const definition: KubeObject = {
      ...{ apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' },
      metadata: { name: 'letters.example.com', labels },
      spec: { group: 'example.com', names: { kind: 'Letter' }, versions: [{ name: 'v1', served: true }] },
    };
    const { cluster, followers } = fakeCluster(undefined);
    const answers = [false, false, true];
    const asked: unknown[] = [];
    const serves = (kind: unknown) => {
      asked.push(kind);
      return Promise.resolve(ok(answers.shift() ?? true));
    };
    const applied = apply(definition, { ...cluster, serves });
    await vi.advanceTimersByTimeAsync(0);
    followers[0]?.onSnapshot([
      { ...definition, status: { conditions: [{ type: 'Established', status: 'True' }] } },
    ]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await applied).toMatchObject({ kind: 'ok', value: { changed: true } });
    expect(asked).toEqual(Array(3).fill({ apiVersion: 'example.com/v1', kind: 'Letter' }));
  });

  it('gives a pod that is replaced the time to end that it asks for', async () => {
    const pod: KubeObject = {
      ...{ apiVersion: 'v1', kind: 'Pod' },
      metadata: { name: 'web', namespace: 'shop', uid: '1', labels },
      spec: { terminationGracePeriodSeconds: 120 },
    };
    const { cluster, followers } = fakeCluster(pod);
    const applied = apply({ ...pod, spec: { hostname: 'web' } }, cluster);
    await vi.advanceTimersByTimeAsync(119_000);
    followers[0]?.onSnapshot([pod]);
    followers[0]?.onSnapshot([]);
    expect(await applied).toMatchObject({ kind: 'ok', value: { changed: true } });
  });

  it('does not run a job again that has ended and deleted itself, until it changes', async () => {
    const { cluster, stored: store } = fakeObjects();
    const job = (image: string, more: object): KubeObject => ({
      ...{ apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'migrate', namespace: 'shop', labels } },
      spec: { ...more, template: { spec: { containers: [{ name: 'migrate', image }] } } },
    });
    const ending = { ttlSecondsAfterFinished: 3 };
    expect(await apply(job('app:1', ending), cluster)).toMatchObject({ value: { changed: true } });
    store.delete('Job/migrate');
    expect(await apply(job('app:1', ending), cluster)).toMatchObject({ value: { changed: false } });
    expect(store.has('Job/migrate')).toBe(false);
    expect(await apply(job('app:2', ending), cluster)).toMatchObject({ value: { changed: true } });
    store.delete('Job/migrate');
    // Someone deleted a job that would have stayed.
    expect(await apply(job('app:2', {}), cluster)).toMatchObject({ value: { changed: true } });
    store.delete('Job/migrate');
    expect(await apply(job('app:2', {}), cluster)).toMatchObject({ value: { changed: true } });
  });
});

describe('what the version before needed', () => {
  function fakeStore() {
    const { cluster, stored } = fakeObjects();
    return { cluster, names: () => [...stored.keys()].filter((name) => !name.includes('inventory')).sort() };
  }

  const object = (kind: string, name: string): KubeObject => ({
    ...{ apiVersion: 'v1', kind, metadata: { name, namespace: 'shop', labels } },
  });
  const version = (suffix: string): KubeObject[] => [
    ...['ConfigMap', 'Secret', 'ServiceAccount'].map((kind) => object(kind, `conf-${suffix}`)),
    object('Service', `web-${suffix}`),
  ];
  const renderedOf = (objects: readonly KubeObject[]) => ({
    ...{ service: 'orders', namespace: 'shop', objects, yaml: '', hash: 'h' },
  });

  it('stays after a failed rollout, and is pruned when a later version serves', async () => {
    const { cluster, names } = fakeStore();
    const settings = { cluster, project: 'shop', adopt: false, terms, forceConflicts: false };
    const { signal } = new AbortController();
    const put = async (suffix: string) =>
      await applyObjects(renderedOf(version(suffix)), settings, { ...recordingContext(), signal });
    const settle = async (suffix: string) =>
      await settleObjects(renderedOf(version(suffix)), settings, signal);

    await put('red');
    expect(await settle('red')).toEqual(ok([]));
    // This version never serves.
    expect(await put('blue')).toMatchObject({
      value: { detail: '4 objects changed, 1 pruned, 3 to prune after the rollout' },
    });
    await put('green');
    expect(names()).toEqual([
      ...['ConfigMap/conf-blue', 'ConfigMap/conf-green', 'ConfigMap/conf-red'],
      ...['Secret/conf-blue', 'Secret/conf-green', 'Secret/conf-red', 'Service/web-green'],
      ...['ServiceAccount/conf-blue', 'ServiceAccount/conf-green', 'ServiceAccount/conf-red'],
    ]);
    const settled = await settle('green');
    expect(settled.kind === 'ok' && settled.value.length).toBe(6);
    expect(names()).toEqual([
      ...['ConfigMap/conf-green', 'Secret/conf-green', 'Service/web-green', 'ServiceAccount/conf-green'],
    ]);
    expect(await settle('green')).toEqual(ok([]));
  });
});
