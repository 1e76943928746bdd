/**
 * An API server that fails at one request of a first deploy. What came of it is told, never guessed; and whatever the
 * failure left behind, the next run ends as one that met no failure. Every request of ours in its turn, in this process;
 * and whole runs of the program with the first, a middle and the last request of theirs.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { openCluster, type OpenCluster } from '../../src/cluster/api/client.ts';
import { lockNamespace } from '../../src/cluster/hold/lock.ts';
import { ensureNamespace } from '../../src/cluster/hold/namespace.ts';
import { selectCluster } from '../../src/cluster/choose/select.ts';
import { createDeployer } from '../../src/deploy/deployer/deployer.ts';
import { exitCodeOf, type AppdevError } from '../../src/core/errors.ts';
import { ok, type Outcome } from '../../src/core/outcome.ts';
import { runProcess } from '../../src/support/process/process.ts';
import { deployedService, deployTerms, recordedContext, valueOf } from '../support/deploy-service.ts';
import { startFaultProxy, type FaultProxy } from '../support/fault-proxy.ts';
import { createRig, eventsIn, kubectl, type Rig } from '../support/rig.ts';
import { identityIn, sandboxKubeconfig } from '../support/sandbox-api.ts';

let top: string;
let context: string;
beforeAll(() => {
  top = mkdtempSync(join(tmpdir(), 'appdev-e2e-faults-'));
  context = kubectl(['config', 'current-context']).trim();
});
afterAll(() => rmSync(top, { recursive: true, force: true }));

/** A proxy before the sandbox's API server, and a kubeconfig that leads to it. It signs in for its clients. */
async function startProxy(): Promise<{ readonly proxy: FaultProxy; readonly kubeconfig: string }> {
  const config = sandboxKubeconfig();
  const [{ cluster }] = config.clusters;
  const proxy = await startFaultProxy(new URL(cluster.server).host, identityIn(config));
  cluster.server = `http://${proxy.host}`;
  delete cluster['certificate-authority-data'];
  const kubeconfig = join(mkdtempSync(join(top, 'proxy-')), 'kubeconfig');
  writeFileSync(kubeconfig, stringify(config), { mode: 0o600 });
  return { proxy, kubeconfig };
}

const manifest = `apiVersion: v1
kind: ConfigMap
metadata: { name: web }
data: { greeting: hello }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 0
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: web, image: example.com/web:1 }] }
`;

function project(kubeconfig: string): Rig {
  const folder = mkdtempSync(join(top, 'project-'));
  writeFileSync(
    join(folder, 'appdev.yaml'),
    `apiVersion: appdev/v1\nname: shop\nregistry: { push: 'localhost:5001' }\nservices:\n  web:\n    path: .\n    deploy: { manifests: [web.yaml] }\n`,
  );
  writeFileSync(join(folder, 'web.yaml'), manifest);
  return createRig({ project: folder, env: { CI: 'true', KUBECONFIG: kubeconfig } });
}

async function run(rig: Rig): Promise<{ readonly code: number | null; readonly error?: AppdevError }> {
  const { code, stdout } = await rig.appdev('run', '--kube-context', context, '--output', 'json');
  const events = eventsIn(stdout);
  const error = events.find((event) => event.type === 'session.finished')?.error;
  return { code, ...(error === undefined ? {} : { error }) };
}

interface Found {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec?: unknown;
  readonly data?: Readonly<Record<string, string>>;
}

/** What is there in the end, without what differs between two namespaces in the same state. */
function stateOf(namespace: string): unknown {
  const list = kubectl(['-n', namespace, 'get', 'deployments,configmaps', '-o', 'json']);
  return (JSON.parse(list) as { items: Found[] }).items
    .filter(({ metadata }) => metadata.name !== 'kube-root-ca.crt')
    .map(({ kind, metadata: { name }, spec, data }) => {
      const inventory = data?.['objects.json'];
      if (inventory === undefined) return [kind, name, spec ?? data];
      return [kind, name, (JSON.parse(inventory) as Found[]).map((one) => one.kind)];
    });
}

/** How a run may end whose deploy met a failure. */
const failures = [
  [7, 'CLUSTER_UNREACHABLE'],
  [7, 'DEPLOY_FAILED'],
];

/** Refused and broken off in turn. */
const answerOf = (n: number): 503 | 'reset' => (n % 2 === 0 ? 'reset' : 503);

interface Ended {
  readonly code: number | null;
  readonly error?: AppdevError;
}

/** What a run has to be that met a failure at `request`; it may be run again. */
async function expectHonest(what: string, ran: Ended, again: () => Promise<Ended>): Promise<void> {
  // One failed read does not fail the deploy.
  if (/ GET (?!.*[?&]watch=)/.test(what)) expect([what, ran.code]).toEqual([what, 0]);
  if (ran.code === 0) return;
  expect([what, failures]).toEqual([what, expect.arrayContaining([[ran.code, ran.error?.code]])]);
  expect([what, ran.error?.hint]).toEqual([what, expect.stringMatching(/./)]);
  expect([what, (await again()).code]).toEqual([what, 0]);
}

