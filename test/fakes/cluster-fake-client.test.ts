/** How the client puts an API server's refusals and faults into words, on a fake that produces them at will. */
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openCluster, type OpenCluster } from '../../src/cluster/api/client.ts';
import type { KubeObject } from '../../src/cluster/types.ts';
import { startFakeApiServer, type FakeApiServer, type Seen } from '../support/fake-apiserver.ts';
import type { FakeSocket } from '../support/fake-websocket.ts';
import { until } from '../support/wait.ts';

const deployment: KubeObject = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'orders', namespace: 'shop' },
  data: {},
};
const ref = { apiVersion: 'v1', kind: 'ConfigMap', name: 'orders', namespace: 'shop' };
const target = { namespace: 'shop', pod: 'orders-1', container: 'app' };

let fake: FakeApiServer;
let cluster: OpenCluster;
let session: AbortController;
let warnings: string[];
beforeEach(async () => {
  fake = await startFakeApiServer();
  session = new AbortController();
  warnings = [];
  const opened = await openCluster(fake.identity, {
    deadlineMs: 300,
    onWarning: (text) => warnings.push(text),
  });
  if (opened.kind !== 'ok') throw new Error(JSON.stringify(opened));
  cluster = opened.value;
});
afterEach(async () => {
  session.abort();
  cluster.close();
  await fake.close();
});

/** Answers requests for the object itself, not those for the table of kinds. */
function answerWith(
  code: number,
  body: object,
  headers: Record<string, string> = {},
  times = Number.POSITIVE_INFINITY,
): void {
  let left = times;
  fake.intercepts.push((seen, response) => {
    if (!seen.path.includes('/configmaps') || left <= 0) return false;
    left -= 1;
    response.writeHead(code, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify(body));
    return true;
  });
}

const objectRequests = (): Seen[] => fake.seen.filter((seen) => seen.path.includes('/configmaps'));

