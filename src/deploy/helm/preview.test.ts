/** The preview of a release against a cluster in memory that answers dry runs as the API server does: by merging. */
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { HelmConfig } from '../../config/model.ts';
import type { Cluster, KubeObject, ObjectRef } from '../../cluster/types.ts';
import { deployTerms as terms } from '../../../test/support/deploy-service.ts';
import { ok } from '../../core/outcome.ts';
import { toYaml } from '../objects/documents.ts';
import { previewRelease } from './preview.ts';
import { contentDescription } from '../record/release.ts';
import type { Preview, Rendered } from '../types.ts';

const { signal } = new AbortController();
const config: HelmConfig = {
  kind: 'helm',
  ...{ chart: '/c', release: 'web', values: [], set: {} },
  imageValues: { repository: 'r', tag: 't' },
};

interface Env {
  readonly name: string;
  readonly value: string;
}

function deployment(env: readonly Env[], more: object = {}): KubeObject {
  const containers = [{ name: 'web', image: 'web:1', env, ...more }];
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: { template: { spec: { containers } } },
  };
}

function map(name: string, annotations?: Readonly<Record<string, string>>): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ...(annotations && { annotations }) } };
}

function job(image: string, more: object = {}): KubeObject {
  const spec = { ...more, template: { spec: { containers: [{ name: 'migrate', image }] } } };
  return { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'migrate' }, spec };
}

/** A release's record as Helm writes it. */
function record(objects: readonly KubeObject[], hash: string): KubeObject {
  const info = { status: 'deployed', description: contentDescription(hash) };
  const json = JSON.stringify({ name: 'web', version: 3, info, manifest: toYaml(objects) });
  const release = Buffer.from(gzipSync(json).toString('base64')).toString('base64');
  const labels = { 'dev.appdev/project': 'shop' };
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'sh.helm.release.v1.web.v3', labels },
    data: { release },
  };
}

/** Server-side apply merges maps, and lists of named items by their names; what nobody names stays. */
function merged(live: unknown, wanted: unknown): unknown {
  if (Array.isArray(live) && Array.isArray(wanted)) {
    const [old, now] = [live as Env[], wanted as Env[]];
    const kept = old.map((item) => merged(item, now.find(({ name }) => name === item.name) ?? item));
    return [...kept, ...now.filter(({ name }) => !old.some((item) => item.name === name))];
  }
  if (typeof live !== 'object' || typeof wanted !== 'object' || live === null || wanted === null)
    return wanted;
  const [a, b] = [live as Record<string, unknown>, wanted as Record<string, unknown>];
  const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  return Object.fromEntries(
    keys.map((key) => [key, key in b ? (key in a ? merged(a[key], b[key]) : b[key]) : a[key]]),
  );
}

/** What is live, as Helm left it. */
function marked(object: KubeObject): KubeObject {
  const { labels, annotations } = object.metadata;
  const marks = { 'meta.helm.sh/release-name': 'web', 'meta.helm.sh/release-namespace': 'ns' };
  const metadata = {
    ...object.metadata,
    namespace: 'ns',
    labels: { ...labels, 'app.kubernetes.io/managed-by': 'Helm' },
    annotations: { ...annotations, ...marks },
  };
  return { ...object, metadata };
}

async function preview(
  live: readonly KubeObject[],
  last: readonly KubeObject[] | undefined,
  wanted: readonly KubeObject[],
  hash = 'new',
): Promise<Preview> {
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'ns' } };
  const find = (ref: ObjectRef): KubeObject | undefined =>
    [namespace, ...live.map(marked)].find(
      ({ kind, metadata }) => kind === ref.kind && metadata.name === ref.name,
    );
  const cluster = {
    get: (ref: ObjectRef) => Promise.resolve(ok(find(ref))),
    list: () => Promise.resolve(ok(last === undefined ? [] : [record(last, 'old')])),
    apply: (object: KubeObject, options: { dryRun?: boolean }) => {
      expect(options.dryRun).toBe(true);
      const { apiVersion, kind, metadata } = object;
      const found = find({ apiVersion, kind, name: metadata.name });
      return Promise.resolve(ok((found === undefined ? object : merged(found, object)) as KubeObject));
    },
  } as unknown as Cluster;
  const rendered: Rendered = { service: 'web', namespace: 'ns', objects: wanted, yaml: '', hash };
  const found = await previewRelease(
    config,
    rendered,
    { cluster, project: 'shop', adopt: false, terms, forceConflicts: false },
    signal,
  );
  if (found.kind !== 'ok') throw new Error(JSON.stringify(found));
  return found.value;
}

const one: Env = { name: 'ONE', value: '1' };
const two: Env = { name: 'TWO', value: '2' };

describe('the preview of a release', () => {
  it('is empty if nothing changes', async () => {
    const objects = [deployment([one])];
    expect(await preview(objects, objects, objects, 'old')).toEqual({ changes: [], notes: [] });
  });

  it('tells of a revision that changes no object', async () => {
    const objects = [deployment([one])];
    const { changes, notes } = await preview(objects, objects, objects);
    expect([changes.length, notes]).toEqual([
      0,
      [expect.stringContaining('would become revision 4: its chart or its values')],
    ]);
  });

  it('shows what comes, changes and goes, and leaves what others added', async () => {
    const byHand = deployment([one, two, { name: 'HAND', value: 'h' }], { stdin: true });
    const { changes } = await preview(
      // An upgrade asks the live object whether it stays, as someone may have annotated it by hand.
      [byHand, map('old'), map('kept', { 'helm.sh/resource-policy': 'keep' })],
      [deployment([one, two], { stdin: true }), map('old'), map('kept')],
      [deployment([{ ...one, value: '11' }]), map('new')],
    );
    expect(changes.map(({ change, object }) => `${change} ${object}`)).toEqual([
      'change Deployment/web',
      'create ConfigMap/new',
      'delete ConfigMap/old',
    ]);
    const [changed] = changes;
    expect(changed?.before).toContain('TWO');
    expect(changed?.before).toContain('stdin');
    expect(changed?.after).not.toMatch(/TWO|stdin/);
    expect(changed?.after).toContain('value: "11"');
    expect(changed?.after).toContain('name: HAND');
  });

  it('says that a release would be installed', async () => {
    const { changes, notes } = await preview([], undefined, [map('new')]);
    expect(changes).toMatchObject([{ change: 'create', object: 'ConfigMap/new', namespace: 'ns' }]);
    expect(notes).toEqual(['release web would be installed']);
  });

  it('is empty after the same inputs, whatever the chart makes up', async () => {
    const password = (value: string): KubeObject => ({ ...map('password'), data: { value } });
    const ended = job('one', { ttlSecondsAfterFinished: 3 });
    const told = [password('first'), ended];
    const found = await preview([password('first')], told, [password('second'), job('one')], 'old');
    expect(found).toEqual({ changes: [], notes: [] });
  });

  it('shows a job that cannot change as replaced', async () => {
    const { changes } = await preview([job('one')], [job('one')], [job('two')]);
    expect(changes).toMatchObject([{ change: 'replace', object: 'Job/migrate' }]);
    expect(changes[0]?.before).toContain('image: one');
    expect(changes[0]?.after).toContain('image: two');
  });
});
