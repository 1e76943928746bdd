/**
 * A namespace in the sandbox, a project folder, and deployers on them: what the tests of src/deploy share. Everything is
 * real; only the artifact is given instead of built (the sandbox's Java image, by its digest, under any tag).
 */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { openCluster, type OpenCluster } from '../../src/cluster/api/client.ts';
import { selectCluster } from '../../src/cluster/choose/select.ts';
import type { KubeObject, ObjectRef } from '../../src/cluster/types.ts';
import type { ServiceConfig } from '../../src/config/model.ts';
import { createDeployer } from '../../src/deploy/deployer/deployer.ts';
import type {
  DeployTerms,
  DeployTools,
  Observer,
  Renderer,
  Way as DeployWay,
} from '../../src/deploy/types.ts';
import type { Artifact } from '../../src/core/events.ts';
import { runProcess, type RunProcess } from '../../src/support/process/process.ts';
import { deployedService, deployTerms, valueOf, type Limits, type Way } from './deploy-service.ts';
import { kubectl } from './rig.ts';

const repository = resolve(import.meta.dirname, '../..');

/** All that deploys, as one object. */
export type TestDeployer = Renderer & DeployWay & Observer;

/** A project on the sandbox. */
export interface DeployRig {
  readonly folder: string;
  readonly namespace: string;
  readonly cluster: OpenCluster;
  deployer(options?: DeployerOptions): TestDeployer;
  /** The same cluster by another port of its host: a proxy's. Closed with the rig. */
  through(port: number): Promise<OpenCluster>;
  /** A service without jar; its image is given by `artifact`. */
  service(way: Way, limits?: Limits): ServiceConfig;
  /** The sandbox's Java image under a tag: another tag is another rollout. */
  artifact(tag: string): Artifact;
  get(kind: string, name: string): Promise<KubeObject | undefined>;
  kubectl(...args: readonly string[]): string;
  write(file: string, text: string): string;
  dispose(): Promise<void>;
}

export interface DeployerOptions {
  readonly tools?: Partial<DeployTools>;
  readonly project?: string;
  readonly adopt?: boolean;
  readonly forceConflicts?: boolean;
  readonly run?: RunProcess;
  readonly cluster?: OpenCluster;
  readonly terms?: Partial<DeployTerms>;
}

let counter = 0;

/** Makes a namespace of its own and a folder that holds the chart `web`. */
export async function createDeployRig(): Promise<DeployRig> {
  counter += 1;
  const namespace = `deploy-${process.pid}-${counter}`;
  const folder = mkdtempSync(join(tmpdir(), 'appdev-deploy-'));
  cpSync(join(repository, 'test/fixtures/charts'), join(folder, 'charts'), { recursive: true });
  const selected = await selectCluster({
    command: 'deploy',
    places: { listed: process.env['KUBECONFIG'] ?? '', home: homedir(), cwd: repository },
    config: { allow: [], createNamespace: false },
    namespaceFlag: namespace,
    projectRoot: folder,
    pinnedPath: join(folder, 'kubeconfig'),
  });
  const cluster = valueOf(await openCluster(valueOf(selected).identity));
  const { signal } = new AbortController();
  valueOf(
    await cluster.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }, signal),
  );
  const digest = await javaImageDigest();
  const others: OpenCluster[] = [];

  return {
    folder,
    namespace,
    cluster,
    async through(port) {
      const server = new URL(cluster.identity.server);
      const text = readFileSync(cluster.identity.kubeconfig, 'utf8');
      const moved = new URL(server);
      moved.port = String(port);
      const kubeconfig = join(folder, `kubeconfig-${port}`);
      writeFileSync(kubeconfig, text.replaceAll(server.origin, moved.origin), { mode: 0o600 });
      const opened = valueOf(await openCluster({ ...cluster.identity, server: moved.origin, kubeconfig }));
      others.push(opened);
      return opened;
    },
    deployer({ tools, project, adopt, forceConflicts, run, cluster: other, terms } = {}) {
      const { renderer, way, observer } = createDeployer({
        cluster: other ?? cluster,
        run: run ?? runProcess,
        project: project ?? 'shop',
        root: folder,
        adopt: adopt ?? false,
        terms: { ...deployTerms, ...terms },
        forceConflicts: forceConflicts ?? false,
        ...(tools === undefined ? {} : { tools }),
      });
      return { ...renderer, ...way, ...observer };
    },
    service: (way, limits) => deployedService(folder, way, limits),
    artifact: (tag) => ({
      service: 'web',
      repository: 'localhost:5001/appdev/java',
      pullRepository: 'localhost:5001/appdev/java',
      tag,
      digest,
      inputHash: tag,
    }),
    async get(kind, name) {
      const group = { Deployment: 'apps/v1', StatefulSet: 'apps/v1', Job: 'batch/v1' }[kind] ?? 'v1';
      // The client leaves the namespace out if a kind has none.
      const ref: ObjectRef = { apiVersion: group, kind, name, namespace };
      return valueOf(await cluster.get(ref, signal));
    },
    kubectl: (...args) => kubectl(['-n', namespace, ...args]),
    write(file, text) {
      const path = join(folder, file);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
      return path;
    },
    async dispose() {
      await cluster.remove({ apiVersion: 'v1', kind: 'Namespace', name: namespace }, {}, signal);
      for (const one of [cluster, ...others]) one.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Digest of the image that the sandbox keeps in its registry. */
async function javaImageDigest(): Promise<string> {
  const accept =
    'application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json';
  const url = 'http://localhost:5001/v2/appdev/java/manifests/17';
  const answer = await fetch(url, { method: 'HEAD', headers: { accept } });
  const digest = answer.headers.get('docker-content-digest');
  if (digest === null) throw new Error(`the sandbox has no Java image: HTTP ${answer.status}`);
  return digest;
}
