/** How a chart is rendered for a release in each state, against a cluster that only holds the release's record. */
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import type { Cluster, KubeObject } from '../../cluster/types.ts';
import { ok } from '../../core/outcome.ts';
import type { Attempt, RenderPlan } from './chart/render.ts';
import { onCluster } from './render-plan.ts';
import { contentDescription } from '../record/release.ts';
import { toYaml } from '../objects/documents.ts';

const { signal } = new AbortController();
const password: KubeObject = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'password' } };

function record(version: number, status: string, project = 'shop'): KubeObject {
  const info = { status, description: contentDescription('inputs') };
  const json = JSON.stringify({ name: 'web', version, info, manifest: toYaml([password]) });
  const metadata = { name: `sh.helm.release.v1.web.v${version}`, labels: { 'dev.appdev/project': project } };
  const release = Buffer.from(gzipSync(json).toString('base64')).toString('base64');
  return { apiVersion: 'v1', kind: 'Secret', metadata, data: { release } };
}

async function plan(records: readonly KubeObject[], hash = 'inputs'): Promise<RenderPlan> {
  const fakeCluster = {
    identity: { context: 'kind-dev', kubeconfig: '/k' },
    list: () => Promise.resolve(ok(records)),
    version: () => Promise.resolve(ok('v1.34.4')),
    apiVersions: () => Promise.resolve(ok(['v1', 'v1/Pod'])),
  } as unknown as Cluster;
  const found = await onCluster(fakeCluster, 'shop').plan({ release: 'web', namespace: 'ns' }, hash, signal);
  if (found.kind !== 'ok') throw new Error(JSON.stringify(found));
  return found.value;
}

async function attempts(records: readonly KubeObject[]): Promise<readonly Attempt[]> {
  const found = await plan(records, 'others');
  if (found.kind !== 'render') throw new Error('nothing is rendered');
  const made = await Promise.all(found.attempts.map(async (make) => await make(signal)));
  return made.flatMap((one) => (one.kind === 'ok' ? [one.value] : []));
}

it('takes the objects of the record if the release was made of the same inputs', async () => {
  expect(await plan([record(1, 'deployed')])).toEqual({ kind: 'recorded', objects: [password] });
});

it.each([
  ['it failed', [record(1, 'failed')]],
  ['helm works on it', [record(1, 'deployed'), record(2, 'pending-upgrade')]],
  ["it is another project's", [record(1, 'deployed', 'other')]],
  ['there is none', []],
])('renders again if %s', async (_why, records) => {
  expect((await plan(records)).kind).toBe('render');
});

const offered = ['--kube-version=v1.34.4', '--api-versions=v1', '--api-versions=v1/Pod'];

it('has helm dry-run the upgrade of a release, and tells a render without the cluster what the cluster is', async () => {
  const [upgrade, template] = await attempts([record(1, 'deployed')]);
  expect(upgrade).toMatchObject({ kubeconfig: '/k' });
  expect(upgrade?.args).toEqual(expect.arrayContaining(['upgrade', '--dry-run=server', '--namespace=ns']));
  expect(template?.kubeconfig).toBeUndefined();
  expect(template?.args).toEqual(
    expect.arrayContaining(['template', '--is-upgrade', '--namespace=ns', ...offered]),
  );
});

it('reads what the dry run of an upgrade prints', async () => {
  const [upgrade] = await attempts([record(1, 'deployed')]);
  const hook = { path: 'web/templates/hook.yaml', events: ['post-upgrade'], manifest: 'kind: Job\n' };
  const printed = JSON.stringify({ name: 'web', version: 2, manifest: '---\nkind: A\n', hooks: [hook] });
  expect(upgrade?.read?.(printed)).toBe('---\nkind: A\n---\n# Source: web/templates/hook.yaml\nkind: Job\n');
});

it('lets a chart look things up before its first install, too', async () => {
  const [server, template] = await attempts([]);
  expect(server).toMatchObject({ kubeconfig: '/k' });
  expect(server?.args).toEqual(expect.arrayContaining(['template', '--dry-run=server', ...offered]));
  expect(server?.args).not.toContain('--is-upgrade');
  expect(template?.args).toEqual(expect.arrayContaining(['template', ...offered]));
});
