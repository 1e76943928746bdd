/**
 * An API server that fails at one request of a first deploy, for every request that the run makes. What came of
 * it is told, never guessed; and whatever the failure left behind, the next run ends as one that met no failure.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import type { AppdevError } from '../../src/core/errors.ts';
import { startFaultProxy, type FaultProxy, type ProxyIdentity } from '../support/fault-proxy.ts';
import { createRig, eventsIn, kubectl, type Rig } from '../support/rig.ts';

let top: string;
beforeAll(() => {
  top = mkdtempSync(join(tmpdir(), 'appdev-e2e-faults-'));
});
afterAll(() => rmSync(top, { recursive: true, force: true }));

/** The cluster of a kubeconfig, as far as these tests need it. */
interface Kubeconfig {
  readonly clusters: [{ cluster: { server: string; 'certificate-authority-data'?: string } }];
  readonly users: [{ user: { 'client-certificate-data': string; 'client-key-data': string } }];
}

/** A proxy before the sandbox's API server, and a kubeconfig that leads to it. It signs in for its clients. */
async function startProxy(): Promise<{ readonly proxy: FaultProxy; readonly kubeconfig: string }> {
  const config = parse(readFileSync(process.env['KUBECONFIG'] ?? '', 'utf8')) as Kubeconfig;
  const [{ cluster }] = config.clusters;
  const [{ user }] = config.users;
  const pem = (data: string | undefined): Buffer => Buffer.from(data ?? '', 'base64');
  const identity: ProxyIdentity = {
    ca: pem(cluster['certificate-authority-data']),
    cert: pem(user['client-certificate-data']),
    key: pem(user['client-key-data']),
  };
  const proxy = await startFaultProxy(new URL(cluster.server).host, identity);
  cluster.server = `http://${proxy.host}`;
  delete cluster['certificate-authority-data'];
  const kubeconfig = join(top, 'kubeconfig');
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
  const context = kubectl(['config', 'current-context']).trim();
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

it('deploys manifests, whichever request fails', async () => {
  const { proxy, kubeconfig } = await startProxy();
  const rig = project(kubeconfig);
  const states: [what: string, state: unknown][] = [];
  try {
    // A run that comes to its end before its nth request has met no failure: every request before had its own run.
    for (let n = 1, hasMet = true; hasMet; n += 1) {
      const namespace = `${rig.namespace}-${n}`;
      rig.env['APPDEV_NAMESPACE'] = namespace;
      rmSync(join(rig.folder, '.appdev'), { recursive: true, force: true });
      const first = proxy.requests.length;
      // Refused and broken off in turn.
      proxy.nth = { left: n, answer: n % 2 === 0 ? 'reset' : 503 };
      const ran = await run(rig);
      hasMet = proxy.nth.left <= 0;
      proxy.nth = undefined;
      const what = `request ${n}, ${proxy.requests[first + n - 1] ?? 'none'}: ${JSON.stringify(ran.error)}`;
      // One failure of a read is no failure of the deploy.
      if (/ GET (?!.*[?&]watch=)/.test(what)) expect([what, ran.code]).toEqual([what, 0]);
      if (ran.code !== 0) {
        expect([what, failures]).toEqual([what, expect.arrayContaining([[ran.code, ran.error?.code]])]);
        expect([what, ran.error?.hint]).toEqual([what, expect.stringMatching(/./)]);
        expect([what, hasMet, (await run(rig)).code]).toEqual([what, true, 0]);
      }
      states.push([what, stateOf(namespace)]);
      kubectl(['delete', 'namespace', namespace, '--wait=false']);
    }
  } finally {
    await rig.dispose();
    await proxy.stop();
  }
  for (const [what, state] of states) expect([what, state]).toEqual([what, states.at(-1)?.[1]]);
}, 900_000);
