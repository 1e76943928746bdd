/** The registry client's behaviour under faults that a real registry does not produce on demand. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ok, type Outcome } from '../../src/core/outcome.ts';
import { createRegistryClient, type RegistryClient } from '../../src/registry/api/client.ts';
import type { Credentials, FindCredentials } from '../../src/registry/types.ts';
import type { Clock } from '../../src/support/clock.ts';
import { makeCertificate, type TestCertificate } from '../support/certificate.ts';
import {
  startFakeRegistry,
  type FakeAnswer,
  type FakeRegistry,
  type SeenRequest,
} from '../support/fake-registry.ts';

const signal = new AbortController().signal;
const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;
const found: FakeAnswer = { status: 200, headers: { 'docker-content-digest': digest } };
const password: Credentials = { kind: 'password', username: 'ann', password: 'correct-horse' };
const basic = `Basic ${Buffer.from('ann:correct-horse').toString('base64')}`;

const open: FakeRegistry[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map(async (registry) => await registry.close()));
});

async function start(
  respond: (request: SeenRequest, count: number) => FakeAnswer,
  tls?: { cert: string; key: string },
): Promise<FakeRegistry> {
  const registry = await startFakeRegistry(respond, tls);
  open.push(registry);
  return registry;
}

/** A clock that moves by its sleeps only, and remembers them. */
class FakeClock implements Clock {
  readonly sleeps: number[] = [];
  #now = 1_000_000;
  now(): number {
    return this.#now;
  }
  async sleep(ms: number): Promise<void> {
    this.sleeps.push(ms);
    this.#now += ms;
    await Promise.resolve();
  }
}

interface ClientSetup {
  readonly credentials?: Credentials;
  readonly clock?: Clock;
  readonly deadlineMs?: number;
  readonly insecure?: boolean;
  readonly fetch?: typeof fetch;
}

/** A client, and how often it asked for credentials. */
function clientFor(
  { host }: { host: string },
  setup: ClientSetup = {},
): { client: RegistryClient; asked: string[] } {
  const asked: string[] = [];
  const { credentials: value, insecure = true, ...rest } = setup;
  const credentials: FindCredentials = async (repository) => {
    asked.push(repository);
    return await Promise.resolve(ok(value));
  };
  return {
    asked,
    client: createRegistryClient({ registry: { push: host, insecure }, credentials, ...rest }),
  };
}

/** Answers one after the other; the last one stays. */
const inTurn =
  (...answers: readonly FakeAnswer[]) =>
  (_request: SeenRequest, count: number): FakeAnswer =>
    answers[Math.min(count, answers.length - 1)] ?? 'reset';

