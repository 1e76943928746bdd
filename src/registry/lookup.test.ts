import { describe, expect, it } from 'vitest';
import type { Cluster, KubeObject } from '../cluster/types.ts';
import type { Artifact } from '../core/events.ts';
import { failed, ok } from '../core/outcome.ts';
import { imagesInUse } from './prune/in-use.ts';
import { loadedLookup, manifestLookup } from './lookup.ts';
import { isPrunable } from './prune/prune.ts';

const signal = new AbortController().signal;
const digest = `sha256:${'ab'.repeat(32)}`;
const artifact: Artifact = {
  service: 'orders',
  repository: 'localhost:5001/orders',
  pullRepository: 'registry:5000/orders',
  tag: '0123456789ab',
  digest,
  inputHash: '0123456789ab',
};

function clusterOf(objects: readonly KubeObject[]): Pick<Cluster, 'list'> {
  return {
    list: async ({ kind }) => await Promise.resolve(ok(objects.filter((object) => object.kind === kind))),
  };
}

describe('manifestLookup', () => {
  it.each([
    [digest, true],
    [`sha256:${'cd'.repeat(32)}`, false],
    [undefined, false],
  ])('asks by digest: %s is %s', async (found, result) => {
    const asked: string[] = [];
    const lookup = manifestLookup({
      headManifest: async (repository, reference) => {
        asked.push(`${repository}@${reference}`);
        return await Promise.resolve(ok(found === undefined ? undefined : { digest: found }));
      },
    });
    expect(await lookup.has(artifact, signal)).toEqual(ok(result));
    expect(asked).toEqual([`localhost:5001/orders@${digest}`]);
  });

  it('passes a failure on, and asks nothing for an image that was loaded', async () => {
    const away = failed('REGISTRY_UNREACHABLE', 'away');
    const lookup = manifestLookup({ headManifest: async () => await Promise.resolve(away) });
    expect(await lookup.has(artifact, signal)).toEqual(away);
    expect(await lookup.has({ ...artifact, digest: '' }, signal)).toEqual(ok(false));
  });
});

describe('loadedLookup', () => {
  const node = (...names: readonly string[]): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'n' },
    status: { images: [{ names: ['busybox:1'] }, { names }] },
  });
  const loaded = { ...artifact, pullRepository: 'localhost/orders', digest: '' };

  it.each([
    [
      'every node has it',
      [node('localhost/orders:0123456789ab'), node('x', 'localhost/orders:0123456789ab')],
      true,
    ],
    ['one has not', [node('localhost/orders:0123456789ab'), node()], false],
    ['it has another tag', [node('localhost/orders:ba9876543210')], false],
    ['there is no node', [], false],
  ])('%s', async (_name, nodes, result) => {
    expect(await loadedLookup(clusterOf(nodes)).has(loaded, signal)).toEqual(ok(result));
  });
});

describe('imagesInUse', () => {
  it('finds images wherever they stand', async () => {
    const object = (kind: string, fields: Record<string, unknown>): KubeObject => ({
      apiVersion: 'v1',
      kind,
      metadata: { name: 'x' },
      ...fields,
    });
    const template = (image: string): unknown => ({ template: { spec: { containers: [{ image }] } } });
    const used = await imagesInUse(
      clusterOf([
        object('Pod', {
          spec: { initContainers: [{ image: 'init:1' }], containers: [{ image: 'r/orders:tag' }] },
          status: { containerStatuses: [{ imageID: `r/orders@${digest}` }] },
        }),
        object('Deployment', { spec: template('deployment:1') }),
        object('StatefulSet', { spec: template('set:1') }),
        object('DaemonSet', { spec: template('daemon:1') }),
        object('Job', { spec: template('job:1') }),
        object('CronJob', { spec: { jobTemplate: { spec: template('cron:1') } } }),
        object('ReplicaSet', { spec: template('old:1') }),
      ]),
      signal,
    );
    expect(used.kind === 'ok' && [...used.value].sort()).toEqual(
      [
        'init:1',
        'r/orders:tag',
        `r/orders@${digest}`,
        digest,
        'deployment:1',
        'set:1',
        'daemon:1',
        'job:1',
        'cron:1',
      ].sort(),
    );
  });
});

describe('isPrunable: where appdev may remove images at all', () => {
  it.each([
    ['localhost:5001', 'appdev.yaml', true],
    ['localhost:5001', 'KEP-1755', true],
    ['k3d-registry.localhost:5000', 'KEP-1755', true],
    ['192.168.49.2:5000', 'KEP-1755', true],
    ['192.168.49.2:5000', 'appdev.yaml', false],
    ['harbor.example.com/shop', 'appdev.yaml', false],
    ['harbor.example.com', 'KEP-1755', false],
    ['8.8.8.8:5000', 'KEP-1755', false],
  ] as const)('%s from %s: %s', (push, source, allowed) => {
    expect(isPrunable({ push, source })).toBe(allowed);
  });
});
