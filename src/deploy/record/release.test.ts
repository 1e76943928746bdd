import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../cluster/types.ts';
import {
  contentDescription,
  hasContent,
  installerOf,
  isOurRelease,
  manifestsOf,
  readRevision,
  releaseState,
  type Revision,
} from './release.ts';

/** A record as Helm's Secrets driver writes it: JSON, gzip, base64, and base64 again by the API. */
function secret(record: unknown, packed = true): KubeObject {
  const json = Buffer.from(JSON.stringify(record));
  const inner = (packed ? gzipSync(json) : json).toString('base64');
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'sh.helm.release.v1.web.v3', labels: { owner: 'helm', 'dev.appdev/project': 'shop' } },
    data: { release: Buffer.from(inner).toString('base64') },
  };
}

const manifest =
  '---\n# Source: web/templates/a.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n';
const hook = (phase?: string): unknown => ({
  name: 'migrate',
  manifest: 'apiVersion: batch/v1\nkind: Job\nmetadata: {name: migrate}',
  ...(phase === undefined ? { last_run: {} } : { last_run: { phase } }),
});

describe('readRevision', () => {
  it.each([true, false])('reads a record (packed: %s)', (packed) => {
    const record = {
      name: 'web',
      version: 3,
      info: { status: 'deployed', description: contentDescription('abc') },
      manifest,
      hooks: [hook('Succeeded'), hook('')],
    };
    const revision = readRevision(secret(record, packed));
    expect(revision).toMatchObject({
      release: 'web',
      revision: 3,
      status: 'deployed',
      secret: 'sh.helm.release.v1.web.v3',
      description: 'appdev: content abc',
    });
    expect(revision?.objects.map(({ kind }) => kind)).toEqual(['ConfigMap']);
    expect(revision !== undefined && isOurRelease(revision, 'shop')).toBe(true);
    expect(revision !== undefined && isOurRelease(revision, 'other')).toBe(false);
    expect(revision !== undefined && installerOf(revision)).toBe('appdev project shop');
  });

  it('counts hooks only when they have run', () => {
    const record = { name: 'web', version: 1, hooks: [hook(), hook('Succeeded')] };
    expect(readRevision(secret(record))?.hooks).toHaveLength(1);
  });

  it('lists what was rendered: the objects and the hooks, run or not, without the tests', () => {
    const object = (name: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\n`;
    const hooks = [
      { path: 'web/templates/a.yaml', events: ['pre-upgrade'], manifest: object('a') },
      { path: 'web/templates/t.yaml', events: ['test'], manifest: object('t') },
    ];
    const record = { name: 'web', version: 1, manifest: `---\n${object('m')}`, hooks };
    expect(readRevision(secret(record))?.rendered.map(({ metadata }) => metadata.name)).toEqual(['m', 'a']);
    expect(manifestsOf(record)).toBe(
      `---\n${object('m')}---\n# Source: web/templates/a.yaml\n${object('a')}`,
    );
  });

  it("has the chart's replicas where an autoscaler's number was kept", () => {
    const deployment = (name: string): string =>
      `---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: ${name}}\nspec: {replicas: 4}\n`;
    const kept = new Map([['apps/Deployment/shop/web', 1]]);
    const revision = readRevision(
      secret({
        ...{ name: 'web', namespace: 'shop', version: 2, manifest: deployment('web') + deployment('other') },
        info: { status: 'deployed', description: contentDescription('abc', kept) },
      }),
    );
    const counts = (objects: readonly KubeObject[] = []): unknown[] => objects.map(({ spec }) => spec);
    expect(counts(revision?.rendered)).toEqual([{ replicas: 1 }, { replicas: 4 }]);
    expect(counts(revision?.objects)).toEqual([{ replicas: 4 }, { replicas: 4 }]);
    expect(revision !== undefined && hasContent(revision, 'abc')).toBe(true);
    expect(revision !== undefined && hasContent(revision, 'ab')).toBe(false);
  });

  it.each([
    [{ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'x' } }],
    [{ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'x' }, data: { release: 'bm90IGEgcmVjb3Jk' } }],
    [secret({ name: 'web' })],
  ])('gives nothing for what is not a record: %j', (object) => {
    expect(readRevision(object)).toBeUndefined();
  });
});

describe('releaseState', () => {
  const revision = (number: number, status: string, change: Partial<Revision> = {}): Revision => ({
    release: 'web',
    revision: number,
    status,
    secret: `v${number}`,
    labels: { 'dev.appdev/holder': `mark-of-${number}` },
    annotations: {},
    description: '',
    serverSide: false,
    objects: [],
    rendered: [],
    hooks: [],
    ...change,
  });

  it.each([
    [[], { kind: 'absent' }],
    [[revision(1, 'uninstalled')], { kind: 'absent' }],
    [
      [revision(2, 'deployed'), revision(1, 'failed')],
      { kind: 'settled', last: { revision: 2 }, deployed: { revision: 2 } },
    ],
    [
      [revision(1, 'deployed'), revision(2, 'failed')],
      { kind: 'settled', last: { revision: 2 }, deployed: { revision: 1 } },
    ],
    [[revision(1, 'failed')], { kind: 'settled', last: { revision: 1 } }],
    [[revision(1, 'pending-install')], { kind: 'pending', last: { revision: 1 }, holder: 'mark-of-1' }],
    [
      [revision(4, 'deployed'), revision(5, 'pending-upgrade')],
      { kind: 'pending', last: { revision: 5 }, deployed: { revision: 4 }, holder: 'mark-of-5' },
    ],
    [[revision(1, 'deployed'), revision(2, 'uninstalling')], { kind: 'uninstalling', last: { revision: 2 } }],
  ])('of %j', (revisions, state) => {
    expect(releaseState(revisions)).toMatchObject(state);
  });

  it('does not take the inherited mark of a rollback for its own', () => {
    const byHand = [revision(1, 'deployed'), revision(2, 'failed'), revision(3, 'pending-rollback')];
    expect(releaseState(byHand)).not.toHaveProperty('holder');
    const ours = [
      revision(1, 'deployed'),
      revision(2, 'pending-upgrade', { annotations: { 'dev.appdev/repair': 'mark-of-repair' } }),
      revision(3, 'pending-rollback'),
    ];
    expect(releaseState(ours)).toMatchObject({
      kind: 'pending',
      holder: 'mark-of-repair',
      deployed: { revision: 1 },
    });
  });
});