describe('retries', () => {
  it.each<[string, readonly FakeAnswer[], readonly number[]]>([
    ['429 with Retry-After in seconds', [{ status: 429, headers: { 'retry-after': '7' } }, found], [7000]],
    [
      '503 with Retry-After as a date',
      [{ status: 503, headers: { 'retry-after': new Date(1_000_000 + 5000).toUTCString() } }, found],
      [5000],
    ],
    ['500 twice', [{ status: 500 }, { status: 500 }, found], [200, 1000]],
    ['408', [{ status: 408 }, found], [200]],
    ['a reset', ['reset', found], [200]],
    ['a reset, 502 and 504', ['reset', { status: 502 }, { status: 504 }, found], [200, 1000, 3000]],
  ])('%s', async (_name, answers, sleeps) => {
    const registry = await start(inTurn(...answers));
    const clock = new FakeClock();
    const { client } = clientFor(registry, { clock });
    expect(await client.headManifest(`${registry.host}/orders`, 'a', signal)).toEqual(ok({ digest }));
    expect(clock.sleeps).toEqual(sleeps);
    expect(registry.seen).toHaveLength(answers.length);
  });

  it.each([400, 401, 403, 405, 422, 501])('not after %i', async (status) => {
    const registry = await start(inTurn({ status }));
    const clock = new FakeClock();
    expect(
      await clientFor(registry, { clock }).client.listTags(`${registry.host}/orders`, signal),
    ).toMatchObject({
      kind: 'failed',
    });
    expect(registry.seen).toHaveLength(1);
    expect(clock.sleeps).toEqual([]);
  });

  it('end, with the registry its own words', async () => {
    const body = JSON.stringify({ errors: [{ code: 'UNKNOWN', message: 'disk is\u001b[31m full' }] });
    const registry = await start(inTurn({ status: 500, body }));
    const clock = new FakeClock();
    const outcome = await clientFor(registry, { clock }).client.listTags(`${registry.host}/orders`, signal);
    expect(outcome).toMatchObject({
      kind: 'failed',
      error: {
        code: 'REGISTRY_UNREACHABLE',
        message: `the registry ${registry.host} could not list ${registry.host}/orders: HTTP 500: UNKNOWN: disk is [31m full`,
      },
    });
    expect(registry.seen).toHaveLength(4);
    expect(clock.sleeps).toEqual([200, 1000, 3000]);
  });

  it('do not wait past the deadline', async () => {
    const registry = await start(inTurn({ status: 429, headers: { 'retry-after': '3600' } }));
    const clock = new FakeClock();
    const outcome = await clientFor(registry, { clock }).client.ping(signal);
    expect(outcome).toMatchObject({
      error: { code: 'REGISTRY_UNREACHABLE', message: expect.stringContaining('HTTP 429') as string },
    });
    expect(clock.sleeps).toEqual([]);
  });

  it('are all within one deadline: a registry that never answers', async () => {
    const registry = await start(inTurn({ status: 500 }, 'silence'));
    const { client } = clientFor(registry, { deadlineMs: 500 });
    expect(await client.ping(signal)).toMatchObject({
      error: {
        code: 'REGISTRY_UNREACHABLE',
        message: expect.stringMatching(
          /gave no answer within .* s; the last try was answered with HTTP 500/,
        ) as string,
      },
    });
  });

  it('end with the signal', async () => {
    const abort = new AbortController();
    const registry = await start(() => {
      abort.abort('superseded');
      return 'silence';
    });
    expect(await clientFor(registry).client.ping(abort.signal)).toEqual({
      kind: 'cancelled',
      reason: 'superseded',
    });
    expect(await clientFor(registry).client.ping(abort.signal)).toEqual({
      kind: 'cancelled',
      reason: 'superseded',
    });
    expect(registry.seen).toHaveLength(1);
  });
});

