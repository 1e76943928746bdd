/**
 * A fake Harbor core: a gateway before a real registry that asks for tokens, knows projects and robots, keeps tags from
 * being overwritten, scans, prevents pulls and counts quotas as the recorded exchanges with a real Harbor show. Images
 * go to the registry behind and come from there. A real Harbor is a database, a job service and six containers, and
 * does not fail on demand.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Reply } from './answers.ts';
import { apiReply, tokenReply } from './api.ts';
import {
  gateReply,
  parseRegistryPath,
  quotaReply,
  recordManifest,
  tooLarge,
  type RegistryRequest,
} from './registry-gate.ts';
import { HarborState, type Principal, type StateOptions } from './state.ts';

/** How it is set up. */
export interface HarborSetup extends StateOptions {
  /** `host:port` of the registry behind, by plain HTTP. */
  readonly registry: string;
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Where it listens, on one free port; default: loopback alone. The first names it. */
  readonly addresses?: readonly [string, ...string[]];
  /**
   * Address of its external URL. Challenges name the token server there, whatever name the client came by, as Harbor's
   * `src/server/middleware/v2auth/auth.go` does; default: the name that the client came by, as behind a proxy of that name.
   */
  readonly external?: string;
  /** The largest body that the proxy before it lets through, in bytes. */
  readonly maxBody?: number;
}

/** An answer that a proxy before it gives in its place, to the first `times` requests that fit. */
export interface Interception {
  readonly method: string;
  readonly path: RegExp;
  times: number;
  readonly reply: Reply;
}

/** A running one. */
export interface FakeHarbor {
  /** `host:port`, by the first address. */
  readonly host: string;
  readonly port: number;
  readonly url: string;
  readonly state: HarborState;
  /** `METHOD path` of each request so far. */
  readonly requests: string[];
  /** Bytes of the largest body that is let through; tests set it. */
  maxBody: number;
  /** What a proxy before it answers; tests set it. */
  interceptions: Interception[];
  stop(): Promise<void>;
}

/** Starts one. */
export async function startFakeHarbor(setup: HarborSetup): Promise<FakeHarbor> {
  const state = new HarborState(setup);
  const requests: string[] = [];
  const scheme = setup.tls === undefined ? 'http' : 'https';
  /** Bytes so far of each upload. */
  const uploads = new Map<string, number>();

  const handle = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = 'GET', headers } = incoming;
    requests.push(`${method} ${incoming.url ?? ''}`);
    const url = new URL(incoming.url ?? '/', `${scheme}://${headers.host ?? 'harbor'}`);
    const caught = fake.interceptions.find(
      (one) => one.times > 0 && one.method === method && one.path.test(url.pathname),
    );
    if (caught !== undefined) {
      caught.times -= 1;
      incoming.resume();
      send(response, method, caught.reply);
      return;
    }
    const who = principalOf(state, headers.authorization);
    if (url.pathname === '/service/token') {
      send(response, method, tokenReply(state, basicOf(who), url.searchParams));
      return;
    }
    if (url.pathname.startsWith('/api/v2.0/')) {
      const text = (await bodyOf(incoming)).toString('utf8');
      const reply = apiReply(state, {
        method,
        path: url.pathname.slice('/api/v2.0'.length),
        query: url.searchParams,
        who: basicOf(who),
        body: text === '' ? undefined : JSON.parse(text),
      });
      send(response, method, reply);
      return;
    }
    const asked: RegistryRequest = {
      ...parseRegistryPath(url.pathname),
      method,
      query: url.searchParams,
      who,
      origin: external ?? url.origin,
    };
    if (!url.pathname.startsWith('/v2')) {
      send(response, method, { status: 404, headers: {}, body: 'not found' });
      return;
    }
    const own = gateReply(state, asked);
    if (own !== undefined) {
      incoming.resume();
      send(response, method, own);
      return;
    }
    await forward(incoming, response, asked, url);
  };

  async function forward(
    incoming: IncomingMessage,
    response: ServerResponse,
    asked: RegistryRequest,
    url: URL,
  ): Promise<void> {
    const { method, kind, repository = '', reference } = asked;
    const body = await bodyOf(incoming, fake.maxBody);
    if (body.length > fake.maxBody) {
      send(response, method, tooLarge);
      return;
    }
    const project = state.projects.get(repository.split('/')[0] ?? '');
    if (kind === 'uploads' && reference !== '')
      uploads.set(reference, (uploads.get(reference) ?? 0) + body.length);
    if (kind === 'uploads' && method === 'PUT' && project !== undefined) {
      const digest = url.searchParams.get('digest') ?? '';
      const size = uploads.get(reference) ?? 0;
      const refused = quotaReply(state, project, digest, size);
      if (refused !== undefined) {
        send(response, method, refused);
        return;
      }
      project.blobs.set(digest, size);
    }
    const answer = await ask(setup.registry, incoming, body, scheme);
    if (kind === 'manifests' && method === 'PUT' && answer.status === 201)
      await recordManifest(state, setup.registry, repository, reference, body.toString('utf8'));
    response.writeHead(answer.status, { ...answer.headers, 'set-cookie': cookie() });
    response.end(answer.body);
  }

  const listener = (incoming: IncomingMessage, response: ServerResponse): void => {
    handle(incoming, response).catch((error: unknown) => {
      // A client that went away, or a registry behind that is down.
      if (!response.headersSent) response.writeHead(502).end(String(error));
      else response.destroy();
    });
  };
  const [first, ...others] = setup.addresses ?? ['127.0.0.1'];
  const servers: Server[] = [];
  const listen = async (address: string, port: number): Promise<number> => {
    const server = setup.tls === undefined ? createServer(listener) : createTlsServer(setup.tls, listener);
    servers.push(server);
    server.listen(port, address);
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };
  const port = await listen(first, 0);
  for (const address of others) await listen(address, port);
  const external = setup.external === undefined ? undefined : `${scheme}://${setup.external}:${port}`;
  const host = `${first}:${port}`;
  const fake: FakeHarbor = {
    host,
    port,
    url: `${scheme}://${host}`,
    state,
    requests,
    maxBody: setup.maxBody ?? Infinity,
    interceptions: [],
    async stop() {
      for (const server of servers) {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      }
    },
  };
  return fake;
}

