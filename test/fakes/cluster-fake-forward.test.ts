/** Port forwards under faults: pods replaced, refused and cut connections, taken ports. */
import { createHash, randomBytes } from 'node:crypto';
import { connect, createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openCluster, type OpenCluster } from '../../src/cluster/api/client.ts';
import { forwardService, forwardTiming, type ForwardTiming } from '../../src/cluster/forward/forward.ts';
import type { KubeObject } from '../../src/cluster/types.ts';
import type { EventBody } from '../../src/core/events.ts';
import { startFakeApiServer, type FakeApiServer } from '../support/fake-apiserver.ts';
import type { FakeSocket } from '../support/fake-websocket.ts';
import { until } from '../support/wait.ts';

const timing: ForwardTiming = { ...forwardTiming, tickMs: 10, quietMs: 50, retryPortMs: 20 };

let fake: FakeApiServer;
let cluster: OpenCluster;
let session: AbortController;
let events: EventBody[];
let forwarding: Promise<void>;
let port: number;
const clients = new Set<Socket>();

beforeEach(async () => {
  fake = await startFakeApiServer();
  session = new AbortController();
  events = [];
  port = await freePort();
  const opened = await openCluster(fake.identity, {
    followTiming: { backoffMs: [20, 200], idleMs: 9000, settledMs: 100, coalesceMs: 2 },
  });
  if (opened.kind !== 'ok') throw new Error(JSON.stringify(opened));
  cluster = opened.value;
});
afterEach(async () => {
  session.abort();
  await forwarding;
  for (const client of clients) client.destroy();
  cluster.close();
  await fake.close();
});

function start(remotePort = 8080): void {
  const request = {
    service: 'orders',
    namespace: 'shop',
    selector: 'app=orders',
    ports: [{ localPort: port, remotePort }],
  };
  forwarding = forwardService(cluster, request, (event) => events.push(event), session.signal, timing);
}

function pod(name: string, created: string, ready = true): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'shop', creationTimestamp: `2026-11-21T05:00:${created}Z` },
    spec: { containers: [{ name: 'app', ports: [{ containerPort: 8080, name: 'http' }] }] },
    status: { phase: 'Running', conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
  };
}

/** Each pod answers with what `serve` makes of the bytes. */
function podsServe(serve: (pod: string, socket: FakeSocket, data: Buffer) => void): void {
  fake.onSocket = (socket) => {
    const name = /pods\/([^/]+)\/portforward\?ports=8080$/.exec(socket.path)?.[1] ?? '?';
    socket.send(0, portFrame);
    socket.send(1, portFrame);
    socket.onData = (channel, data) => {
      if (channel === 0) serve(name, socket, data);
    };
  };
}

const portFrame = Buffer.from([0x90, 0x1f]);
const echo = (name: string, socket: FakeSocket, data: Buffer): void =>
  socket.send(0, `${name}: ${data.toString()}`);
const kinds = (): string[] => events.map(({ type }) => type);
const opened = async (times = 1): Promise<unknown> =>
  await until('forward.opened', () => kinds().filter((type) => type === 'forward.opened').length >= times, {
    describe: () => JSON.stringify(events),
  });

interface Client {
  readonly socket: Socket;
  text: string;
  closed: boolean;
}

async function dial(): Promise<Client> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  clients.add(socket);
  const client: Client = { socket, text: '', closed: false };
  socket.on('data', (chunk) => (client.text += chunk.toString()));
  socket.on('end', () => socket.end());
  socket.on('close', () => (client.closed = true));
  socket.on('error', () => undefined);
  await new Promise<void>((resolve) => socket.once('connect', () => resolve()));
  return client;
}

/** Sends a word over a connection of its own and gives the answer. */
async function ask(word: string): Promise<string> {
  const client = await dial();
  client.socket.write(word);
  await until('an answer', () => client.text !== '' || client.closed);
  client.socket.destroy();
  return client.text;
}