describe('tokens', () => {
  interface TokenRegistry {
    readonly registry: FakeRegistry;
    /** Tokens that the registry takes now. */
    readonly valid: Set<string>;
  }

  /** A registry with its token server on the same host; each token is new. */
  async function startWithTokens(
    token: (request: SeenRequest, count: number) => FakeAnswer,
  ): Promise<TokenRegistry> {
    const valid = new Set<string>();
    let tokens = 0;
    const registry: FakeRegistry = await start((request) => {
      if (request.path === '/token') {
        tokens += 1;
        const answer = token(request, tokens);
        if (answer !== 'reset' && answer !== 'silence' && answer.body !== undefined) {
          const { token: made } = JSON.parse(answer.body) as { token?: string };
          if (made !== undefined) valid.add(`Bearer ${made}`);
        }
        return answer;
      }
      if (request.authorization !== undefined && valid.has(request.authorization)) return found;
      const challenge = `Bearer realm="http://${registry.host}/token",service="s",scope="repository:orders:pull"`;
      return { status: 401, headers: { 'www-authenticate': challenge } };
    });
    return { registry, valid };
  }

  const tokenAnswer = (token: string): FakeAnswer => ({ status: 200, body: JSON.stringify({ token }) });

  it('are fetched when asked for, kept, and fetched anew when they expire', async () => {
    const { registry, valid } = await startWithTokens((_request, count) => tokenAnswer(`token-${count}`));
    const { client, asked } = clientFor(registry, { credentials: password });
    const head = async (): Promise<Outcome<unknown>> =>
      await client.headManifest(`${registry.host}/orders`, 'a', signal);
    expect(await head()).toEqual(ok({ digest }));
    expect(await head()).toEqual(ok({ digest }));
    valid.clear();
    expect(await head()).toEqual(ok({ digest }));
    expect(registry.seen.map(({ path, authorization }) => `${path} ${authorization ?? '-'}`)).toEqual([
      '/v2/orders/manifests/a -',
      `/token ${basic}`,
      '/v2/orders/manifests/a Bearer token-1',
      '/v2/orders/manifests/a Bearer token-1',
      '/v2/orders/manifests/a Bearer token-1',
      `/token ${basic}`,
      '/v2/orders/manifests/a Bearer token-2',
    ]);
    expect(asked).toEqual([`${registry.host}/orders`, `${registry.host}/orders`]);
  });

  it('are fetched without credentials if there are none', async () => {
    const { registry } = await startWithTokens(() => tokenAnswer('anonymous'));
    const { client } = clientFor(registry);
    expect(await client.headManifest(`${registry.host}/orders`, 'a', signal)).toEqual(ok({ digest }));
    expect(registry.seen[1]).toMatchObject({ path: '/token', authorization: undefined });
  });

  it('are fetched by an identity token in the body, and nowhere else', async () => {
    const { registry } = await startWithTokens(() => tokenAnswer('from-identity'));
    const { client } = clientFor(registry, { credentials: { kind: 'identity', token: 'long-lived' } });
    expect(await client.headManifest(`${registry.host}/orders`, 'a', signal)).toEqual(ok({ digest }));
    const [, asked] = registry.seen;
    expect(asked).toMatchObject({ method: 'POST', path: '/token', authorization: undefined });
    expect(Object.fromEntries(new URLSearchParams(asked?.body))).toEqual({
      grant_type: 'refresh_token',
      client_id: 'appdev',
      refresh_token: 'long-lived',
      service: 's',
      scope: 'repository:orders:pull',
    });
    expect(asked?.query.size).toBe(0);
  });

  it('are asked for again when the token server stumbles', async () => {
    const { registry } = await startWithTokens((_request, count) =>
      count === 1 ? { status: 503 } : tokenAnswer('second'),
    );
    const clock = new FakeClock();
    const { client } = clientFor(registry, { credentials: password, clock });
    expect(await client.headManifest(`${registry.host}/orders`, 'a', signal)).toEqual(ok({ digest }));
    expect(clock.sleeps).toEqual([200]);
  });

  it.each<[string, FakeAnswer, string, RegExp]>([
    ['refuses the password', { status: 401 }, 'REGISTRY_DENIED', /does not accept the stored credentials/],
    [
      'redirects',
      { status: 302, headers: { location: 'http://127.0.0.1:1/steal' } },
      'REGISTRY_UNREACHABLE',
      /HTTP 302/,
    ],
    ['gives none', { status: 200, body: '{}' }, 'REGISTRY_UNREACHABLE', /returned no token/],
    ['talks nonsense', { status: 200, body: '{"token": 5' }, 'REGISTRY_UNREACHABLE', /returned no token/],
    [
      'would inject a header',
      { status: 200, body: JSON.stringify({ token: 'a\r\nX-Evil: 1' }) },
      'REGISTRY_UNREACHABLE',
      /returned no token/,
    ],
  ])('are not there when the token server %s', async (_name, answer, code, message) => {
    const registry: FakeRegistry = await start((request) =>
      request.path === '/token'
        ? answer
        : { status: 401, headers: { 'www-authenticate': `Bearer realm="${registry.url}/token"` } },
    );
    const outcome = await clientFor(registry, { credentials: password }).client.ping(signal);
    expect(outcome).toMatchObject({
      kind: 'failed',
      error: { code, message: expect.stringMatching(message) as string },
    });
    expect(JSON.stringify(outcome)).not.toMatch(/correct-horse|Basic /);
  });

  it('that the registry still refuses do not lead to an endless loop', async () => {
    const registry: FakeRegistry = await start((request) =>
      request.path === '/token'
        ? tokenAnswer('useless')
        : { status: 401, headers: { 'www-authenticate': `Bearer realm="${registry.url}/token"` } },
    );
    const { client } = clientFor(registry, { credentials: password });
    expect(await client.ping(signal)).toMatchObject({ error: { code: 'REGISTRY_DENIED' } });
    expect(registry.seen.map(({ path }) => path)).toEqual(['/v2/', '/token', '/v2/']);
  });
});

