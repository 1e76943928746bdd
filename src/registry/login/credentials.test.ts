import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Outcome } from '../../core/outcome.ts';
import { runProcess, type Command, type RunProcess } from '../../support/process/process.ts';
import type { Credentials } from '../types.ts';
import { createCredentials, credentialFiles, type LoginPlaces } from './credentials.ts';

const signal = new AbortController().signal;
const encoded = (text: string): string => Buffer.from(text).toString('base64');
const secret = 'correct-horse-battery';

const usual: LoginPlaces = {
  ...{ onlyFile: '', runtimeFolder: '', configFolder: '', dockerFolder: '' },
  ...{ home: '/home/ann', platform: 'linux', uid: 1000 },
};

let home: string;
const commands: Command[] = [];
/** No helper is installed. */
const noHelpers: RunProcess = async (command) => {
  commands.push(command);
  return await Promise.resolve({ kind: 'missing', tool: command.tool });
};

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'appdev-credentials-'));
  commands.length = 0;
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function write(path: string, content: unknown): string {
  const file = join(home, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}

async function find(
  repository: string,
  named: Partial<LoginPlaces> = {},
  run: RunProcess = noHelpers,
): Promise<Outcome<Credentials | undefined>> {
  const finder = createCredentials({
    run,
    given: { user: '', password: '', passwordFile: '', host: '' },
    places: { ...usual, home, runtimeFolder: join(home, 'run'), ...named },
  });
  return await finder(repository, signal);
}

const password = (username: string, value = secret): unknown => ({
  kind: 'ok',
  value: { kind: 'password', username, password: value },
});

describe('the files', () => {
  it('are those of containers-auth.json(5), in its order', () => {
    expect(credentialFiles({ ...usual, runtimeFolder: '/run/user/1000' })).toEqual([
      '/run/user/1000/containers/auth.json',
      '/home/ann/.config/containers/auth.json',
      '/home/ann/.docker/config.json',
    ]);
    expect(credentialFiles({ ...usual, configFolder: '/c', dockerFolder: '/d' })).toEqual([
      '/run/containers/1000/auth.json',
      '/c/containers/auth.json',
      '/d/config.json',
    ]);
    expect(credentialFiles({ ...usual, platform: 'darwin' })).toEqual([
      '/home/ann/.config/containers/auth.json',
      '/home/ann/.docker/config.json',
    ]);
    expect(credentialFiles({ ...usual, onlyFile: '/a.json', dockerFolder: '/d' })).toEqual(['/a.json']);
  });

  it('may all be missing', async () => {
    expect(await find('localhost:5001/orders')).toEqual({ kind: 'ok', value: undefined });
  });

  it('are asked one after the other', async () => {
    write('.docker/config.json', { auths: { 'localhost:5001': { auth: encoded(`docker:${secret}`) } } });
    expect(await find('localhost:5001/orders')).toEqual(password('docker'));
    write('run/containers/auth.json', {
      auths: { 'localhost:5001': { auth: encoded(`buildah:${secret}`) } },
    });
    expect(await find('localhost:5001/orders')).toEqual(password('buildah'));
    const named = write('named.json', { auths: {} });
    expect(await find('localhost:5001/orders', { onlyFile: named })).toEqual({
      kind: 'ok',
      value: undefined,
    });
  });

  it.each([
    ['not JSON', `{"auths": {"localhost:5001": {"auth": "${encoded(`ann:${secret}`)}"`],
    ['not an object', `["${secret}"]`],
  ])('that are %s are named and not quoted', async (_name, content) => {
    const file = write('.docker/config.json', content);
    const outcome = await find('localhost:5001/orders');
    expect(outcome).toMatchObject({ kind: 'failed', error: { code: 'REGISTRY_DENIED' } });
    const text = JSON.stringify(outcome);
    expect(text).toContain(file);
    expect(text).toContain('buildah login localhost:5001');
    expect(text).not.toContain(secret);
    expect(text).not.toContain(encoded(`ann:${secret}`).slice(0, 8));
  });
});

describe('the entries', () => {
  it('match from the whole repository up to the host', async () => {
    write('.docker/config.json', {
      auths: {
        'harbor.example.com': { auth: encoded('host:1') },
        'harbor.example.com/shop': { auth: encoded('folder:2') },
        'harbor.example.com/shop/orders': { auth: encoded('repository:3') },
        'harbor.example.com/sho': { auth: encoded('other:4') },
      },
    });
    expect(await find('harbor.example.com/shop/orders')).toEqual(password('repository', '3'));
    expect(await find('harbor.example.com/shop/billing')).toEqual(password('folder', '2'));
    expect(await find('harbor.example.com/other')).toEqual(password('host', '1'));
    expect(await find('harbor.example.com:8443/shop')).toEqual({ kind: 'ok', value: undefined });
  });

  it.each([
    ['an address of old', 'https://harbor.example.com/v1/', { auth: encoded(`ann:${secret}`) }],
    ['a password with a colon', 'harbor.example.com', { auth: encoded(`ann:${secret}`) }],
    ['padding of old', 'harbor.example.com', { auth: encoded(`ann:${secret}\0\0`) }],
  ])('may be %s', async (_name, key, entry) => {
    write('.docker/config.json', { auths: { [key]: entry } });
    expect(await find('harbor.example.com/shop')).toEqual(password('ann'));
  });

  it('may hold an identity token', async () => {
    write('.docker/config.json', {
      auths: { 'harbor.example.com': { auth: encoded('00000000:'), identitytoken: secret } },
    });
    expect(await find('harbor.example.com/shop')).toEqual({
      kind: 'ok',
      value: { kind: 'identity', token: secret },
    });
  });

  it.each([[{}], [{ auth: '' }], [{ auth: encoded('no colon') }], [{ auth: 5 }], ['text']])(
    'may be unusable: %j',
    async (entry) => {
      write('.docker/config.json', { auths: { 'harbor.example.com': entry } });
      expect(await find('harbor.example.com/shop')).toEqual({ kind: 'ok', value: undefined });
    },
  );
});

describe('credential helpers', () => {
  /** A real program by the helpers' protocol; it writes down its arguments and what it reads. */
  function install(name: string, answer: string, exitCode = 0): Record<string, string> {
    const file = write(
      `bin/docker-credential-${name}`,
      `#!/bin/sh\necho "$@" > ${home}/args\ncat > ${home}/stdin\ncat <<'END'\n${answer}\nEND\nexit ${exitCode}\n`,
    );
    chmodSync(file, 0o755);
    return { PATH: `${dirname(file)}${delimiter}${process.env['PATH'] ?? ''}` };
  }

  const run =
    (env: Record<string, string>): RunProcess =>
    async (command, options) => {
      commands.push(command);
      return await runProcess({ ...command, env }, options);
    };

  it('of a host wins over an entry, and gets the host on stdin', async () => {
    const env = install('vault', JSON.stringify({ ServerURL: 'x', Username: 'ann', Secret: secret }));
    write('.docker/config.json', {
      credHelpers: { 'harbor.example.com': 'vault' },
      auths: { 'harbor.example.com': { auth: encoded('old:old') } },
    });
    expect(await find('harbor.example.com/shop/orders', {}, run(env))).toEqual(password('ann'));
    expect(commands).toMatchObject([
      { tool: 'docker-credential-vault', args: ['get'], stdin: 'harbor.example.com', unmarked: true },
    ]);
  });

  it('may answer with an identity token', async () => {
    const env = install('vault', JSON.stringify({ Username: '<token>', Secret: secret }));
    write('.docker/config.json', { credsStore: 'vault' });
    expect(await find('harbor.example.com/shop', {}, run(env))).toEqual({
      kind: 'ok',
      value: { kind: 'identity', token: secret },
    });
  });

  it('that hold nothing end with 1, and the search goes on', async () => {
    const env = install('vault', 'credentials not found in native keychain', 1);
    write('run/containers/auth.json', { credsStore: 'vault' });
    write('.docker/config.json', { auths: { 'harbor.example.com': { auth: encoded(`ann:${secret}`) } } });
    expect(await find('harbor.example.com/shop', {}, run(env))).toEqual(password('ann'));
  });

  it('that talk nonsense are named, and their answer is not shown', async () => {
    const env = install('vault', `oops ${secret}`);
    write('.docker/config.json', { credHelpers: { 'harbor.example.com': 'vault' } });
    const outcome = await find('harbor.example.com/shop', {}, run(env));
    expect(outcome).toMatchObject({ kind: 'failed', error: { code: 'REGISTRY_DENIED' } });
    expect(JSON.stringify(outcome)).toContain('docker-credential-vault');
    expect(JSON.stringify(outcome)).not.toContain(secret);
  });

  it('named for a host must be there', async () => {
    write('.docker/config.json', { credHelpers: { 'harbor.example.com': 'vault' } });
    expect(await find('harbor.example.com/shop')).toMatchObject({
      kind: 'failed',
      error: { code: 'TOOL_MISSING', message: expect.stringContaining('docker-credential-vault') as string },
    });
    expect(await find('localhost:5001/orders')).toEqual({ kind: 'ok', value: undefined });
  });

  it('for all hosts may be left over from a Docker that is gone', async () => {
    write('.docker/config.json', { credsStore: 'desktop' });
    expect(await find('localhost:5001/orders')).toEqual({ kind: 'ok', value: undefined });
    expect(commands.map(({ tool }) => tool)).toEqual(['docker-credential-desktop']);
  });

  it('must not be a path', async () => {
    write('.docker/config.json', { credHelpers: { 'harbor.example.com': '../../bin/sh' } });
    expect(await find('harbor.example.com/shop')).toMatchObject({ kind: 'failed' });
    expect(commands).toEqual([]);
  });
});
