/**
 * A fake API server, in this process, for faults that a real one does not produce on demand: 410 within a stream, 500,
 * a closed, reset or silent connection, 401, a container that ends in mid-exec. It keeps objects, versions them, lists
 * and watches them. What is true of the API itself is tested on the sandbox, not here.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { ClusterIdentity, KubeObject } from '../../src/cluster/types.ts';
import { acceptUpgrade, type FakeSocket } from './fake-websocket.ts';

/** One request that arrived. */
export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly watch: boolean;
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
  /** `performance.now()` of its arrival. */
  readonly at: number;
}

/** Takes a request over; true when it did. */
export type Intercept = (seen: Seen, response: ServerResponse) => boolean;

export interface FakeApiServer {
  readonly identity: ClusterIdentity;
  readonly seen: Seen[];
  /** Tried in order before the regular answer. */
  readonly intercepts: Intercept[];
  /** Statuses with which the next upgrades to WebSocket are refused, one after the other. */
  readonly refusals: number[];
  /** Called for each WebSocket; without it the upgrade is refused with 404. */
  onSocket: ((socket: FakeSocket) => void) | undefined;
  /** Creates or changes an object, and tells its watchers. */
  put(object: KubeObject): void;
  drop(kind: string, namespace: string, name: string): void;
  /** Forgets the history: a watch from an older version gets 410. */
  compact(): void;
  /** Writes a line into every open watch. */
  toWatchers(line: string): void;
  /** Ends every open watch: `fin` regularly, `rst` with a reset. */
  cutWatches(how: 'fin' | 'rst'): void;
  /** How many watches are open. */
  watches(): number;
  /** How many WebSockets were refused for want of `onSocket`. */
  upgradesRefused(): number;
  /** Stops listening and resets every connection; `start` listens on the same port again, with the same objects. */
  stop(): Promise<void>;
  start(): Promise<void>;
  close(): Promise<void>;
}

const kinds = [
  { group: 'v1', kind: 'Pod', plural: 'pods', namespaced: true },
  { group: 'v1', kind: 'ConfigMap', plural: 'configmaps', namespaced: true },
  { group: 'v1', kind: 'Service', plural: 'services', namespaced: true },
  { group: 'v1', kind: 'Namespace', plural: 'namespaces', namespaced: false },
  { group: 'v1', kind: 'Node', plural: 'nodes', namespaced: false },
  { group: 'coordination.k8s.io/v1', kind: 'Lease', plural: 'leases', namespaced: true },
] as const;

interface Watch {
  readonly response: ServerResponse;
  readonly kind: string;
  readonly namespace: string | undefined;
}

interface Change {
  readonly type: string;
  readonly object: KubeObject;
  readonly version: number;
}