describe('credentials go to nobody else', () => {
  it.each(['http', 'https'])('a realm on a foreign host by %s is not contacted', async (scheme) => {
    const foreign = await start(() => ({ status: 200, body: '{"token": "x"}' }));
    // Another name of loopback, so that the port of the foreign server could be reached.
    const realm = `${scheme}://localhost:${foreign.host.split(':')[1] ?? ''}/token`;
    const registry = await start(() => ({
      status: 401,
      headers: { 'www-authenticate': `Bearer realm="${realm}"` },
    }));
    const { client } = clientFor(registry, { credentials: password });
    expect(await client.ping(signal)).toMatchObject({
      error: { code: 'REGISTRY_DENIED', message: expect.stringContaining(new URL(realm).host) as string },
    });
    expect(foreign.seen).toEqual([]);
  });

  it.each([301, 302, 307, 308])('a redirect (%i) is followed without Authorization', async (status) => {
    const storage = await start(() => found);
    const registry = await start((request) => {
      if (request.authorization === undefined)
        return { status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } };
      return { status, headers: { location: `${storage.url}/blob?signed=1` } };
    });
    const { client } = clientFor(registry, { credentials: password });
    expect(await client.headManifest(`${registry.host}/orders`, 'a', signal)).toEqual(ok({ digest }));
    expect(registry.seen.at(-1)?.authorization).toBe(basic);
    expect(storage.seen).toMatchObject([{ method: 'HEAD', path: '/blob', authorization: undefined }]);
  });

  it('a redirect back to the registry itself carries none either, and circles end', async () => {
    const registry = await start((request) =>
      request.authorization === undefined && !request.query.has('again')
        ? { status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } }
        : { status: 302, headers: { location: `${request.path}?again=1` } },
    );
    const { client } = clientFor(registry, { credentials: password });
    expect(await client.headManifest(`${registry.host}/orders`, 'a', signal)).toMatchObject({
      kind: 'failed',
    });
    const again = registry.seen.filter(({ query }) => query.has('again'));
    expect(again).toHaveLength(3);
    expect(again.every(({ authorization }) => authorization === undefined)).toBe(true);
  });

  it('a delete is never redirected', async () => {
    const elsewhere = await start(() => ({ status: 202 }));
    const registry = await start(() => ({ status: 307, headers: { location: `${elsewhere.url}/delete` } }));
    const { client } = clientFor(registry);
    expect(await client.deleteManifest(`${registry.host}/orders`, digest, signal)).toMatchObject({
      kind: 'failed',
    });
    expect(elsewhere.seen).toEqual([]);
  });

  it('a next page elsewhere is not fetched', async () => {
    const elsewhere = await start(() => ({ status: 200, body: '{"tags": ["stolen"]}' }));
    const registry = await start(() => ({
      status: 200,
      headers: { link: `<${elsewhere.url}/v2/orders/tags/list>; rel="next"` },
      body: '{"tags": ["a"]}',
    }));
    const { client } = clientFor(registry);
    expect(await client.listTags(`${registry.host}/orders`, signal)).toEqual(ok(['a']));
    expect(elsewhere.seen).toEqual([]);
  });

  it('a server that quotes the request is not quoted', async () => {
    const registry = await start((request) => {
      if (request.authorization === undefined)
        return { status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } };
      return { status: 403, body: `you sent ${request.authorization}` };
    });
    const outcome = await clientFor(registry, { credentials: password }).client.listTags(
      `${registry.host}/o`,
      signal,
    );
    expect(outcome).toMatchObject({ error: { code: 'REGISTRY_DENIED' } });
    expect(JSON.stringify(outcome)).not.toContain(basic.slice('Basic '.length));
  });

  it('are not even looked up if nobody asks', async () => {
    const registry = await start(() => found);
    const { client, asked } = clientFor(registry, { credentials: password });
    await client.headManifest(`${registry.host}/orders`, 'a', signal);
    expect(asked).toEqual([]);
    expect(registry.seen[0]?.authorization).toBeUndefined();
  });
});