describe('refusals', () => {
  it('names the other manager and the field of a server-side apply conflict', async () => {
    answerWith(409, {
      reason: 'Conflict',
      message: 'Apply failed with 1 conflict',
      details: {
        causes: [
          {
            reason: 'FieldManagerConflict',
            message: 'conflict with "kubectl-scale" using apps/v1',
            field: '.spec.replicas',
          },
        ],
      },
    });
    expect(await cluster.apply(deployment, {}, session.signal)).toEqual({
      kind: 'failed',
      error: {
        code: 'DEPLOY_FAILED',
        message: 'cannot apply ConfigMap/orders in shop: .spec.replicas belongs to kubectl-scale',
        hint: 'someone else changed it at the same moment: try again',
      },
    });
  });

  it('tells 401 from 403', async () => {
    answerWith(401, { reason: 'Unauthorized', message: 'Unauthorized' }, {}, 2);
    answerWith(403, { reason: 'Forbidden', message: 'User "ann" cannot get configmaps' });
    expect(await cluster.get(ref, session.signal)).toMatchObject({
      error: {
        code: 'CLUSTER_DENIED',
        message: expect.stringContaining('does not accept the credentials') as string,
      },
    });
    // Signed in once more before giving up.
    expect(objectRequests()).toHaveLength(2);
    expect(await cluster.get(ref, session.signal)).toMatchObject({
      error: {
        code: 'CLUSTER_DENIED',
        message:
          'context fake is not allowed to read ConfigMap/orders in shop: User "ann" cannot get configmaps',
      },
    });
  });

  it('goes on with new credentials after one 401', async () => {
    fake.put(deployment);
    answerWith(401, {}, {}, 1);
    expect(await cluster.get(ref, session.signal)).toMatchObject({
      kind: 'ok',
      value: { metadata: { name: 'orders' } },
    });
  });

  it('passes on the words of 422, and says what to do about an immutable field', async () => {
    answerWith(422, {
      reason: 'Invalid',
      message: 'Deployment "orders" is invalid: spec.selector: field is immutable',
    });
    expect(await cluster.apply(deployment, {}, session.signal)).toMatchObject({
      error: {
        message: expect.stringContaining('field is immutable') as string,
        hint: expect.stringContaining('delete the object') as string,
      },
    });
  });

  it('waits as long as 429 says, and repeats', async () => {
    fake.put(deployment);
    answerWith(429, { message: 'busy' }, { 'retry-after': '0' }, 1);
    const opened = await openCluster(fake.identity);
    if (opened.kind !== 'ok') throw new Error('not opened');
    expect(await opened.value.get(ref, session.signal)).toMatchObject({ kind: 'ok' });
    opened.value.close();
    expect(objectRequests()).toHaveLength(2);
  });

  it.each([
    ['a GET that a gateway turned away', 'get', 503, {}, 2],
    ['an apply that the server turned away with Retry-After', 'apply', 503, { 'retry-after': '0' }, 2],
    ['no apply that a gateway lost: it may have been done', 'apply', 504, {}, 1],
    ['no GET that failed in the server', 'get', 500, {}, 1],
  ] as const)('repeats %s', async (_what, verb, status, headers, requests) => {
    fake.put(deployment);
    answerWith(status, { message: 'not now' }, headers, 1);
    const opened = await openCluster(fake.identity);
    if (opened.kind !== 'ok') throw new Error('not opened');
    await (verb === 'get'
      ? opened.value.get(ref, session.signal)
      : opened.value.apply(deployment, {}, session.signal));
    opened.value.close();
    expect(objectRequests()).toHaveLength(requests);
  });

  it('passes on a 503 that stays', async () => {
    answerWith(503, { message: 'etcd is away' }, { 'retry-after': '0' });
    expect(await cluster.get(ref, session.signal)).toMatchObject({
      error: { message: expect.stringContaining('etcd is away') as string },
    });
    expect(objectRequests()).toHaveLength(5);
  });

  it('takes a missing object for what it is', async () => {
    expect(await cluster.get(ref, session.signal)).toEqual({ kind: 'ok', value: undefined });
    expect(await cluster.remove(ref, {}, session.signal)).toEqual({ kind: 'ok', value: 'absent' });
    expect(
      await cluster.get({ ...ref, apiVersion: 'example.com/v1', kind: 'Thing' }, session.signal),
    ).toEqual({
      kind: 'ok',
      value: undefined,
    });
  });

  it('deletes only the very object that is meant', async () => {
    fake.put(deployment);
    expect(await cluster.remove(ref, { uid: 'another' }, session.signal)).toEqual({
      kind: 'ok',
      value: 'absent',
    });
    expect(await cluster.get(ref, session.signal)).toMatchObject({ value: { kind: 'ConfigMap' } });
    expect(await cluster.remove(ref, {}, session.signal)).toEqual({ kind: 'ok', value: 'deleted' });
  });

  it('tells warnings of the server once', async () => {
    const headers = { warning: '299 - "v1 Foo is \\"old\\"", 299 - "use v2"' };
    answerWith(200, deployment, headers);
    await cluster.get(ref, session.signal);
    await cluster.get(ref, session.signal);
    expect(warnings).toEqual(['v1 Foo is "old"', 'use v2']);
  });

  it('carries the token, and never shows it', async () => {
    answerWith(500, { message: 'boom' });
    const outcome = await cluster.get(ref, session.signal);
    expect(objectRequests()[0]?.headers['authorization']).toBe('Bearer fake-token');
    expect(JSON.stringify(outcome)).not.toContain('fake-token');
  });
});

