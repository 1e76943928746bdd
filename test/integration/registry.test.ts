/** The registry client and pruning against a real docker-registry: open, with passwords, with tokens, with TLS, and down. */
import { createPrivateKey, randomUUID, sign, X509Certificate, type KeyObject } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Cluster, KubeObject } from '../../src/cluster/types.ts';
import type { Artifact } from '../../src/core/events.ts';
import { failed, ok, type Outcome } from '../../src/core/outcome.ts';
import { createRegistryClient, type RegistryClient } from '../../src/registry/api/client.ts';
import type { Credentials, FindCredentials } from '../../src/registry/types.ts';
import { createPushLedger, type PushLedger } from '../../src/registry/ledger.ts';
import { manifestLookup } from '../../src/registry/lookup.ts';
import { pruneImages, type PruneReport } from '../../src/registry/prune/prune.ts';
import type { Registry } from '../../src/registry/types.ts';
import { makeCertificate } from '../support/certificate.ts';
import { startFakeRegistry, type FakeRegistry } from '../support/fake-registry.ts';
import {
  passwordAuth,
  pushImage,
  registryUser,
  startRegistry,
  type TestRegistry,
} from '../support/registry.ts';

const signal = new AbortController().signal;
const noCredentials: FindCredentials = async () => await Promise.resolve(ok(undefined));
const withCredentials =
  (value: Credentials): FindCredentials =>
  async () =>
    await Promise.resolve(ok(value));

function clientFor(host: string, credentials = noCredentials, insecure = true): RegistryClient {
  return createRegistryClient({ registry: { push: host, insecure }, credentials });
}