describe('answers', () => {
  const body = '{"schemaVersion": 2}';
  const bodyDigest = `sha256:${createHash('sha256').update(body).digest('hex')}`;

  it.each([[{}], [{ 'docker-content-digest': 'nonsense' }]])(
    'without a digest are weighed themselves: %j',
    async (headers: Record<string, string>) => {
      const registry = await start(() => ({ status: 200, headers, body }));
      const { client } = clientFor(registry);
      expect(await client.headManifest(`${registry.host}/orders`, 'a', signal)).toEqual(
        ok({ digest: bodyDigest }),
      );
      expect(registry.seen.map(({ method }) => method)).toEqual(['HEAD', 'GET']);
    },
  );

  it('that are not what the digest says are refused', async () => {
    const registry = await start(() => ({ status: 200, body }));
    const { client } = clientFor(registry);
    expect(await client.getManifest(`${registry.host}/orders`, bodyDigest, signal)).toMatchObject({
      kind: 'ok',
    });
    expect(await client.getManifest(`${registry.host}/orders`, digest, signal)).toMatchObject({
      error: { code: 'REGISTRY_UNREACHABLE', message: expect.stringContaining('damaged') as string },
    });
  });

  it('may come in pages', async () => {
    const registry = await start((request) => {
      const last = request.query.get('last');
      if (last === 'b') return { status: 200, body: '{"tags": ["c"]}' };
      return {
        status: 200,
        headers: { link: `</v2/orders/tags/list?n=2&last=b>; rel="next"` },
        body: '{"tags": ["a", "b"]}',
      };
    });
    expect(await clientFor(registry).client.listTags(`${registry.host}/orders`, signal)).toEqual(
      ok(['a', 'b', 'c']),
    );
  });

  it('of something that is not a registry do not count', async () => {
    const registry = await start(() => ({ status: 200, body: '<html>Welcome</html>' }));
    expect(await clientFor(registry).client.listTags(`${registry.host}/orders`, signal)).toMatchObject({
      error: { code: 'REGISTRY_UNREACHABLE' },
    });
  });
});

describe('HTTPS', () => {
  let folder: string;
  let certificate: TestCertificate;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'appdev-registry-tls-'));
    certificate = makeCertificate(folder);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** Node reads NODE_EXTRA_CA_CERTS when it starts, so a program of its own asks; its last line is the outcome. */
  async function headFromChild(host: string): Promise<unknown> {
    const script = join(folder, 'ask.mjs');
    await build({
      stdin: {
        contents: `
          import { createRegistryClient } from './src/registry/api/client.ts';
          const client = createRegistryClient({
            registry: { push: '${host}', insecure: false },
            credentials: async () => ({ kind: 'ok', value: ${JSON.stringify(password)} }),
          });
          const outcome = await client.headManifest('${host}/orders', 'a', new AbortController().signal);
          console.log(JSON.stringify(outcome));`,
        resolveDir: resolve(import.meta.dirname, '../..'),
        loader: 'ts',
      },
      bundle: true,
      platform: 'node',
      format: 'esm',
      outfile: script,
    });
    const env = { ...process.env, NODE_EXTRA_CA_CERTS: certificate.ca };
    const { stdout } = await promisify(execFile)(process.execPath, [script], { env });
    return JSON.parse(stdout) as unknown;
  }

  it('with a certificate that NODE_EXTRA_CA_CERTS vouches for, and a token server elsewhere by HTTPS', async () => {
    const tokens = await start(() => ({ status: 200, body: '{"token": "good"}' }), certificate.pem);
    const realm = `https://localhost:${tokens.host.split(':')[1] ?? ''}/token`;
    const registry = await start((request) => {
      if (request.authorization === 'Bearer good') return found;
      return { status: 401, headers: { 'www-authenticate': `Bearer realm="${realm}"` } };
    }, certificate.pem);
    expect(await headFromChild(registry.host)).toEqual(ok({ digest }));
    expect(tokens.seen).toMatchObject([{ path: '/token', authorization: basic }]);
  });

  it('is never left for plain HTTP: neither by a redirect nor by a realm', async () => {
    const plain = await start(() => found);
    const redirecting = await start(
      () => ({ status: 307, headers: { location: `${plain.url}/x` } }),
      certificate.pem,
    );
    expect(await headFromChild(redirecting.host)).toMatchObject({
      kind: 'failed',
      error: { message: expect.stringContaining('HTTP 307') as string },
    });
    const asking = await start(
      () => ({ status: 401, headers: { 'www-authenticate': `Bearer realm="${plain.url}/token"` } }),
      certificate.pem,
    );
    expect(await headFromChild(asking.host)).toMatchObject({
      kind: 'failed',
      error: { code: 'REGISTRY_DENIED' },
    });
    expect(plain.seen).toEqual([]);
  });

  it('with a certificate that nobody vouches for gets no request and no password', async () => {
    const registry = await start(() => found, certificate.pem);
    const { client } = clientFor(registry, { credentials: password, insecure: false });
    expect(await client.headManifest(`${registry.host}/orders`, 'a', signal)).toMatchObject({
      error: { code: 'REGISTRY_UNREACHABLE', message: expect.stringContaining('not trusted') as string },
    });
    expect(registry.seen).toEqual([]);
  });
});
