/**
 * A fake cluster whose build pods are real as far as the registry is concerned: the stand-in executor runs in a folder
 * that is its root (chroot), with the arguments, the environment and the login of the pod's spec. For what is between the
 * executor and its registry, without a cluster. Linux, as root.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pipeline } from 'node:stream/promises';
import type { PodBuildParts } from '../../src/build/image/kaniko/make.ts';
import type { KubeObject } from '../../src/cluster/types.ts';
import { ok } from '../../src/core/outcome.ts';
import { buildStandInExecutor } from './stand-in-executor.ts';

/** The part of a pod's spec that decides what runs. */
interface Spec {
  readonly containers: readonly {
    readonly args: readonly string[];
    readonly env: readonly { readonly name: string; readonly value: string }[];
  }[];
  readonly volumes: readonly { readonly secret: { readonly secretName: string } }[];
}

interface Build {
  pod: KubeObject | undefined;
  readonly root: string;
  readonly lines: string[];
  readonly followers: Set<() => void>;
  process?: ChildProcess;
  readonly ended: Promise<void>;
  readonly end: () => void;
}

/** The fake cluster, and what was asked of it. */
export interface FakeBuildCluster {
  readonly api: PodBuildParts['cluster'];
  /** The executor's arguments, of each pod that was made. */
  readonly builds: (readonly string[])[];
}

/** Makes one; everything is in `folder`, which is the caller's to remove. */
export function createFakeBuildCluster(folder: string): FakeBuildCluster {
  const executor = buildStandInExecutor();
  const builds: (readonly string[])[] = [];
  const pods = new Map<string, Build>();
  const secrets = new Map<string, KubeObject>();

  function specOf(pod: KubeObject): Spec {
    return pod['spec'] as Spec;
  }

  function set(build: Build, pod: KubeObject | undefined): void {
    build.pod = pod;
    for (const tell of build.followers) tell();
  }

  function setState(build: Build, phase: string, state: unknown): void {
    if (build.pod === undefined) return;
    set(build, { ...build.pod, status: { phase, containerStatuses: [{ name: 'executor', state }] } });
  }

  /** A node starts a container once what it mounts is there. */
  function start(build: Build): void {
    if (build.pod === undefined) return;
    const missing = specOf(build.pod).volumes.some(({ secret }) => !secrets.has(secret.secretName));
    if (!missing) setState(build, 'Running', { running: {} });
  }

  function run(build: Build, pod: KubeObject): ChildProcess {
    const { root, lines } = build;
    const { containers, volumes } = specOf(pod);
    for (const name of ['kaniko/.docker', 'dev', 'etc', 'tmp'])
      mkdirSync(join(root, name), { recursive: true });
    writeFileSync(join(root, 'etc/hosts'), '127.0.0.1 localhost\n');
    writeFileSync(join(root, 'kaniko/executor'), executor, { mode: 0o755 });
    for (const { secret } of volumes) {
      const data = secrets.get(secret.secretName)?.['stringData'] as Readonly<Record<string, string>>;
      writeFileSync(join(root, 'kaniko/.docker/config.json'), data['.dockerconfigjson'] ?? '');
    }
    const env = Object.fromEntries(
      containers.flatMap((one) => one.env.map(({ name, value }) => [name, value])),
    );
    // The kernel ends it when the tests are killed.
    const command = ['--pdeathsig', 'KILL', '--', 'chroot', root, '/kaniko/executor'];
    const child = spawn('setpriv', [...command, ...containers.flatMap(({ args }) => args)], {
      env: {
        PATH: process.env['PATH'],
        ...env,
        DOCKER_CONFIG: '/kaniko/.docker',
        KUBERNETES_SERVICE_HOST: '127.0.0.1',
      },
      stdio: ['pipe', 'ignore', 'pipe'],
    });
    createInterface({ input: child.stderr }).on('line', (line) => lines.push(line));
    child.on('close', (code) => {
      const file = join(root, 'dev/termination-log');
      const written = existsSync(file) ? readFileSync(file, 'utf8') : '';
      const message = written === '' && code !== 0 ? lines.join('\n') : written;
      const reason = code === 0 ? 'Completed' : 'Error';
      build.end();
      setState(build, code === 0 ? 'Succeeded' : 'Failed', {
        terminated: { exitCode: code ?? 137, reason, message },
      });
    });
    return child;
  }

  const api: FakeBuildCluster['api'] = {
    identity: {
      name: 'fake',
      context: 'fake',
      server: 'https://127.0.0.1:1',
      namespace: 'shop',
    } as unknown as PodBuildParts['cluster']['identity'],
    get: async ({ apiVersion, kind, name }) =>
      await Promise.resolve(ok({ apiVersion, kind, metadata: { name } })),
    create: async (object) => {
      await Promise.resolve();
      const { name } = object.metadata;
      if (object.kind === 'Secret') {
        secrets.set(name, object);
        for (const build of pods.values()) start(build);
        return ok(object);
      }
      const made = { ...object, metadata: { ...object.metadata, uid: `uid of ${name}` } };
      let end = (): void => undefined;
      const ended = new Promise<void>((resolve) => (end = resolve));
      const build: Build = {
        pod: made,
        root: mkdtempSync(join(folder, 'pod-')),
        lines: [],
        followers: new Set(),
        ended,
        end,
      };
      pods.set(name, build);
      builds.push(specOf(made).containers.flatMap(({ args }) => args));
      start(build);
      return ok(made);
    },
    remove: async ({ kind, name }) => {
      await Promise.resolve();
      if (kind === 'Secret') return ok(secrets.delete(name) ? 'deleted' : 'absent');
      const build = pods.get(name);
      if (build?.pod === undefined) return ok('absent');
      if (build.process?.exitCode === null && build.process.kill('SIGKILL')) await build.ended;
      set(build, undefined);
      rmSync(build.root, { recursive: true });
      return ok('deleted');
    },
    follow: ({ fieldSelector }, { onSnapshot }, signal) => {
      const build = pods.get(fieldSelector?.replace('metadata.name=', '') ?? '');
      if (build === undefined) throw new Error(`nothing is followed by ${fieldSelector ?? 'no name'}`);
      const tell = (): void => {
        if (!signal.aborted) onSnapshot(build.pod === undefined ? [] : [build.pod]);
      };
      build.followers.add(tell);
      signal.addEventListener('abort', () => build.followers.delete(tell));
      setImmediate(tell);
    },
    logs: async ({ pod }, onLine) => {
      const build = pods.get(pod);
      await build?.ended;
      for (const line of build?.lines ?? []) onLine(line);
      return ok(undefined);
    },
    attach: async ({ pod }, source) => {
      const build = pods.get(pod);
      if (build?.pod === undefined) throw new Error(`there is no pod ${pod}`);
      build.process = run(build, build.pod);
      if (build.process.stdin === null) throw new Error('no stdin');
      // An executor that ends before it has read everything says why by its exit code.
      await pipeline(source, build.process.stdin).catch(() => undefined);
      await build.ended;
      return ok(undefined);
    },
  };
  return { api, builds };
}