const codeOf = (outcome: Outcome<unknown>): string =>
  outcome.kind === 'failed' ? outcome.error.code : outcome.kind;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'appdev-registry-test-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('an open registry', () => {
  let registry: TestRegistry;
  let client: RegistryClient;
  beforeAll(async () => {
    registry = await startRegistry();
    client = clientFor(registry.host);
  });
  afterAll(async () => await registry.stop());

  it('answers', async () => {
    expect(await client.ping(signal)).toEqual(ok(undefined));
  });

  it('tells a digest by tag and by digest, and has nothing else', async () => {
    const digest = await pushImage(registry.host, 'shop/orders', '0123456789ab', 'one');
    const repository = `${registry.host}/shop/orders`;
    expect(await client.headManifest(repository, '0123456789ab', signal)).toEqual(ok({ digest }));
    expect(await client.headManifest(repository, digest, signal)).toEqual(ok({ digest }));
    expect(await client.headManifest(repository, 'other', signal)).toEqual(ok(undefined));
    expect(await client.headManifest(repository, `sha256:${'0'.repeat(64)}`, signal)).toEqual(ok(undefined));
    expect(await client.headManifest(`${registry.host}/none`, 'x', signal)).toEqual(ok(undefined));
  });

  it('hands out a manifest whose digest is that of its bytes', async () => {
    const digest = await pushImage(registry.host, 'manifest', 'v1', 'two');
    const found = await client.getManifest(`${registry.host}/manifest`, 'v1', signal);
    expect(found).toMatchObject({
      kind: 'ok',
      value: { digest, mediaType: 'application/vnd.oci.image.manifest.v1+json' },
    });
    expect(found.kind === 'ok' && JSON.parse(found.value?.body ?? '')).toMatchObject({ schemaVersion: 2 });
    expect(await client.getManifest(`${registry.host}/manifest`, 'v2', signal)).toEqual(ok(undefined));
  });

  it('lists tags', async () => {
    for (const tag of ['b', 'a', 'c']) await pushImage(registry.host, 'tags', tag, tag);
    const tags = await client.listTags(`${registry.host}/tags`, signal);
    expect(tags.kind === 'ok' && [...tags.value].sort()).toEqual(['a', 'b', 'c']);
    expect(await client.listTags(`${registry.host}/none`, signal)).toEqual(ok([]));
  });

  it('deletes a manifest with all its tags, once', async () => {
    const repository = `${registry.host}/deletes`;
    const digest = await pushImage(registry.host, 'deletes', 'a', 'same');
    expect(await pushImage(registry.host, 'deletes', 'b', 'same')).toBe(digest);
    expect(await client.deleteManifest(repository, digest, signal)).toEqual(ok('deleted'));
    expect(await client.headManifest(repository, 'b', signal)).toEqual(ok(undefined));
    expect(await client.deleteManifest(repository, digest, signal)).toEqual(ok('absent'));
  });

  it('gives an image one more tag, and moves one, without a push', async () => {
    const repository = `${registry.host}/tagged`;
    const [one, two] = [
      await pushImage(registry.host, 'tagged', 'a', '1'),
      await pushImage(registry.host, 'tagged', 'b', '2'),
    ];
    expect(await client.putTag(repository, one, 'v1.0-dirty', signal)).toEqual(ok(undefined));
    expect(await client.headManifest(repository, 'v1.0-dirty', signal)).toEqual(ok({ digest: one }));
    expect(await client.putTag(repository, two, 'v1.0-dirty', signal)).toEqual(ok(undefined));
    expect(await client.headManifest(repository, 'v1.0-dirty', signal)).toEqual(ok({ digest: two }));
    expect(await client.headManifest(repository, 'a', signal)).toEqual(ok({ digest: one }));
    const gone = await client.putTag(repository, `sha256:${'0'.repeat(64)}`, 'v2', signal);
    expect(codeOf(gone)).toBe('PUSH_FAILED');
  });

  it('takes an image whose layers it has', async () => {
    const repository = `${registry.host}/together`;
    const from = await client.getManifest(
      repository,
      await pushImage(registry.host, 'together', 'a', 'a layer'),
      signal,
    );
    if (from.kind !== 'ok' || from.value === undefined) throw new Error('no manifest');
    const config = '{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}';
    const uploaded = await client.putText(repository, config, signal);
    if (uploaded.kind !== 'ok') throw new Error(JSON.stringify(uploaded));
    expect(await client.getBlob(repository, uploaded.value, signal)).toEqual(ok(config));
    const parsed = JSON.parse(from.value.body) as { config: object };
    const size = Buffer.byteLength(config);
    const body = JSON.stringify({ ...parsed, config: { ...parsed.config, digest: uploaded.value, size } });
    const { mediaType } = from.value;
    expect(await client.putManifest(repository, 'b', { mediaType, body }, signal)).toEqual(ok(undefined));
    expect(await client.getManifest(repository, 'b', signal)).toMatchObject(ok({ body }));
  });

  it('is the answer to whether an artifact is still there', async () => {
    const digest = await pushImage(registry.host, 'lookup', 'a', 'lookup');
    const artifact: Artifact = {
      service: 'lookup',
      repository: `${registry.host}/lookup`,
      pullRepository: 'elsewhere.example.com/lookup',
      tag: 'a',
      digest,
      inputHash: 'a',
    };
    const lookup = manifestLookup(client);
    expect(await lookup.has(artifact, signal)).toEqual(ok(true));
    await client.deleteManifest(artifact.repository, digest, signal);
    expect(await lookup.has(artifact, signal)).toEqual(ok(false));
  });

  it('is the only one that is asked', async () => {
    const elsewhere = clientFor('127.0.0.1:1');
    for (const repository of [`${registry.host}/shop`, registry.host, 'registry.example.com/shop', 'shop']) {
      expect(codeOf(await elsewhere.headManifest(repository, 'a', signal))).toBe('REGISTRY_REFUSED');
    }
    const below = createRegistryClient({
      registry: { push: `${registry.host}/team`, insecure: true },
      credentials: noCredentials,
    });
    expect(
      codeOf(await below.deleteManifest(`${registry.host}/deletes`, `sha256:${'0'.repeat(64)}`, signal)),
    ).toBe('REGISTRY_REFUSED');
  });
});

