import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ok } from '../../core/outcome.ts';
import { environmentCredentials, environmentSecrets, type LoginPlace } from './environment.ts';

const robot = 'robot$shop+ci';
const nothing = { user: '', password: '', passwordFile: '', host: '' };
const here: LoginPlace = { host: 'localhost:5001', shownTo: 'localhost:5001', isOwn: true, isPlain: true };
let folder: string;
let file: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'appdev-environment-'));
  file = join(folder, 'password');
  writeFileSync(file, 'from-a-file\n');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const password = (value: string): unknown => ok({ kind: 'password', username: robot, password: value });

describe('credentials in the environment', () => {
  it('are none if nothing is set', () => {
    expect(environmentCredentials(nothing, here)).toEqual(ok(undefined));
  });

  it('are a name with its password, as they are', () => {
    const given = { ...nothing, user: robot, password: ' p$(id)"w ' };
    expect(environmentCredentials(given, here)).toEqual(password(' p$(id)"w '));
    expect(environmentSecrets(given)).toEqual([' p$(id)"w ']);
  });

  it('may have the password in a file, without its line end', () => {
    const given = { ...nothing, user: robot, passwordFile: file };
    expect(environmentCredentials(given, here)).toEqual(password('from-a-file'));
    expect(environmentSecrets(given)).toEqual(['from-a-file']);
  });

  it.each([
    [{ password: 'half-a-pair' }, 'APPDEV_REGISTRY_USER is not'],
    [{ user: robot }, 'no password for robot$shop+ci'],
    [{ user: robot, passwordFile: '/nowhere/at/all' }, 'cannot be read'],
  ])('are refused when half of them is missing: %o', (given, words) => {
    const outcome = environmentCredentials({ ...nothing, ...given }, here);
    expect(outcome).toMatchObject({
      error: { code: 'REGISTRY_DENIED', message: expect.stringContaining(words) as string },
    });
    expect(JSON.stringify(outcome)).not.toContain('half-a-pair');
  });
});

describe('the host that the login is for', () => {
  const harbor = 'harbor.example.com:8443';
  const place = (host: string, more: Partial<LoginPlace> = {}): LoginPlace => ({
    ...{ host, shownTo: host, isOwn: true, isPlain: false },
    ...more,
  });
  const login = (host: string) => ({ ...nothing, user: robot, password: 'secret', host });

  it.each([
    ['the one that the environment names', harbor, place(harbor)],
    ['it, also if images go elsewhere', harbor, place(harbor, { isOwn: false })],
    ['it, whatever its letters are', harbor.toUpperCase(), place(harbor)],
    ['it, written as an address', `https://${harbor}/shop`, place(harbor)],
    ['a second name of it', `${harbor}, registry.internal`, place('registry.internal')],
    ['a second name of it that pods use', `${harbor},in.pods`, place(harbor, { shownTo: 'in.pods' })],
    ['the loopback, also by plain HTTP', 'localhost:5001', place('localhost:5001', { isPlain: true })],
    ['the own loopback, if it names none', '', place('127.0.0.1:5001', { isPlain: true })],
  ])('is %s', (_name, host, at) => {
    expect(environmentCredentials(login(host), at)).toEqual(password('secret'));
  });

  it.each([
    ['another one than the environment names', harbor, place('evil.example')],
    ['another port', harbor, place('harbor.example.com')],
    ['the loopback, if it names another', harbor, place('localhost:5001')],
    ['a registry that images do not go to, if it names none', '', place(harbor, { isOwn: false })],
  ])('is not %s', (_name, host, at) => {
    expect(environmentCredentials(login(host), at)).toEqual(ok(undefined));
  });

  it.each([
    ['a host that only appdev.yaml or the cluster names', '', place('evil.example'), 'HOST=evil.example;'],
    ['a name like the loopback', '', place('localhost.evil.example'), 'HOST=localhost.evil.example;'],
    [
      'a name for pods that the environment does not know',
      harbor,
      place(harbor, { shownTo: 'evil.example' }),
      `HOST=${harbor},evil.example`,
    ],
    [
      'a name for pods of the loopback',
      '',
      place('localhost:5001', { shownTo: 'evil.example' }),
      'HOST=localhost:5001,evil.example;',
    ],
    ['the named one without encryption', harbor, place(harbor, { isPlain: true }), 'APPDEV_REGISTRY_HOST'],
  ])('is never %s, and the failure says what to set', (_name, host, at, words) => {
    const outcome = environmentCredentials(login(host), at);
    expect(outcome).toMatchObject({
      error: { code: 'REGISTRY_DENIED', hint: expect.stringContaining(words) as string },
    });
    expect(JSON.stringify(outcome)).not.toContain('secret');
  });
});