/** A deploy by the parts that `run` puts together for it, with every request that they make. */
async function deployHere(kubeconfig: string, namespace: string, folder: string): Promise<Ended> {
  const outcome = await inNamespace(kubeconfig, namespace, folder, async (cluster) => {
    const { renderer, way, observer } = createDeployer({
      cluster,
      run: runProcess,
      project: 'shop',
      root: folder,
      adopt: false,
      terms: deployTerms,
      forceConflicts: false,
    });
    const { image: _none, ...service } = deployedService(folder, { files: ['web.yaml'] });
    const work = recordedContext();
    const rendered = valueOf(await renderer.render(service, undefined, work));
    const applied = await way.apply(service, rendered, work);
    return applied.kind === 'ok' ? await observer.awaitReady(service, rendered, work) : applied;
  });
  if (outcome.kind === 'ok') return { code: 0 };
  if (outcome.kind === 'cancelled') throw new Error('nobody cancelled it');
  return { code: exitCodeOf(outcome.error), error: outcome.error };
}

/** Opens the cluster, makes the namespace and holds it while something is done there. */
async function inNamespace(
  kubeconfig: string,
  namespace: string,
  folder: string,
  work: (cluster: OpenCluster) => Promise<Outcome<void>>,
): Promise<Outcome<void>> {
  const { signal } = new AbortController();
  const selected = await selectCluster({
    command: 'run',
    places: { listed: kubeconfig, home: homedir(), cwd: folder },
    config: { allow: [], createNamespace: true },
    contextFlag: context,
    namespaceFlag: namespace,
    projectRoot: folder,
    pinnedPath: join(mkdtempSync(join(top, 'pinned-')), 'kubeconfig'),
  });
  const opened = await openCluster(valueOf(selected).identity);
  if (opened.kind !== 'ok') return opened;
  const cluster = opened.value;
  try {
    const place = { namespace, project: 'shop' };
    const there = await ensureNamespace(cluster, { ...place, create: true }, signal);
    if (there.kind !== 'ok') return there;
    const request = { ...place, command: 'run', onLost: () => undefined };
    const lock = await lockNamespace(cluster, request, signal);
    if (lock.kind !== 'ok') return lock;
    const done = await work(cluster);
    await lock.value.release(signal);
    return done.kind === 'ok' ? ok(undefined) : done;
  } finally {
    cluster.close();
  }
}

it('deploys manifests, whichever request of ours fails', async () => {
  /** A deploy whose nth request fails; none if n is 0. Each has a namespace and a proxy of its own. */
  async function failing(n: number): Promise<{ what: string; hasMet: boolean; state: unknown }> {
    const { proxy, kubeconfig } = await startProxy();
    const namespace = `faults-${process.pid}-${n}`;
    const folder = mkdtempSync(join(top, 'here-'));
    writeFileSync(join(folder, 'web.yaml'), manifest);
    try {
      proxy.nth = { left: n, answer: answerOf(n) };
      const ran = await deployHere(kubeconfig, namespace, folder);
      const hasMet = proxy.nth.left <= 0;
      proxy.nth = undefined;
      const what = `request ${n}, ${proxy.requests[n - 1] ?? 'none'}: ${JSON.stringify(ran.error)}`;
      await expectHonest(what, ran, async () => await deployHere(kubeconfig, namespace, folder));
      if (!hasMet) expect([what, ran.code]).toEqual([what, 0]);
      return { what, hasMet, state: stateOf(namespace) };
    } finally {
      kubectl(['delete', 'namespace', namespace, '--ignore-not-found', '--wait=false']);
      await proxy.stop();
    }
  }

  const { state: whole } = await failing(0);
  // A run that comes to its end before its nth request has met no failure: every request before had its own run.
  const width = 4;
  let met = 0;
  for (let n = 1, isOver = false; !isOver; n += width) {
    const batch = await Promise.all(Array.from({ length: width }, async (_, i) => await failing(n + i)));
    for (const { what, state } of batch) expect([what, state]).toEqual([what, whole]);
    met += batch.filter(({ hasMet }) => hasMet).length;
    isOver = batch.some(({ hasMet }) => !hasMet);
  }
  expect(met).toBeGreaterThan(8);
}, 300_000);

it('deploys manifests by the whole program, whether its first, a middle or its last request fails', async () => {
  const { proxy, kubeconfig } = await startProxy();
  const rig = project(kubeconfig);
  /** A first run in a namespace of its own whose nth request fails; none if n is 0. */
  async function failing(n: number): Promise<{ requests: number; state: unknown }> {
    const namespace = `${rig.namespace}-${n}`;
    rig.env['APPDEV_NAMESPACE'] = namespace;
    rmSync(join(rig.folder, '.appdev'), { recursive: true, force: true });
    const first = proxy.requests.length;
    proxy.nth = { left: n, answer: answerOf(n) };
    const ran = await run(rig);
    const { left } = proxy.nth;
    proxy.nth = undefined;
    const requests = proxy.requests.length - first;
    const what = `request ${n}, ${proxy.requests[first + n - 1] ?? 'none'}: ${JSON.stringify(ran.error)}`;
    expect([what, n === 0 || left <= 0]).toEqual([what, true]);
    await expectHonest(what, ran, async () => await run(rig));
    const state = stateOf(namespace);
    kubectl(['delete', 'namespace', namespace, '--wait=false']);
    return { requests, state };
  }
  try {
    const { requests, state } = await failing(0);
    for (const n of [1, Math.ceil(requests / 2), requests]) {
      expect([n, (await failing(n)).state]).toEqual([n, state]);
    }
  } finally {
    await rig.dispose();
    await proxy.stop();
  }
});