/** Starts the server on a random loopback port. */
export async function startFakeApiServer(): Promise<FakeApiServer> {
  const folder = await mkdtemp(join(tmpdir(), 'appdev-fake-apiserver-'));
  const objects = new Map<string, KubeObject>();
  const changes: Change[] = [];
  const watches = new Set<Watch>();
  const sockets = new Set<Socket>();
  let version = 100;
  let oldest = 0;
  let refused = 0;

  const keyOf = (kind: string, namespace: string | undefined, name: string): string =>
    `${kind}/${namespace ?? ''}/${name}`;

  function record(type: string, object: KubeObject): void {
    const change = { type, object, version };
    changes.push(change);
    for (const watch of watches)
      if (wants(watch, object)) watch.response.write(`${JSON.stringify({ type, object })}\n`);
  }

  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const url = new URL(request.url ?? '/', 'http://fake');
      const text = Buffer.concat(chunks).toString('utf8');
      const seen: Seen = {
        method: request.method ?? 'GET',
        path: url.pathname,
        query: url.searchParams,
        watch: url.searchParams.get('watch') === 'true',
        headers: request.headers,
        body: text === '' ? undefined : (JSON.parse(text) as unknown),
        at: performance.now(),
      };
      fake.seen.push(seen);
      if (!fake.intercepts.some((intercept) => intercept(seen, response))) answer(seen, response);
    });
  });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
    const status = fake.refusals.shift();
    if (status !== undefined) {
      socket.end(`HTTP/1.1 ${status} Refused\r\ncontent-length: 0\r\n\r\n`);
      return;
    }
    if (fake.onSocket === undefined) refused += 1;
    acceptUpgrade(request, socket, fake.onSocket);
  });

  function answer(seen: Seen, response: ServerResponse): void {
    const { path, query } = seen;
    if (path === '/version') {
      json(response, 200, { gitVersion: 'v0.0.0-fake' });
      return;
    }
    if (path === '/apis') {
      const groups = [{ preferredVersion: { groupVersion: 'coordination.k8s.io/v1' } }];
      json(response, 200, { groups });
      return;
    }
    const resources = kinds.filter(({ group }) => path === (group === 'v1' ? '/api/v1' : `/apis/${group}`));
    if (resources.length > 0) {
      const list = resources.map(({ plural, ...rest }) => ({
        name: plural,
        ...rest,
        verbs: ['list', 'get'],
      }));
      json(response, 200, { resources: list });
      return;
    }
    const match = /^\/(?:api\/v1|apis\/[^/]+\/[^/]+)(?:\/namespaces\/([^/]+))?\/([a-z]+)(?:\/([^/]+))?$/.exec(
      path,
    );
    const isNamespace = match?.[2] === undefined && /^\/api\/v1\/namespaces(\/[^/]+)?$/.test(path);
    const [, namespace, plural, name] = isNamespace
      ? [path, undefined, 'namespaces', path.split('/')[4]]
      : (match ?? []);
    const resource = kinds.find((candidate) => candidate.plural === plural);
    if (resource === undefined) {
      status(response, 404, 'NotFound', `no ${path} in the fake`);
      return;
    }
    const { kind } = resource;
    if (seen.watch) {
      watch(response, kind, namespace, Number(query.get('resourceVersion')));
      return;
    }
    switch (seen.method) {
      case 'GET': {
        if (name !== undefined) {
          const object = objects.get(keyOf(kind, namespace, name));
          if (object === undefined) status(response, 404, 'NotFound', `${name} not found`);
          else json(response, 200, object);
          return;
        }
        const items = [...objects.values()].filter(
          (object) =>
            object.kind === kind && (namespace === undefined || object.metadata.namespace === namespace),
        );
        json(response, 200, { items, metadata: { resourceVersion: String(version) } });
        return;
      }
      case 'POST': {
        const object = seen.body as KubeObject;
        if (objects.has(keyOf(kind, namespace, object.metadata.name))) {
          status(response, 409, 'AlreadyExists', `${object.metadata.name} already exists`);
          return;
        }
        fake.put(object);
        json(response, 201, objects.get(keyOf(kind, namespace, object.metadata.name)));
        return;
      }
      case 'PUT': {
        const object = seen.body as KubeObject;
        const current = objects.get(keyOf(kind, namespace, object.metadata.name));
        if (current?.metadata.resourceVersion !== object.metadata.resourceVersion) {
          status(response, 409, 'Conflict', 'the object has been modified');
          return;
        }
        fake.put(object);
        json(response, 200, objects.get(keyOf(kind, namespace, object.metadata.name)));
        return;
      }
      case 'DELETE': {
        const current = objects.get(keyOf(kind, namespace, name ?? ''));
        if (current === undefined) {
          status(response, 404, 'NotFound', 'not found');
          return;
        }
        const { preconditions = {} } = seen.body as {
          preconditions?: { uid?: string; resourceVersion?: string };
        };
        const { uid, resourceVersion } = current.metadata;
        if (
          (preconditions.uid ?? uid) !== uid ||
          (preconditions.resourceVersion ?? resourceVersion) !== resourceVersion
        ) {
          status(response, 409, 'Conflict', 'Precondition failed');
          return;
        }
        fake.drop(kind, namespace ?? '', name ?? '');
        json(response, 200, { kind: 'Status', status: 'Success' });
        return;
      }
      default: {
        status(response, 405, 'MethodNotAllowed', `no ${seen.method} in the fake`);
        return;
      }
    }
  }

  function watch(response: ServerResponse, kind: string, namespace: string | undefined, from: number): void {
    if (from < oldest) {
      response.writeHead(200);
      response.end(`${JSON.stringify({ type: 'ERROR', object: { code: 410, reason: 'Expired' } })}\n`);
      return;
    }
    const watching = { response, kind, namespace };
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    for (const change of changes) {
      if (change.version > from && wants(watching, change.object)) {
        response.write(`${JSON.stringify({ type: change.type, object: change.object })}\n`);
      }
    }
    watches.add(watching);
    response.once('close', () => watches.delete(watching));
  }

  let port = 0;
  const fake: FakeApiServer = {
    get identity() {
      return {
        context: 'fake',
        server: `http://127.0.0.1:${port}`,
        product: 'named',
        namespace: 'shop',
        kubeconfig: join(folder, 'kubeconfig'),
      };
    },
    seen: [],
    intercepts: [],
    refusals: [],
    onSocket: undefined,
    put(object) {
      version += 1;
      const key = keyOf(object.kind, object.metadata.namespace, object.metadata.name);
      const known = objects.get(key);
      const uid = object.metadata.uid ?? known?.metadata.uid ?? `uid-${version}`;
      const stored = { ...object, metadata: { ...object.metadata, uid, resourceVersion: String(version) } };
      objects.set(key, stored);
      record(known === undefined ? 'ADDED' : 'MODIFIED', stored);
    },
    drop(kind, namespace, name) {
      const key = keyOf(kind, namespace === '' ? undefined : namespace, name);
      const object = objects.get(key);
      if (object === undefined) throw new Error(`the fake has no ${key}`);
      version += 1;
      objects.delete(key);
      record('DELETED', { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } });
    },
    compact() {
      changes.length = 0;
      oldest = version + 1;
      version += 1;
    },
    toWatchers(line) {
      for (const { response } of watches) response.write(`${line}\n`);
    },
    cutWatches(how) {
      for (const { response } of watches) {
        if (how === 'fin') response.end();
        else response.socket?.resetAndDestroy();
      }
      watches.clear();
    },
    watches: () => watches.size,
    upgradesRefused: () => refused,
    async start() {
      await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
      port = (server.address() as AddressInfo).port;
      const config = {
        clusters: [{ name: 'fake', cluster: { server: fake.identity.server } }],
        users: [{ name: 'fake', user: { token: 'fake-token' } }],
        contexts: [{ name: 'fake', context: { cluster: 'fake', user: 'fake' } }],
        'current-context': 'fake',
      };
      await writeFile(join(folder, 'kubeconfig'), JSON.stringify(config));
    },
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.resetAndDestroy();
      await closed;
    },
    async close() {
      if (server.listening) await fake.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
  await fake.start();
  return fake;
}

function wants(watch: Watch, object: KubeObject): boolean {
  return (
    object.kind === watch.kind &&
    (watch.namespace === undefined || object.metadata.namespace === watch.namespace)
  );
}

function json(response: ServerResponse, code: number, body: unknown): void {
  response.writeHead(code, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

/** Answers with a Status object, as the API server does. */
export function status(response: ServerResponse, code: number, reason: string, message: string): void {
  json(response, code, { kind: 'Status', status: 'Failure', code, reason, message });
}
