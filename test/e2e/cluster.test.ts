/** The cluster client on a real API server and a real node: what a fake cannot vouch for. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect as dial } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openCluster, type OpenCluster } from '../../src/cluster/api/client.ts';
import { forwardService } from '../../src/cluster/forward/forward.ts';
import { leaseName, lockNamespace } from '../../src/cluster/hold/lock.ts';
import { ensureNamespace, removeNamespace } from '../../src/cluster/hold/namespace.ts';
import { followPodLogs, readPodLogs } from '../../src/cluster/logs/pod-logs.ts';
import { selectCluster } from '../../src/cluster/choose/select.ts';
import type { KubeObject } from '../../src/cluster/types.ts';
import type { EventBody } from '../../src/core/events.ts';
import type { Outcome } from '../../src/core/outcome.ts';
import { freePort } from '../support/free-port.ts';
import { until } from '../support/wait.ts';

const sandbox = resolve(import.meta.dirname, '../../sandbox/cluster');
const namespace = `cluster-${process.pid}`;
const image = 'localhost:5001/appdev/java:17';
const minute = 60_000;

let folder: string;
let cluster: OpenCluster;
let session: AbortController;

beforeAll(async () => {
  const kubeconfig = execFileSync(sandbox, ['kubeconfig'], { encoding: 'utf8' }).trim();
  folder = mkdtempSync(join(tmpdir(), 'appdev-cluster-'));
  const selected = await selectCluster({
    command: 'dev',
    places: { listed: kubeconfig, home: homedir(), cwd: folder },
    config: { allow: [], createNamespace: true },
    namespaceFlag: namespace,
    projectRoot: folder,
    pinnedPath: join(folder, 'kubeconfig'),
  });
  const { identity } = valueOf(selected);
  expect(identity.product).toBe('sandbox');
  cluster = valueOf(await openCluster(identity));
  const { signal } = new AbortController();
  expect(valueOf(await ensureNamespace(cluster, { namespace, project: 'shop', create: true }, signal))).toBe(
    'created',
  );
});
afterAll(() => {
  kubectl('delete', 'namespace', namespace, '--wait=false', '--ignore-not-found');
  cluster.close();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  session = new AbortController();
});
afterEach(() => {
  session.abort();
});

function valueOf<T>(outcome: Outcome<T>): T {
  if (outcome.kind !== 'ok') throw new Error(JSON.stringify(outcome));
  return outcome.value;
}

/** kubectl with the pinned kubeconfig: its context and its namespace are the defaults. */
function kubectl(...args: readonly string[]): string {
  return execFileSync('kubectl', args, {
    encoding: 'utf8',
    env: { ...process.env, KUBECONFIG: join(folder, 'kubeconfig') },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

function configMap(name: string, value: string): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace }, data: { value } };
}

/** A deployment of one pod that runs a shell script, with a Perl that listens if the script wants one. */
function deployment(name: string, script: string, init?: string): KubeObject {
  const container = (of: string, command: string): object => ({
    name: of,
    image,
    imagePullPolicy: 'IfNotPresent',
    command: ['sh', '-c', command],
    ...(of === 'app' && { ports: [{ containerPort: 8080, name: 'http' }] }),
  });
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: {
          terminationGracePeriodSeconds: 1,
          containers: [container('app', script)],
          ...(init !== undefined && { initContainers: [container('migrate', init)] }),
        },
      },
    },
  };
}

/** Answers each line with the pod's name, one process a connection. */
const echoServer = `exec perl -MIO::Socket::INET -e '
  $SIG{CHLD} = "IGNORE"; $SIG{TERM} = sub { exit 0 };
  my $s = IO::Socket::INET->new(LocalPort => 8080, Listen => 50, ReuseAddr => 1) or die;
  while (1) { my $c = $s->accept or next; next if fork;
    while (my $line = <$c>) { print $c "$ENV{HOSTNAME} $line"; } exit 0; }'`;