describe('faults of the connection', () => {
  it('says that nothing listens', async () => {
    await fake.stop();
    expect(await cluster.get(ref, session.signal)).toEqual({
      kind: 'failed',
      error: {
        code: 'CLUSTER_UNREACHABLE',
        message: `the API server ${fake.identity.server} (context fake) refuses connections: nothing listens there`,
        hint: 'check that the cluster is running and reachable',
      },
    });
    await fake.start();
  });

  it('gives up on a server that accepts and says nothing', async () => {
    const mute = await listen(() => undefined);
    expect(await getFrom(mute.port)).toMatchObject({
      error: {
        code: 'CLUSTER_UNREACHABLE',
        message: expect.stringContaining('does not answer in time') as string,
      },
    });
    mute.close();
  });

  it('says that another program listens there', async () => {
    const other = await listen('SSH-2.0-OpenSSH_9.2\r\n');
    expect(await getFrom(other.port)).toMatchObject({
      error: {
        code: 'CLUSTER_UNREACHABLE',
        message: expect.stringContaining('does not speak HTTP') as string,
      },
    });
    other.close();
  });

  it('repeats a request that a kept connection swallowed', async () => {
    fake.put(deployment);
    await cluster.get(ref, session.signal);
    let cut = false;
    fake.intercepts.push((seen, response) => {
      if (cut || !seen.path.includes('/configmaps')) return false;
      cut = true;
      response.socket?.resetAndDestroy();
      return true;
    });
    expect(await cluster.get(ref, session.signal)).toMatchObject({
      kind: 'ok',
      value: { kind: 'ConfigMap' },
    });
    expect(cut).toBe(true);
  });

  it('repeats a read whose connection broke', async () => {
    fake.put(deployment);
    let left = 2;
    fake.intercepts.push((seen, response) => {
      if (left === 0 || !seen.path.includes('/configmaps')) return false;
      left -= 1;
      response.socket?.resetAndDestroy();
      return true;
    });
    const opened = await openCluster(fake.identity);
    if (opened.kind !== 'ok') throw new Error('not opened');
    expect(await opened.value.get(ref, session.signal)).toMatchObject({ kind: 'ok' });
    opened.value.close();
    expect(left).toBe(0);
  });

  it('does not repeat a create whose connection broke', async () => {
    fake.intercepts.push((seen, response) => {
      if (seen.method !== 'POST') return false;
      response.socket?.resetAndDestroy();
      return true;
    });
    expect(await cluster.create(deployment, session.signal)).toMatchObject({
      error: { code: 'CLUSTER_UNREACHABLE' },
    });
    expect(objectRequests()).toHaveLength(1);
  });

  it('ends at the signal, with its reason', async () => {
    fake.intercepts.push((seen) => seen.path.includes('/configmaps'));
    const asked = cluster.get(ref, session.signal);
    await until('the request', () => objectRequests().length > 0);
    session.abort('superseded');
    expect(await asked).toEqual({ kind: 'cancelled', reason: 'superseded' });
    expect(await cluster.get(ref, session.signal)).toEqual({ kind: 'cancelled', reason: 'superseded' });
  });

  async function getFrom(port: number): ReturnType<OpenCluster['get']> {
    const identity = { ...fake.identity, server: `http://127.0.0.1:${port}` };
    const opened = await openCluster(identity, { deadlineMs: 300 });
    if (opened.kind !== 'ok') throw new Error('not opened');
    const outcome = await opened.value.get(ref, session.signal);
    opened.value.close();
    return outcome;
  }
});

describe('a sign-in program', () => {
  it('may take longer than a request, and is asked again after a 401 of a request and of a socket', async () => {
    const seen = `${fake.identity.kubeconfig}.seen`;
    const script = `
      const { appendFileSync, readFileSync } = require('node:fs');
      appendFileSync(${JSON.stringify(seen)}, 'x');
      const token = 'token-' + readFileSync(${JSON.stringify(seen)}).length;
      setTimeout(() => console.log(JSON.stringify({ status: { token } })), token === 'token-1' ? 600 : 0);`;
    const user = { exec: { command: process.execPath, args: ['-e', script] } };
    const kubeconfig = `${fake.identity.kubeconfig}.exec`;
    const server = { server: fake.identity.server };
    const content = { clusters: [{ name: 'fake', cluster: server }], users: [{ name: 'fake', user }] };
    writeFileSync(kubeconfig, JSON.stringify(content));
    const opened = await openCluster({ ...fake.identity, kubeconfig }, { deadlineMs: 300 });
    if (opened.kind !== 'ok') throw new Error('not opened');
    fake.put(deployment);
    answerWith(401, {}, {}, 1);
    expect(await opened.value.get(ref, session.signal)).toMatchObject({ kind: 'ok' });
    fake.refusals.push(401);
    fake.onSocket = (socket) => setImmediate(() => socket.send(3, JSON.stringify({ status: 'Success' })));
    expect(await opened.value.exec(target, ['ls'], session.signal)).toMatchObject({ kind: 'ok' });
    expect(readFileSync(seen, 'utf8')).toBe('xxx');
    fake.refusals.push(401, 401);
    expect(await opened.value.exec(target, ['ls'], session.signal)).toMatchObject({
      error: { code: 'CLUSTER_DENIED' },
    });
    opened.value.close();
  });
});

