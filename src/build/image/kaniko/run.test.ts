/**
 * One build's way through its pod, against a fake cluster: for what a real one does not do on demand, such as a connection
 * that breaks in the middle. The real way is test/e2e/kaniko.test.ts.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../cluster/types.ts';
import { failed, ok, type Outcome } from '../../../core/outcome.ts';
import { buildPod, buildSecret, type BuildPod } from './pod.ts';
import { runBuildPod, type PodBuild, type PodRun, type PodTiming } from './run.ts';
import { defaultKaniko } from '../../../config/normalize.ts';

const build: BuildPod = {
  namespace: 'shop',
  project: 'shop',
  service: 'orders',
  holder: { identity: 'dev@desk 1/2', place: '' },
  config: defaultKaniko,
  destination: 'registry:5000/orders:1',
  labels: {},
  buildArgs: {},
  reproducible: false,
  insecureHosts: [],
  registryMaps: new Map(),
};
const digest = `sha256:${'a'.repeat(64)}`;
/** For toMatchObject, which takes a bare pattern for an object without keys. */
const matching = (pattern: RegExp): string => expect.stringMatching(pattern) as string;
const timing: PodTiming = { unschedulableMs: 30, pullMs: 20, logMs: 20, goneMs: 5000 };

/** Keeps one pod and tells its followers of each change; the script says what becomes of it. */
class FakeCluster {
  readonly calls: string[] = [];
  readonly received: Buffer[] = [];
  pod: KubeObject | undefined;
  /** What the API server answers to the pod's creation. */
  refusal: Outcome<'exists'> | undefined;
  /** How the attach ends after it has read everything. */
  attached: Outcome<void> = ok(undefined);
  /** What happens when the context was read. */
  onContext = (): void => undefined;
  /** What happens when the pod is to be removed; default: it goes at once. */
  onRemove = (): void => this.set(undefined);
  lines: readonly string[] = [];
  readonly #followers = new Set<() => void>();