async function deploy(object: KubeObject): Promise<string> {
  valueOf(await cluster.apply(object, {}, session.signal));
  const { name } = object.metadata;
  kubectl('rollout', 'status', `deployment/${name}`, '--timeout=60s');
  return podOf(name);
}

function podOf(app: string): string {
  const names = kubectl(
    'get',
    'pods',
    '-l',
    `app=${app}`,
    '--field-selector=status.phase=Running',
    '-o',
    'name',
  );
  return names.trim().split('\n')[0]?.replace('pod/', '') ?? '';
}

describe('objects', () => {
  it('applies by server-side apply, and changes nothing the second time', async () => {
    const first = valueOf(await cluster.apply(configMap('a', '1'), {}, session.signal));
    const second = valueOf(await cluster.apply(configMap('a', '1'), {}, session.signal));
    expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
    const third = valueOf(await cluster.apply(configMap('a', '2'), { dryRun: true }, session.signal));
    expect(third['data']).toEqual({ value: '2' });
    expect(kubectl('get', 'configmap', 'a', '-o', 'jsonpath={.data.value}')).toBe('1');
    expect(kubectl('get', 'configmap', 'a', '-o', 'jsonpath={.metadata.managedFields[*].manager}')).toBe(
      'appdev',
    );
  });

  it('names who owns a field that it must not take, and takes it when forced', async () => {
    valueOf(await cluster.apply(configMap('b', '1'), {}, session.signal));
    kubectl('patch', 'configmap', 'b', '-p', '{"data":{"value":"theirs"}}', '--field-manager=ben');
    expect(await cluster.apply(configMap('b', '2'), {}, session.signal)).toMatchObject({
      kind: 'failed',
      error: {
        code: 'DEPLOY_FAILED',
        message: `cannot apply ConfigMap/b in ${namespace}: .data.value belongs to ben`,
      },
    });
    expect(kubectl('get', 'configmap', 'b', '-o', 'jsonpath={.data.value}')).toBe('theirs');
    valueOf(await cluster.apply(configMap('b', '2'), { force: true }, session.signal));
    expect(kubectl('get', 'configmap', 'b', '-o', 'jsonpath={.data.value}')).toBe('2');
  });

  it('says which field a kind does not have, and which cannot change', async () => {
    const wrong = { ...configMap('c', '1'), dta: { x: '1' } };
    expect(await cluster.apply(wrong, {}, session.signal)).toMatchObject({
      error: {
        message: expect.stringContaining('.dta') as string,
        hint: 'the kind has no such field: fix its name or its place in the manifest',
      },
    });
    valueOf(await cluster.apply(deployment('fixed', 'sleep 600'), {}, session.signal));
    const spec = deployment('fixed', 'sleep 600')['spec'] as Record<string, object>;
    const other = { matchLabels: { app: 'other' } };
    const template = { ...spec['template'], metadata: { labels: { app: 'other' } } };
    const changed = { ...deployment('fixed', 'sleep 600'), spec: { ...spec, selector: other, template } };
    expect(await cluster.apply(changed, { force: true }, session.signal)).toMatchObject({
      error: {
        message: expect.stringContaining('immutable') as string,
        hint: expect.stringContaining('delete the object') as string,
      },
    });
    const ref = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'fixed', namespace };
    expect(valueOf(await cluster.remove(ref, { graceSeconds: 0 }, session.signal))).toBe('deleted');
  });

  it('finds kinds of a definition that was installed a moment ago', async () => {
    const kind = { plural: 'widgets', singular: 'widget', kind: 'Widget' };
    const group = `w${process.pid}.example.com`;
    const widget = { apiVersion: `${group}/v1`, kind: 'Widget', metadata: { name: 'w', namespace } };
    expect(await cluster.apply(widget, {}, session.signal)).toMatchObject({
      error: { message: expect.stringContaining(`does not serve Widget of ${group}/v1`) as string },
    });
    const version = {
      name: 'v1',
      served: true,
      storage: true,
      schema: { openAPIV3Schema: { type: 'object' } },
    };
    const definition = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: `widgets.${group}` },
      spec: { group, names: kind, scope: 'Namespaced', versions: [version] },
    };
    valueOf(await cluster.apply(definition, {}, session.signal));
    await until('the new kind', async () => (await cluster.apply(widget, {}, session.signal)).kind === 'ok');
    const ref = { apiVersion: definition.apiVersion, kind: definition.kind, name: definition.metadata.name };
    expect(valueOf(await cluster.remove(ref, {}, session.signal))).toBe('deleted');
  });
});