describe('a registry that is not as expected', () => {
  it('does not delete by default', async () => {
    const registry = await startRegistry({ deletes: false });
    try {
      const digest = await pushImage(registry.host, 'orders', 'a', 'a');
      expect(
        await clientFor(registry.host).deleteManifest(`${registry.host}/orders`, digest, signal),
      ).toEqual(ok('unsupported'));
    } finally {
      await registry.stop();
    }
  });

  it('is down: says which, why and what to type', async () => {
    const registry = await startRegistry();
    await registry.stop();
    const client = createRegistryClient({
      registry: { push: registry.host, insecure: true, help: 'https://docs.example.com/registry' },
      credentials: noCredentials,
    });
    const outcome = await client.ping(signal);
    expect(outcome).toMatchObject({
      kind: 'failed',
      error: {
        code: 'REGISTRY_UNREACHABLE',
        message: `the registry ${registry.host} refuses connections: nothing listens there`,
        hint: `is it running? curl http://${registry.host}/v2/ (how it was set up: https://docs.example.com/registry)`,
      },
    });
  });

  it('does not exist by this name', async () => {
    const outcome = await clientFor('registry.invalid').ping(signal);
    expect(outcome).toMatchObject({
      kind: 'failed',
      error: {
        code: 'REGISTRY_UNREACHABLE',
        message: expect.stringContaining('registry.invalid is not known') as string,
      },
    });
  });

  it('speaks HTTP where HTTPS is expected: no request is sent in the clear', async () => {
    const registry = await startFakeRegistry(() => ({ status: 200 }));
    try {
      const outcome = await clientFor(registry.host, noCredentials, false).ping(signal);
      expect(outcome).toMatchObject({
        error: { code: 'REGISTRY_UNREACHABLE', hint: expect.stringContaining('insecure: true') as string },
      });
      expect(registry.seen).toEqual([]);
    } finally {
      await registry.close();
    }
  });

  it('speaks HTTPS: self-signed certificates are not accepted, and plain HTTP is told apart', async () => {
    const { ca, caKey } = makeCertificate(folder);
    const registry = await startRegistry({ tls: { certificate: ca, key: caKey } });
    try {
      expect(await clientFor(registry.host, noCredentials, false).ping(signal)).toMatchObject({
        error: {
          code: 'REGISTRY_UNREACHABLE',
          message: expect.stringContaining('certificate that is not trusted') as string,
          hint: expect.stringContaining('NODE_EXTRA_CA_CERTS') as string,
        },
      });
      expect(await clientFor(registry.host).ping(signal)).toMatchObject({
        error: { code: 'REGISTRY_UNREACHABLE', message: expect.stringContaining('speaks HTTPS') as string },
      });
    } finally {
      await registry.stop();
    }
  });
});

describe('a registry with passwords', () => {
  const { password } = registryUser;
  let registry: TestRegistry;
  beforeAll(async () => {
    registry = await startRegistry({ auth: passwordAuth(folder) });
  });
  afterAll(async () => await registry.stop());

  it('lets us in with the right one', async () => {
    const authorization = `Basic ${Buffer.from(`ann:${password}`).toString('base64')}`;
    const send: typeof fetch = async (input, init) =>
      await fetch(input, {
        ...init,
        headers: { ...(init?.headers as Record<string, string>), authorization },
      });
    const digest = await pushImage(registry.host, 'orders', 'a', 'a', send);
    const client = clientFor(registry.host, withCredentials({ kind: 'password', username: 'ann', password }));
    expect(await client.ping(signal)).toEqual(ok(undefined));
    expect(await client.headManifest(`${registry.host}/orders`, 'a', signal)).toEqual(ok({ digest }));
  });

  it.each([
    ['a wrong one', withCredentials({ kind: 'password', username: 'ann', password: 'wrong-horse' })],
    ['none', noCredentials],
    ['a token that only a token server takes', withCredentials({ kind: 'identity', token: 'wrong-horse' })],
  ])('does not with %s', async (_name, credentials) => {
    const outcome = await clientFor(registry.host, credentials).ping(signal);
    expect(outcome).toMatchObject({
      kind: 'failed',
      error: {
        code: 'REGISTRY_DENIED',
        hint: expect.stringContaining(`buildah login ${registry.host}`) as string,
      },
    });
    expect(JSON.stringify(outcome)).not.toContain('wrong-horse');
  });
});