  set(pod: KubeObject | undefined): void {
    this.pod = pod;
    for (const follower of this.#followers) follower();
  }

  status(status: unknown): void {
    if (this.pod !== undefined) this.set({ ...this.pod, status });
  }

  container(state: unknown, phase = 'Running'): void {
    this.status({ phase, containerStatuses: [{ name: 'executor', state }] });
  }

  ended(exitCode: number, message = '', reason = exitCode === 0 ? 'Completed' : 'Error'): void {
    this.container({ terminated: { exitCode, reason, message } }, exitCode === 0 ? 'Succeeded' : 'Failed');
  }

  get api(): PodRun['cluster'] {
    return {
      create: async (object) => {
        await Promise.resolve();
        const owner = object.metadata.ownerReferences?.[0]?.uid;
        this.calls.push(`create ${object.kind}${owner === undefined ? '' : ` of ${owner}`}`);
        if (object.kind !== 'Pod') return ok(object);
        if (this.refusal !== undefined) return this.refusal;
        const made = { ...object, metadata: { ...object.metadata, uid: 'uid-1' } };
        this.pod = made;
        return ok(made);
      },
      remove: async ({ kind }) => {
        await Promise.resolve();
        this.calls.push(`remove ${kind}`);
        if (kind !== 'Pod') return ok('deleted');
        if (this.pod === undefined) return ok('absent');
        this.onRemove();
        return ok('deleted');
      },
      follow: (_query, { onSnapshot }, signal) => {
        this.calls.push('follow');
        const tell = (): void => {
          if (!signal.aborted) onSnapshot(this.pod === undefined ? [] : [this.pod]);
        };
        this.#followers.add(tell);
        signal.addEventListener('abort', () => this.#followers.delete(tell));
        setImmediate(tell);
      },
      logs: async (_request, onLine) => {
        for (const line of this.lines) onLine(line);
        return await Promise.resolve(ok(undefined));
      },
      attach: async (_target, source) => {
        for await (const chunk of source) this.received.push(chunk);
        this.onContext();
        return this.attached;
      },
    };
  }
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'appdev-run-'));
  writeFileSync(join(folder, 'context'), Buffer.alloc(700_000, 'x'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let cluster: FakeCluster;
let said: string[];
let session: AbortController;
beforeEach(() => {
  cluster = new FakeCluster();
  said = [];
  session = new AbortController();
});

async function run(more: Partial<PodRun> = {}): Promise<Outcome<PodBuild>> {
  return await runBuildPod(
    {
      cluster: cluster.api,
      subject: {
        service: 'orders',
        namespace: 'shop',
        pod: 'build-1',
        image: 'executor:1',
        host: 'registry:5000',
      },
      pod: buildPod('build-1', build),
      context: join(folder, 'context'),
      onLine: (line) => said.push(line),
      timing,
      ...more,
    },
    session.signal,
  );
}

/** Lets the pod run as soon as it is there. */
function running(): void {
  const { api } = cluster;
  const { create } = api;
  Object.defineProperty(cluster, 'api', {
    value: {
      ...api,
      create: async (...args: Parameters<typeof create>) => {
        const made = await create(...args);
        if (args[0].kind === 'Pod') setImmediate(() => cluster.container({ running: {} }));
        return made;
      },
    },
  });
}

describe('a build', () => {
  it('sends the context, shows the log, reads the digest and removes its pod and its Secret', async () => {
    running();
    cluster.lines = ['INFO[0000] COPY a /b'];
    cluster.onContext = () => cluster.ended(0, `${digest}\n`);
    expect(await run({ secret: buildSecret('build-1', build, { login: '{}' }) })).toEqual(ok({ digest }));
    expect(Buffer.concat(cluster.received).length).toBe(700_000);
    expect(said).toEqual(['INFO[0000] COPY a /b']);
    expect(cluster.calls).toEqual([
      'create Pod',
      'create Secret of uid-1',
      'follow',
      'remove Pod',
      'remove Secret',
    ]);
  });

  it('keeps a line of its log as those of other tools: without escapes, and not without end', async () => {
    running();
    cluster.lines = [`\x1b[36mINFO\x1b[0m[0000] ${'x'.repeat(65_000)}`, 'error building image: no'];
    cluster.onContext = () => cluster.ended(1);
    const outcome = await run();
    const lines = [expect.stringMatching(/^INFO\[0000\] x{4000,4090}$/), 'error building image: no'];
    expect(said).toEqual(lines);
    expect(outcome).toMatchObject({ error: { evidence: lines } });
  });

  it('that fails tells the executor’s last words, and removes its pod', async () => {
    running();
    cluster.lines = ['INFO[0000] COPY a /b', 'error building image: no such file'];
    cluster.onContext = () => cluster.ended(1);
    expect(await run()).toMatchObject({
      error: {
        code: 'IMAGE_BUILD_FAILED',
        evidence: ['INFO[0000] COPY a /b', 'error building image: no such file'],
      },
    });
    expect(cluster.calls.at(-1)).toBe('remove Pod');
  });

  it('that fails after its digest was written does not tell that for a reason', async () => {
    running();
    cluster.onContext = () => cluster.ended(1, digest);
    const outcome = await run();
    expect(outcome).toMatchObject({ error: { code: 'IMAGE_BUILD_FAILED' } });
    expect(JSON.stringify(outcome)).not.toContain(digest);
  });

  it('whose tag is taken tells the digest with the reason, for someone to compare', async () => {
    running();
    cluster.lines = [
      'error pushing image: failed to push to destination registry:5000/orders:1: PUT http://registry:5000/v2/orders/manifests/1: PRECONDITION: configured as immutable',
    ];
    cluster.onContext = () => cluster.ended(1, digest);
    expect(await run()).toMatchObject({ value: { digest, taken: { code: 'TAG_IMMUTABLE' } } });
    // The end of the log instead of a digest: there is nothing to compare.
    cluster.onContext = () => cluster.ended(1, cluster.lines.join('\n'));
    expect(await run()).toMatchObject({ error: { code: 'TAG_IMMUTABLE' } });
  });

  it('takes the end of the log from the pod if the log itself could not be read', async () => {
    running();
    cluster.onContext = () => cluster.ended(1, 'INFO[0001] RUN x\nerror building image: exit status 3');
    expect(await run()).toMatchObject({
      error: { message: expect.stringContaining('exit status 3') as string },
    });
  });

  it('whose connection breaks in the middle says so, whether the executor notices or not', async () => {
    running();
    cluster.attached = failed('CLUSTER_UNREACHABLE', 'the API server closed the connection in the middle');
    const broken = {
      error: { code: 'BUILD_POD_FAILED', message: matching(/broke while the build context was sent/) },
    };
    expect(await run()).toMatchObject(broken);
    cluster.lines = ['error resolving source context: unexpected EOF'];
    cluster.onContext = () => cluster.ended(1);
    expect(await run()).toMatchObject(broken);
  });

  it('whose pod someone removes ends with that', async () => {
    running();
    cluster.onContext = () => cluster.set(undefined);
    expect(await run()).toMatchObject({
      error: { code: 'BUILD_POD_FAILED', message: matching(/\(Deleted\)/) },
    });
  });

  it('whose executor leaves no digest has failed', async () => {
    running();
    cluster.onContext = () => cluster.ended(0, '');
    expect(await run()).toMatchObject({ error: { code: 'BUILD_POD_FAILED' } });
  });
});

describe('a pod that does not start', () => {
  it('is not waited for if waiting cannot help', async () => {
    const outcome = run();
    setImmediate(() =>
      cluster.container({ waiting: { reason: 'ErrImagePull', message: 'x: not found' } }, 'Pending'),
    );
    expect(await outcome).toMatchObject({
      error: { code: 'BUILD_POD_FAILED', message: matching(/x: not found/) },
    });
    expect(cluster.calls).toEqual(['create Pod', 'follow', 'remove Pod', 'follow']);
  });

  it('is given up after a while if it might, and tells meanwhile what it waits for', async () => {
    const outcome = run();
    const message = '0/1 nodes are available';
    setImmediate(() =>
      cluster.status({
        phase: 'Pending',
        conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }],
      }),
    );
    expect(await outcome).toMatchObject({
      error: { code: 'BUILD_POD_FAILED', message: matching(/no node takes/) },
    });
    expect(said).toEqual([`waiting for the build pod: ${message}`]);
  });

  it('is built in after all if the trouble passes', async () => {
    cluster.onContext = () => cluster.ended(0, digest);
    const outcome = run();
    setImmediate(() => {
      cluster.container(
        { waiting: { reason: 'ImagePullBackOff', message: 'connection refused' } },
        'Pending',
      );
      setImmediate(() => cluster.container({ running: {} }));
    });
    expect(await outcome).toEqual(ok({ digest }));
  });

  it('is explained if the API server refuses it, and not looked for', async () => {
    cluster.refusal = failed('CLUSTER_DENIED', 'forbidden: violates PodSecurity "restricted:latest"');
    const outcome = await run({ secret: buildSecret('build-1', build, { login: '{}' }) });
    expect(outcome).toMatchObject({ error: { code: 'BUILD_POD_FAILED' } });
    expect(cluster.calls).toEqual(['create Pod']);
  });

  it('is removed if nobody knows whether it was made, and not waited for if it is not there', async () => {
    cluster.refusal = failed('CLUSTER_UNREACHABLE', 'the API server closed the connection in the middle');
    expect(await run()).toEqual(cluster.refusal);
    expect(cluster.calls).toEqual(['create Pod', 'remove Pod']);
  });

  it('is left alone if it is someone else’s', async () => {
    cluster.refusal = ok('exists');
    expect(await run()).toMatchObject({ error: { code: 'BUILD_POD_FAILED' } });
    expect(cluster.calls).toEqual(['create Pod']);
  });
});

describe('a build that is cancelled', () => {
  it('removes its pod and waits until it is gone', async () => {
    running();
    let gone = false;
    cluster.onRemove = () => {
      setTimeout(() => {
        gone = true;
        cluster.set(undefined);
      }, 30);
    };
    cluster.onContext = () => session.abort('superseded');
    expect(await run()).toEqual({ kind: 'cancelled', reason: 'superseded' });
    expect(gone).toBe(true);
  });

  it('while it starts does the same', async () => {
    const outcome = run();
    setImmediate(() => session.abort('user'));
    expect(await outcome).toEqual({ kind: 'cancelled', reason: 'user' });
    expect(cluster.pod).toBeUndefined();
  });

  it('before it starts makes no pod', async () => {
    session.abort('user');
    expect(await run()).toEqual({ kind: 'cancelled', reason: 'user' });
    expect(cluster.calls).toEqual([]);
  });
});