describe('forwardService', () => {
  it('opens the port once a pod serves, and carries bytes both ways', async () => {
    podsServe(echo);
    fake.put(pod('orders-1', '01', false));
    start();
    await until('the watch', () => fake.watches() === 1);
    expect(kinds()).toEqual([]);
    fake.put(pod('orders-1', '01'));
    await opened();
    expect(events).toEqual([
      { type: 'forward.opened', service: 'orders', localPort: port, remotePort: 8080 },
    ]);
    expect(await ask('hello')).toBe('orders-1: hello');
  });

  it('leads the same local port to the newest pod that serves', async () => {
    podsServe(echo);
    fake.put(pod('orders-1', '01'));
    start();
    await opened();
    fake.put(pod('orders-2', '02', false));
    expect(await ask('a')).toBe('orders-1: a');
    fake.put(pod('orders-2', '02'));
    await until('the new pod', async () => (await ask('b')) === 'orders-2: b');
    fake.drop('Pod', 'shop', 'orders-1');
    expect(await ask('c')).toBe('orders-2: c');
    expect(kinds()).toEqual(['forward.opened']);
  });

  it('says when no pod serves any more, and lets a connection wait for the next one', async () => {
    podsServe(echo);
    fake.put(pod('orders-1', '01'));
    start();
    await opened();
    fake.drop('Pod', 'shop', 'orders-1');
    await until('forward.lost', () => kinds().includes('forward.lost'));
    expect(events.at(-1)).toEqual({
      type: 'forward.lost',
      service: 'orders',
      localPort: port,
      reason: 'no pod serves',
    });
    const asked = ask('patience');
    fake.put(pod('orders-2', '02'));
    expect(await asked).toBe('orders-2: patience');
    await opened(2);
  });

  it('tells that the cluster is gone, and goes on when it is back', async () => {
    podsServe(echo);
    fake.put(pod('orders-1', '01'));
    start();
    await opened();
    await fake.stop();
    await until('forward.lost', () => kinds().includes('forward.lost'));
    expect(events.at(-1)).toMatchObject({ reason: expect.stringContaining('refuses connections') as string });
    await fake.start();
    await opened(2);
    expect(await ask('again')).toBe('orders-1: again');
  });

  it('tries another pod when the one it knew is just gone', async () => {
    fake.put(pod('orders-1', '01'));
    start();
    await opened();
    // Without onSocket the fake answers 404, as for a pod that no longer exists.
    const asked = ask('word');
    await until('the refused attempt', () => fake.upgradesRefused() > 0);
    podsServe(echo);
    expect(await asked).toBe('orders-1: word');
  });

  it('names the right port when nothing in the pod listens on the one of the project file', async () => {
    fake.onSocket = (socket) => {
      const other = Buffer.from([0x50, 0x00]);
      socket.send(0, other);
      socket.send(1, other);
      socket.send(1, 'failed to connect to localhost:80: dial tcp 127.0.0.1:80: connect: connection refused');
      socket.close();
    };
    fake.put(pod('orders-1', '01'));
    start(80);
    await opened();
    expect(await ask('x')).toBe('');
    expect(await ask('y')).toBe('');
    expect(events.slice(1)).toEqual([
      {
        type: 'forward.lost',
        service: 'orders',
        localPort: port,
        reason: 'nothing in Pod/orders-1 listens on port 80',
        hint: `dev.forward of orders says ${port}:80; the second number should be 8080 (http)`,
      },
    ]);
    // It listens a moment later: the next connection shows it.
    fake.onSocket = (socket) => {
      socket.send(0, Buffer.from([0x50, 0x00]));
      socket.send(1, Buffer.from([0x50, 0x00]));
      socket.onData = (channel, data) => {
        if (channel === 0) echo('orders-1', socket, data);
      };
    };
    expect(await ask('z')).toBe('orders-1: z');
    await opened(2);
  });

  it('names the process that has the port, and takes it over when it is free', async () => {
    podsServe(echo);
    fake.put(pod('orders-1', '01'));
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve));
    start();
    await until('the reason', () => kinds().includes('forward.lost'));
    expect(events.at(-1)).toMatchObject({
      localPort: port,
      reason: expect.stringMatching(`^port ${port} is in use by .+ .pid ${process.pid}.$`) as string,
      hint: 'stop that process, or change dev.forward of orders; appdev keeps trying',
    });
    other.close();
    await opened();
    expect(await ask('mine')).toBe('orders-1: mine');
    expect(kinds()).toEqual(['forward.lost', 'forward.opened']);
  });

  it('closes an idle connection to an older pod, and not one that waits for its answer', async () => {
    const waiting: FakeSocket[] = [];
    podsServe((name, socket, data) => {
      if (data.toString() === 'slow') waiting.push(socket);
      else echo(name, socket, data);
    });
    fake.put(pod('orders-1', '01'));
    start();
    await opened();
    const kept = await dial();
    kept.socket.write('x');
    await until('the answer', () => kept.text === 'orders-1: x');
    const slow = await dial();
    slow.socket.write('slow');
    await until('the slow request', () => waiting.length === 1);
    fake.put(pod('orders-2', '02'));
    await until('the idle connection to close', () => kept.closed);
    expect(slow.closed).toBe(false);
    waiting[0]?.send(0, 'late answer');
    await until('the late answer', () => slow.text === 'late answer');
    await until('the answered connection to close', () => slow.closed);
  });

  it('carries megabytes both ways without a loss', async () => {
    const down = randomBytes(6 * 1024 * 1024);
    const up = randomBytes(6 * 1024 * 1024);
    const arrived = createHash('sha256');
    let count = 0;
    podsServe((_name, socket, data) => {
      arrived.update(data);
      count += data.length;
      if (count === up.length) {
        socket.send(0, down);
        socket.close();
      }
    });
    fake.put(pod('orders-1', '01'));
    start();
    await opened();
    const client = await dial();
    const got = createHash('sha256');
    let bytes = 0;
    client.socket.on('data', (chunk: Buffer) => {
      got.update(chunk);
      bytes += chunk.length;
    });
    client.socket.write(up);
    await until('everything', () => bytes === down.length && client.closed, {
      describe: () => `${count} up, ${bytes} down`,
    });
    expect(arrived.digest('hex')).toBe(createHash('sha256').update(up).digest('hex'));
    expect(got.digest('hex')).toBe(createHash('sha256').update(down).digest('hex'));
  });

  it('lets a client finish its answer after it has said all', async () => {
    let said = '';
    podsServe((_name, socket, data) => {
      said += data.toString();
      if (said.endsWith('.')) setImmediate(() => socket.send(0, `heard ${said}`));
    });
    fake.put(pod('orders-1', '01'));
    start();
    await opened();
    const client = await dial();
    client.socket.end('all.');
    await until('the answer', () => client.text === 'heard all.');
  });

  it('leaves neither port nor connection behind at the end', async () => {
    podsServe(echo);
    fake.put(pod('orders-1', '01'));
    start();
    await opened();
    const client = await dial();
    client.socket.write('x');
    await until('the answer', () => client.text !== '');
    session.abort();
    await forwarding;
    await until('the connection to close', () => client.closed);
    const again = createServer();
    await new Promise<void>((resolve, reject) => {
      again.once('error', reject);
      again.listen(port, '127.0.0.1', resolve);
    });
    again.close();
    await until('the watch to end', () => fake.watches() === 0);
  });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return address.port;
}