describe('a registry with tokens', () => {
  let key: KeyObject;
  let certificate: string;
  let registry: TestRegistry;
  /** Its token server: real tokens, by the token specification, for whoever knows the password. */
  let tokenServer: FakeRegistry;
  const password = 'correct-horse';

  beforeAll(async () => {
    const files = makeCertificate(folder);
    key = createPrivateKey(readFileSync(files.key));
    certificate = new X509Certificate(readFileSync(files.certificate)).raw.toString('base64');
    tokenServer = await startFakeRegistry(({ authorization, query }) => {
      if (authorization !== `Basic ${Buffer.from(`ann:${password}`).toString('base64')}`)
        return { status: 401 };
      const access = query.getAll('scope').map((scope) => {
        const [type = '', name = '', actions = ''] = scope.split(':');
        return { type, name, actions: actions.split(',') };
      });
      return { status: 200, body: JSON.stringify({ token: makeToken(access) }) };
    });
    registry = await startRegistry({
      auth: `{token: {realm: "${tokenServer.url}/token", service: test, issuer: test, rootcertbundle: ${files.ca}}}`,
    });
  });
  afterAll(async () => {
    await registry.stop();
    await tokenServer.close();
  });

  function makeToken(access: readonly { type: string; name: string; actions: readonly string[] }[]): string {
    const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const now = Math.floor(Date.now() / 1000);
    const text = `${part({ typ: 'JWT', alg: 'RS256', x5c: [certificate] })}.${part({
      iss: 'test',
      sub: 'ann',
      aud: 'test',
      exp: now + 300,
      nbf: now - 10,
      iat: now,
      jti: randomUUID(),
      access,
    })}`;
    return `${text}.${sign('RSA-SHA256', Buffer.from(text), key).toString('base64url')}`;
  }

  it('gets one for each repository and right, and keeps it', async () => {
    const token = makeToken([{ type: 'repository', name: 'shop/orders', actions: ['pull', 'push'] }]);
    const send: typeof fetch = async (input, init) =>
      await fetch(input, {
        ...init,
        headers: { ...(init?.headers as Record<string, string>), authorization: `Bearer ${token}` },
      });
    const digest = await pushImage(registry.host, 'shop/orders', 'a', 'a', send);
    const client = clientFor(registry.host, withCredentials({ kind: 'password', username: 'ann', password }));
    const repository = `${registry.host}/shop/orders`;

    expect(await client.ping(signal)).toEqual(ok(undefined));
    tokenServer.seen.length = 0;
    expect(await client.headManifest(repository, 'a', signal)).toEqual(ok({ digest }));
    expect(await client.headManifest(repository, digest, signal)).toEqual(ok({ digest }));
    expect(tokenServer.seen.map(({ query }) => query.getAll('scope'))).toEqual([
      ['repository:shop/orders:pull'],
    ]);
    expect(tokenServer.seen[0]?.query.get('service')).toBe('test');

    // Reading it for the tag uses the token that is there; writing gets one of its own. The registry names the rights in
    // no order: they come out of a map.
    expect(await client.putTag(repository, digest, 'v1', signal)).toEqual(ok(undefined));
    expect(tokenServer.seen.at(-1)?.query.getAll('scope')).toEqual([
      expect.stringMatching(/^repository:shop\/orders:(pull,push|push,pull)$/),
    ]);

    expect(await client.deleteManifest(repository, digest, signal)).toEqual(ok('deleted'));
    expect(tokenServer.seen.at(-1)?.query.getAll('scope')).toEqual(['repository:shop/orders:delete']);
  });

  it('refuses a wrong password, which stays unsaid', async () => {
    const credentials = withCredentials({ kind: 'password', username: 'ann', password: 'wrong-horse' });
    const outcome = await clientFor(registry.host, credentials).headManifest(
      `${registry.host}/shop/orders`,
      'a',
      signal,
    );
    expect(outcome).toMatchObject({ error: { code: 'REGISTRY_DENIED' } });
    expect(JSON.stringify(outcome)).not.toMatch(/wrong-horse|Basic/);
  });
});