describe('exec', () => {
  it('gives exit code, both streams and the words as they were', async () => {
    const pod = await deploy(deployment('exec', 'sleep 600'));
    const target = { namespace, pod, container: 'app' };
    const run = async (...command: readonly string[]): ReturnType<OpenCluster['exec']> =>
      await cluster.exec(target, command, session.signal);
    expect(await run('sh', '-c', 'echo out; echo err >&2; exit 7')).toEqual({
      kind: 'ok',
      value: { exitCode: 7, stdout: 'out\n', stderr: 'err\n' },
    });
    const words = ['a b', '$(id)', "it's", '--x=&y#z?', 'ü'];
    expect(valueOf(await run('printf', '%s\n', ...words)).stdout).toBe(`${words.join('\n')}\n`);
    expect(valueOf(await run('sh', '-c', 'seq 1 400000')).stdout).toHaveLength(2_688_895);
    expect(await run('no-such-program')).toMatchObject({
      error: { code: 'DEPLOY_FAILED', message: expect.stringContaining('no-such-program') as string },
    });
    expect(await cluster.exec({ ...target, pod: 'nobody' }, ['true'], session.signal)).toMatchObject({
      error: { message: `cannot exec in Pod/nobody of ${namespace}: there is no such pod` },
    });
    const slow = run('sleep', '600');
    session.abort('superseded');
    expect(await slow).toEqual({ kind: 'cancelled', reason: 'superseded' });
  });
});

describe('logs', () => {
  it(
    'gives every line once, over restarts and replaced pods, init containers first',
    { timeout: 3 * minute },
    async () => {
      // Each run counts from 1, so that a line that is lost or repeated shows.
      const count =
        'run=$(cat /proc/sys/kernel/random/uuid); i=0; while [ $i -lt 40 ]; do i=$((i+1)); echo "$run $i"; sleep 0.02; done';
      const events: EventBody[] = [];
      const request = { service: 'logs', namespace, selector: 'app=logs' };
      const following = followPodLogs(cluster, request, (event) => events.push(event), session.signal);
      const lines = (): { pod: string; container: string; line: string }[] =>
        events.flatMap((event) => (event.type === 'pod.log' ? [event] : []));
      const whole = (container: string): number =>
        lines().filter((one) => one.container === container && one.line.endsWith(' 40')).length;
      const seen = { ms: minute, describe: () => JSON.stringify(lines().slice(-5)) };

      valueOf(await cluster.apply(deployment('logs', `${count}; sleep 600`, count), {}, session.signal));
      await until('the first run', () => whole('migrate') === 1 && whole('app') === 1, seen);
      const first = podOf('logs');
      kubectl('delete', 'pod', first, '--wait=false');
      await until('the next pod', () => whole('migrate') === 2 && whole('app') >= 2, seen);
      expect(lines().find(({ pod }) => pod === first)?.container).toBe('migrate');

      const counted = new Map<string, number[]>();
      for (const { line } of lines()) {
        const [run = '', number] = line.split(' ');
        counted.set(run, [...(counted.get(run) ?? []), Number(number)]);
      }
      for (const numbers of counted.values())
        expect(numbers).toEqual(numbers.map((_number, index) => index + 1));

      const next = podOf('logs');
      const read = valueOf(await readPodLogs(cluster, { ...request, tailLines: 3 }, session.signal));
      expect(
        read
          .filter(({ pod, container }) => pod === next && container === 'app')
          .map(({ line }) => line.split(' ')[1]),
      ).toEqual(['38', '39', '40']);
      session.abort();
      await following;
    },
  );

  it('reads what a crashing container said in each of its runs', { timeout: 2 * minute }, async () => {
    const events: EventBody[] = [];
    const request = { service: 'crash', namespace, selector: 'app=crash' };
    const following = followPodLogs(cluster, request, (event) => events.push(event), session.signal);
    // The name of each run, so that one that is shown twice cannot stand for one that is not shown.
    const script = 'cat /proc/sys/kernel/random/uuid; exit 1';
    valueOf(await cluster.apply(deployment('crash', script), {}, session.signal));
    const said = (): string[] => events.flatMap((event) => (event.type === 'pod.log' ? [event.line] : []));
    const status = [
      'get',
      'pods',
      '-l',
      'app=crash',
      '-o',
      'jsonpath={.items[*].status.containerStatuses[0].restartCount}',
    ];
    const restarts = (): number => Number(kubectl(...status));
    await until('two restarts', () => restarts() >= 2, { ms: minute });
    const seen = { ms: minute, describe: () => JSON.stringify(events) };
    await until('a line a run', () => said().length === restarts() + 1, seen);
    expect(new Set(said()).size).toBe(said().length);
    session.abort();
    await following;
  });
});

