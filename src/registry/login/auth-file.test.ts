import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ok, type Outcome } from '../../core/outcome.ts';
import { createAuthFiles } from './auth-file.ts';
import type { Credentials } from '../types.ts';

const signal = new AbortController().signal;
const repository = 'harbor.example.com/shop/orders';
const robot: Credentials = { kind: 'password', username: 'robot$shop+ci', password: 'a:b' };
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'appdev-auth-file-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const read = (file: Outcome<string | undefined>): unknown =>
  file.kind === 'ok' && file.value !== undefined ? JSON.parse(readFileSync(file.value, 'utf8')) : file;

describe('the auth file for tools', () => {
  it('is for the user alone, and holds the login that was found', async () => {
    const files = createAuthFiles(async () => await Promise.resolve(ok(robot)), []);
    const file = await files.forRepository(repository, false, signal);
    expect(read(file)).toEqual({
      auths: { 'harbor.example.com': { auth: Buffer.from('robot$shop+ci:a:b').toString('base64') } },
      credHelpers: {},
    });
    const path = file.kind === 'ok' ? (file.value ?? '') : '';
    expect([statSync(path).mode & 0o777, statSync(dirname(path)).mode & 0o777]).toEqual([0o600, 0o700]);
  });

  it('takes along what the user has for the other registries of the build, and nothing else', async () => {
    const [first, second] = [join(folder, 'first.json'), join(folder, 'second.json')];
    writeFileSync(
      first,
      JSON.stringify({ auths: { 'a.example.com': { auth: 'first' }, [repository]: { auth: 'old' } } }),
    );
    writeFileSync(
      second,
      JSON.stringify({
        auths: {
          'a.example.com': { auth: 'second' },
          'https://harbor.example.com/v2/': { auth: 'old' },
          'https://index.docker.io/v1/': { auth: 'hub' },
          'private.example.com/team': { auth: 'private' },
        },
        credHelpers: { 'harbor.example.com': 'old', 'b.example.com': 'b', 'private.example.com': 'c' },
      }),
    );
    const identity: Credentials = { kind: 'identity', token: 'T' };
    const files = createAuthFiles(
      async () => await Promise.resolve(ok(identity)),
      [first, join(folder, 'none'), second],
    );
    const own = { 'harbor.example.com': { identitytoken: 'T' } };
    const bases = ['a.example.com', 'b.example.com', 'harbor.example.com', 'docker.io'];
    expect(read(await files.forRepository(repository, false, signal, bases))).toEqual({
      auths: {
        'a.example.com': { auth: 'first' },
        'https://index.docker.io/v1/': { auth: 'hub' },
        ...own,
      },
      credHelpers: { 'b.example.com': 'b' },
    });
    expect(read(await files.forRepository(repository, false, signal))).toEqual({
      auths: own,
      credHelpers: {},
    });
  });

  it('is another one for each registry, also for two at once and after a second look', async () => {
    const files = createAuthFiles(
      async (name) => await Promise.resolve(ok({ ...robot, username: name })),
      [],
    );
    const names = ['a.example.com', 'b.example.com'];
    const found = await Promise.all(
      names.map(async (name) => await files.forRepository(name, false, signal)),
    );
    await files.forRepository('a.example.com', true, signal);
    await files.forRepository('c.example.com', false, signal);
    for (const [index, name] of names.entries()) {
      expect(read(found[index] ?? ok(undefined))).toMatchObject({ auths: { [name]: {} } });
      expect(read(await files.forRepository(name, false, signal))).toMatchObject({ auths: { [name]: {} } });
    }
  });

  it('is none if no login is known; looks once, and again when asked to', async () => {
    let looks = 0;
    const answers = [undefined, robot];
    const files = createAuthFiles(async () => {
      looks += 1;
      return await Promise.resolve(ok(answers[looks - 1]));
    }, []);
    expect(await files.forRepository(repository, false, signal)).toEqual(ok(undefined));
    expect(await files.forRepository(repository, false, signal)).toEqual(ok(undefined));
    expect(looks).toBe(1);
    expect(read(await files.forRepository(repository, true, signal))).toHaveProperty('auths');
    expect(looks).toBe(2);
  });
});