describe('pruning', () => {
  let server: TestRegistry;
  let registry: Registry;
  let client: RegistryClient;
  let count = 0;
  beforeAll(async () => {
    server = await startRegistry();
    registry = { push: server.host, pull: 'registry:5000', insecure: true, source: 'KEP-1755' };
    client = clientFor(server.host);
  });
  afterAll(async () => await server.stop());

  /** A service of its own with images, pushed and in the ledger, oldest first. */
  async function history(
    contents: readonly string[],
  ): Promise<{ ledger: PushLedger; service: string; images: Artifact[] }> {
    count += 1;
    const service = `service${count}`;
    const ledger = createPushLedger(mkdtempSync(join(folder, 'ledger-')));
    const images: Artifact[] = [];
    for (const content of contents) {
      const image = await pushed(service, content);
      images.push(image);
      await ledger.add(image);
    }
    return { ledger, service, images };
  }

  async function pushed(service: string, content: string): Promise<Artifact> {
    const tag = Buffer.from(content.padEnd(8, '.')).toString('hex').slice(0, 16);
    const digest = await pushImage(server.host, service, tag, content);
    const repository = `${server.host}/${service}`;
    return { service, repository, pullRepository: `registry:5000/${service}`, tag, digest, inputHash: tag };
  }

  function clusterOf(objects: readonly KubeObject[]): Pick<Cluster, 'list'> {
    return {
      list: async ({ kind }) => await Promise.resolve(ok(objects.filter((object) => object.kind === kind))),
    };
  }

  const podOf = (image: string, imageID = ''): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'elsewhere' },
    spec: { containers: [{ image }] },
    status: { containerStatuses: [{ imageID }] },
  });

  async function prune(
    ledger: PushLedger,
    keep: number,
    objects: readonly KubeObject[] = [],
  ): Promise<Outcome<PruneReport>> {
    return await pruneImages({ registry, client, ledger, cluster: clusterOf(objects), keep, signal });
  }

  async function there(images: readonly Artifact[]): Promise<boolean[]> {
    const found: boolean[] = [];
    for (const { repository, digest } of images) {
      const outcome = await client.headManifest(repository, digest, signal);
      found.push(outcome.kind === 'ok' && outcome.value !== undefined);
    }
    return found;
  }

  it('keeps the newest of each service', async () => {
    const { ledger, images } = await history(['a', 'b', 'c', 'd']);
    const other = await pushed(`other${count}`, 'a');
    await ledger.add(other);
    expect(await prune(ledger, 2)).toEqual(ok({ kind: 'pruned', removed: 2 }));
    expect(await there([...images, other])).toEqual([false, false, true, true, true]);
    expect((await ledger.list()).map(({ tag }) => tag)).toEqual([other.tag, images[3]?.tag, images[2]?.tag]);
    expect(await prune(ledger, 2)).toEqual(ok({ kind: 'pruned', removed: 0 }));
  });

  it('counts an image that is deployed again as new', async () => {
    const { ledger, images } = await history(['a', 'b', 'c']);
    await ledger.add(images[0] as Artifact);
    await prune(ledger, 2);
    expect(await there(images)).toEqual([true, false, true]);
  });

  it('keeps what runs anywhere in the cluster: by digest, by what the pod runs, by tag', async () => {
    const { ledger, images } = await history(['a', 'b', 'c', 'd', 'e']);
    const [a, b, c] = images as [Artifact, Artifact, Artifact];
    await prune(ledger, 1, [
      podOf(`${a.pullRepository}:${a.tag}@${a.digest}`),
      podOf('x:latest', `${b.pullRepository}@${b.digest}`),
      podOf(`${c.pullRepository}:${c.tag}`),
    ]);
    expect(await there(images)).toEqual([true, true, true, false, true]);
  });

  it('keeps what someone else has tagged', async () => {
    const { ledger, images, service } = await history(['a', 'b', 'c']);
    await pushImage(server.host, service, 'release-1', 'a');
    expect(await prune(ledger, 1)).toEqual(ok({ kind: 'pruned', removed: 1 }));
    expect(await there(images)).toEqual([true, false, true]);
  });

  it('keeps an old image whose content is the newest one too', async () => {
    const { ledger, images, service } = await history(['a', 'b']);
    const again: Artifact = { ...(images[0] as Artifact), tag: 'fedcba9876543210' };
    await pushImage(server.host, service, again.tag, 'a');
    await ledger.add(again);
    expect(await prune(ledger, 1)).toEqual(ok({ kind: 'pruned', removed: 1 }));
    expect(await there(images)).toEqual([true, false]);
  });

  it('keeps an old image of one service that is the newest of another in the same repository', async () => {
    const { ledger, images } = await history(['a', 'b']);
    await ledger.add({ ...(images[0] as Artifact), service: 'twin' });
    expect(await prune(ledger, 1)).toEqual(ok({ kind: 'pruned', removed: 0 }));
    expect(await there(images)).toEqual([true, true]);
  });

  it('leaves a tag alone that means something else by now, and forgets it', async () => {
    const { ledger, images, service } = await history(['a', 'b']);
    const moved = await pushImage(server.host, service, images[0]?.tag ?? '', 'theirs');
    expect(await prune(ledger, 1)).toEqual(ok({ kind: 'pruned', removed: 0 }));
    const theirs = { ...(images[0] as Artifact), digest: moved };
    expect(await there([...images, theirs])).toEqual([true, true, true]);
    expect(await ledger.list()).toHaveLength(1);
  });

  it('never touches a tag that is not of its making, even one in the ledger', async () => {
    const { ledger, images, service } = await history(['b']);
    const digest = await pushImage(server.host, service, 'latest', 'latest');
    const latest: Artifact = { ...(images[0] as Artifact), tag: 'latest', digest };
    await ledger.add(latest);
    await ledger.add(images[0] as Artifact);
    expect(await prune(ledger, 1)).toEqual(ok({ kind: 'pruned', removed: 0 }));
    expect(await there([latest])).toEqual([true]);
  });

  it('removes nothing if the cluster cannot be asked', async () => {
    const { ledger, images } = await history(['a', 'b', 'c']);
    const denied = failed('CLUSTER_DENIED', 'no');
    const cluster = { list: async () => await Promise.resolve(denied) };
    expect(await pruneImages({ registry, client, ledger, cluster, keep: 1, signal })).toEqual(denied);
    expect(await there(images)).toEqual([true, true, true]);
  });

  it('removes nothing from a registry that others use', async () => {
    const { ledger, images } = await history(['a', 'b']);
    const never: PushLedger = { ...ledger, list: () => Promise.reject(new Error('asked')) };
    const remote: Registry = { ...registry, push: 'harbor.example.com/shop', source: 'appdev.yaml' };
    const request = { client, ledger: never, cluster: clusterOf([]), keep: 1, signal };
    expect(await pruneImages({ ...request, registry: remote })).toEqual(ok({ kind: 'pruned', removed: 0 }));
    expect(await there(images)).toEqual([true, true]);
  });

  it('says when the registry does not delete', async () => {
    const fixed = await startRegistry({ deletes: false });
    try {
      const ledger = createPushLedger(mkdtempSync(join(folder, 'ledger-')));
      for (const tag of ['aaaaaaaaaaaa', 'bbbbbbbbbbbb']) {
        const digest = await pushImage(fixed.host, 'orders', tag, tag);
        const repository = `${fixed.host}/orders`;
        await ledger.add({
          service: 'orders',
          repository,
          pullRepository: repository,
          tag,
          digest,
          inputHash: tag,
        });
      }
      const outcome = await pruneImages({
        registry: { ...registry, push: fixed.host },
        client: clientFor(fixed.host),
        ledger,
        cluster: clusterOf([]),
        keep: 1,
        signal,
      });
      expect(outcome).toEqual(ok({ kind: 'unsupported' }));
      expect(await ledger.list()).toHaveLength(2);
    } finally {
      await fixed.stop();
    }
  });
});