describe('forward', () => {
  it('keeps one local port through a replaced pod', { timeout: 2 * minute }, async () => {
    const first = await deploy(deployment('echo', echoServer));
    const port = freePort();
    const events: EventBody[] = [];
    const request = {
      service: 'echo',
      namespace,
      selector: 'app=echo',
      ports: [{ localPort: port, remotePort: 8080 }],
    };
    const forwarding = forwardService(cluster, request, (event) => events.push(event), session.signal);
    await until('forward.opened', () => events.some(({ type }) => type === 'forward.opened'));
    await until('the first answer', async () => (await ask(port, 'hello')) === `${first} hello`);
    kubectl('delete', 'pod', first, '--wait=false');
    const second = await until(
      'an answer of the next pod',
      async () => {
        const answer = await ask(port, 'again');
        return answer !== '' && !answer.startsWith(first) && answer;
      },
      { ms: minute },
    );
    expect(second).toMatch(/^echo-.* again$/);
    session.abort();
    await forwarding;
    await expect(ask(port, 'closed')).rejects.toThrow('ECONNREFUSED');
  });

  it('says which port the pod listens on instead', async () => {
    await deploy(deployment('echo', echoServer));
    const port = freePort();
    const events: EventBody[] = [];
    const request = {
      service: 'echo',
      namespace,
      selector: 'app=echo',
      ports: [{ localPort: port, remotePort: 80 }],
    };
    const forwarding = forwardService(cluster, request, (event) => events.push(event), session.signal);
    await until('forward.opened', () => events.some(({ type }) => type === 'forward.opened'));
    expect(await ask(port, 'x')).toBe('');
    const lost = await until('the reason', () => events.find(({ type }) => type === 'forward.lost'));
    expect(lost).toMatchObject({
      reason: expect.stringMatching(/^nothing in Pod\/echo-.* listens on port 80$/) as string,
      hint: `dev.forward of echo says ${port}:80; the second number should be 8080 (http)`,
    });
    session.abort();
    await forwarding;
  });
});

