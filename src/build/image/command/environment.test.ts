import { describe, expect, it } from 'vitest';
import { digestIn } from './digest.ts';
import { authFileText, commandEnvironment, platformOf, secretsOf, type CommandFacts } from './environment.ts';

const digest = `sha256:${'ab'.repeat(32)}`;

describe('digestIn', () => {
  it.each([
    ['podman and Jib: the digest by itself', `${digest}\n`, digest],
    ['behind a name', `localhost:5001/orders@${digest}`, digest],
    ['behind a name with a tag', `localhost:5001/orders:1@${digest}\n`, digest],
    ["BuildKit's metadata", JSON.stringify({ 'containerimage.digest': digest, other: {} }), digest],
    ['metadata without one', JSON.stringify({ digest }), undefined],
    ['metadata with something else', JSON.stringify({ 'containerimage.digest': 1 }), undefined],
    ['half a file', '{"containerimage.dig', undefined],
    ['a short digest', 'sha256:abcd', undefined],
    ['an image id', 'ab'.repeat(32), undefined],
    ['upper case, which no registry answers to', digest.toUpperCase(), undefined],
    ['two lines', `${digest}\n${digest}`, undefined],
    ['nothing', '', undefined],
  ])('%s', (_name, text, found) => {
    expect(digestIn(text)).toBe(found);
  });
});

describe('commandEnvironment', () => {
  const facts: CommandFacts = {
    service: 'orders',
    source: {
      kind: 'command',
      run: ['make'],
      env: { SOURCE_DATE_EPOCH: '7', FLAVOUR: 'x' },
      context: '/shop',
    },
    jar: undefined,
    repository: 'registry.example.com/shop/orders',
    tag: 'a1',
    insecure: false,
    digestFile: '/tmp/d',
    authFile: '/tmp/config.json',
    authority: undefined,
    temporary: '/tmp/t',
    sourceDateEpoch: '5',
  };

  it('removes what is not set: a variable of an outer appdev must not pass for ours', () => {
    const environment = commandEnvironment(facts);
    for (const name of ['APPDEV_JAR', 'APPDEV_CONTAINERFILE', 'APPDEV_REGISTRY_CA']) {
      expect(environment).toHaveProperty(name, undefined);
    }
    expect(environment).toMatchObject({
      APPDEV_IMAGE: 'registry.example.com/shop/orders:a1',
      APPDEV_REGISTRY: 'registry.example.com',
      APPDEV_REGISTRY_INSECURE: 'false',
      FLAVOUR: 'x',
    });
  });

  it.each([
    ["the session's", {}, '5'],
    ["the service's before it", { SOURCE_DATE_EPOCH: '7' }, '7'],
  ])('SOURCE_DATE_EPOCH is %s', (_name, env, expected) => {
    const environment = commandEnvironment({ ...facts, source: { ...facts.source, env } });
    expect(environment['SOURCE_DATE_EPOCH']).toBe(expected);
  });
});

describe('authFileText', () => {
  const base64 = (text: string): string => Buffer.from(text).toString('base64');

  it.each([
    [
      'a password',
      { kind: 'password', username: 'robot$shop', password: 'p:w' } as const,
      { auth: base64('robot$shop:p:w') },
    ],
    [
      'a token',
      { kind: 'identity', token: 'tok' } as const,
      { auth: base64('<token>:'), identitytoken: 'tok' },
    ],
  ])('holds %s for that registry alone', (_name, credentials, entry) => {
    expect(JSON.parse(authFileText('registry.example.com', credentials))).toEqual({
      auths: { 'registry.example.com': entry },
    });
  });

  it('is there without credentials too, so that it can be named', () => {
    expect(authFileText('registry.example.com', undefined)).toBe('{"auths":{}}');
  });

  it('tells what of them must not be shown', () => {
    expect(secretsOf(undefined)).toEqual([]);
    expect(secretsOf({ kind: 'identity', token: 'tok' })).toEqual(['tok']);
    expect(secretsOf({ kind: 'password', username: 'u', password: 'pw' })).toEqual(['pw', 'u:pw']);
  });
});

describe('platformOf', () => {
  it.each([
    ['x64', 'linux/amd64'],
    ['arm64', 'linux/arm64'],
    ['ppc64le', 'linux/ppc64le'],
  ])("%s is %s in Go's names", (arch, platform) => {
    expect(platformOf(arch)).toBe(platform);
  });
});