/** Undefined without credentials; anonymous with ones that are wrong or have run out. */
function principalOf(state: HarborState, header: string | undefined): Principal | undefined {
  if (header === undefined) return undefined;
  const [scheme = '', value = ''] = header.split(' ');
  if (scheme.toLowerCase() === 'bearer') return state.useToken(value) ?? { kind: 'anonymous' };
  const [, username = '', password = ''] =
    /^([^:]*):(.*)$/s.exec(Buffer.from(value, 'base64').toString('utf8')) ?? [];
  return state.login(username, password) ?? { kind: 'anonymous' };
}

/** The API and the token server take Basic alone. */
function basicOf(who: Principal | undefined): Principal {
  return who === undefined || who.kind === 'token' ? { kind: 'anonymous' } : who;
}

async function bodyOf(incoming: IncomingMessage, limit = Infinity): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit && chunks.length > 0) continue;
    chunks.push(chunk);
  }
  return size > limit ? Buffer.alloc(Math.min(size, limit + 1)) : Buffer.concat(chunks);
}

interface Answered {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: Buffer;
}

async function ask(
  target: string,
  incoming: IncomingMessage,
  body: Buffer,
  scheme: string,
): Promise<Answered> {
  const [host, port] = target.split(':');
  const headers = { ...incoming.headers, 'x-forwarded-proto': scheme, 'content-length': String(body.length) };
  delete headers.authorization;
  delete headers['transfer-encoding'];
  return await new Promise((resolve, reject) => {
    const outgoing = httpRequest(
      { host, port, method: incoming.method, path: incoming.url, headers },
      (response) => {
        bodyOf(response).then(
          (content) =>
            resolve({ status: response.statusCode ?? 502, headers: response.headers, body: content }),
          reject,
        );
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

function send(response: ServerResponse, method: string, { status, headers, body }: Reply): void {
  response.writeHead(status, { ...headers, 'set-cookie': cookie() });
  response.end(method === 'HEAD' ? undefined : body);
}

/** A session's, which clients must not send back. */
function cookie(): string {
  return `sid=${randomBytes(16).toString('hex')}; Path=/; HttpOnly`;
}