describe('lock and namespace', () => {
  it('holds a Lease that kubectl shows, and takes it away', async () => {
    const lock = valueOf(
      await lockNamespace(
        cluster,
        { namespace, project: 'shop', command: 'dev', onLost: () => undefined },
        session.signal,
      ),
    );
    const holder = kubectl('get', 'lease', leaseName('shop'), '-o', 'jsonpath={.spec.holderIdentity}');
    expect(holder).toMatch(new RegExp(` ${process.pid}/\\d+$`));
    await lock.release(session.signal);
    expect(() => kubectl('get', 'lease', leaseName('shop'))).toThrow('NotFound');
  });

  it('leaves a cluster without the namespace that it made, and with one that holds something', async () => {
    const own = { namespace: `${namespace}-own`, project: 'shop' };
    valueOf(await ensureNamespace(cluster, { ...own, create: true }, session.signal));
    const theirs = { ...configMap('theirs', '1'), metadata: { name: 'theirs', namespace: own.namespace } };
    valueOf(await cluster.create(theirs, session.signal));
    expect(valueOf(await removeNamespace(cluster, own, session.signal))).toEqual({
      kind: 'kept',
      reason: 'ConfigMap/theirs is still in it',
    });
    kubectl('delete', 'configmap', 'theirs', '-n', own.namespace);
    expect(valueOf(await removeNamespace(cluster, own, session.signal))).toEqual({ kind: 'removed' });
    // A session that starts while the old namespace is still going waits for it.
    expect(valueOf(await ensureNamespace(cluster, { ...own, create: true }, session.signal))).toBe('created');
    expect(valueOf(await removeNamespace(cluster, own, session.signal))).toEqual({ kind: 'removed' });
  });
});

describe('an API server that goes away and comes back', () => {
  it('is told once each way, and no change is missed', { timeout: 3 * minute }, async () => {
    const told: string[] = [];
    let seen: string[] = [];
    valueOf(await cluster.apply(configMap('followed', '1'), {}, session.signal));
    cluster.follow(
      { apiVersion: 'v1', kind: 'ConfigMap', namespace, fieldSelector: 'metadata.name=followed' },
      {
        onSnapshot: (objects) =>
          (seen = objects.map((object) => (object['data'] as { value: string }).value)),
        onLost: (reason) => told.push(`lost: ${reason}`),
        onRegained: () => told.push('regained'),
      },
      session.signal,
    );
    await until('the first set', () => seen[0] === '1');
    execFileSync(sandbox, ['stop', 'apiserver'], { stdio: 'ignore' });
    try {
      await until('the loss', () => told.length > 0, { ms: minute });
      expect(
        await cluster.get(
          { apiVersion: 'v1', kind: 'ConfigMap', name: 'followed', namespace },
          session.signal,
        ),
      ).toMatchObject({
        error: {
          code: 'CLUSTER_UNREACHABLE',
          message:
            'the API server https://198.18.0.1:6443 (context appdev-sandbox) refuses connections: nothing listens there',
          hint: 'is it running? sandbox/cluster up',
        },
      });
    } finally {
      execFileSync(sandbox, ['start', 'apiserver'], { stdio: 'ignore' });
    }
    await until(
      'a change from outside',
      () => {
        try {
          kubectl('patch', 'configmap', 'followed', '-p', '{"data":{"value":"2"}}');
          return true;
        } catch {
          return false;
        }
      },
      { ms: minute },
    );
    await until('the change', () => seen[0] === '2', {
      ms: minute,
      describe: () => JSON.stringify({ told, seen }),
    });
    expect(told).toEqual([expect.stringContaining('refuses connections'), 'regained']);
  });
});

/** Sends a line over a connection of its own; the answer's line, empty when the connection is closed without one. */
async function ask(port: number, word: string): Promise<string> {
  const socket = dial(port, '127.0.0.1');
  let text = '';
  await new Promise<void>((done, fail) => {
    socket.once('error', (error) => {
      if ('code' in error && error.code === 'ECONNRESET') done();
      else fail(error);
    });
    socket.once('close', () => done());
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.endsWith('\n')) done();
    });
    socket.write(`${word}\n`);
  });
  socket.destroy();
  return text.trim();
}