describe('exec', () => {
  const run = async (): ReturnType<OpenCluster['exec']> =>
    await cluster.exec(target, ['ls', '-l', 'a b'], session.signal);

  function onExec(script: (socket: FakeSocket) => void): void {
    fake.onSocket = (socket) => setImmediate(() => script(socket));
  }

  it('gives output and exit code, and sends the words as they are', async () => {
    let path = '';
    onExec((socket) => {
      ({ path } = socket);
      socket.send(1, 'out');
      socket.send(2, 'err');
      socket.send(1, 'put\n');
      socket.send(
        3,
        JSON.stringify({
          status: 'Failure',
          reason: 'NonZeroExitCode',
          details: { causes: [{ reason: 'ExitCode', message: '7' }] },
        }),
      );
    });
    expect(await run()).toEqual({ kind: 'ok', value: { exitCode: 7, stdout: 'output\n', stderr: 'err' } });
    expect(new URL(path, 'http://fake').searchParams.getAll('command')).toEqual(['ls', '-l', 'a b']);
  });

  it('takes Success for exit code 0', async () => {
    onExec((socket) => socket.send(3, JSON.stringify({ status: 'Success' })));
    expect(await run()).toEqual({ kind: 'ok', value: { exitCode: 0, stdout: '', stderr: '' } });
  });

  it('tells a command that could not be run', async () => {
    onExec((socket) =>
      socket.send(
        3,
        JSON.stringify({ status: 'Failure', reason: 'InternalError', message: 'exec: "ls": not found' }),
      ),
    );
    expect(await run()).toMatchObject({
      error: { code: 'DEPLOY_FAILED', message: 'cannot run ls in orders-1/app: exec: "ls": not found' },
    });
  });

  it.each(['close', 'destroy'] as const)(
    'never takes a connection that ends (%s) for an exit code',
    async (how) => {
      onExec((socket) => {
        socket.send(1, 'half');
        socket[how]();
      });
      expect(await run()).toMatchObject({ kind: 'failed', error: { code: 'CLUSTER_UNREACHABLE' } });
    },
  );

  it('survives a CLOSE frame of the server', async () => {
    onExec((socket) => {
      socket.send(255, Buffer.from([1]));
      socket.send(1, 'still here');
      socket.send(3, JSON.stringify({ status: 'Success' }));
    });
    expect(await run()).toMatchObject({ value: { exitCode: 0, stdout: 'still here' } });
    expect(process.stdout.writable).toBe(true);
  });

  it('says that there is no such pod', async () => {
    expect(await run()).toMatchObject({
      error: { message: 'cannot exec in Pod/orders-1 of shop: there is no such pod' },
    });
  });

  it('closes the connection at the signal', async () => {
    let state = '';
    fake.onSocket = (socket) => {
      state = 'open';
      socket.onClose = () => (state = 'closed');
    };
    const running = run();
    await until('the connection', () => state === 'open');
    // A round trip later the client knows that its connection is open.
    await cluster.get(ref, new AbortController().signal);
    session.abort('shutdown');
    expect(await running).toEqual({ kind: 'cancelled', reason: 'shutdown' });
    await until('the server to see it', () => state === 'closed');
  });
});

/** A plain TCP server: says something at once, or hands each connection out. */
async function listen(greeting: string | (() => void)): Promise<{ port: number; close: () => void }> {
  const server: Server = createServer((socket) => {
    socket.on('error', () => undefined);
    if (typeof greeting === 'string') socket.write(greeting);
    else greeting();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { port, close: () => server.close() };
}
