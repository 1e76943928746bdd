import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ok } from '../../core/outcome.ts';
import { environmentCredentials, environmentSecrets } from './environment.ts';

const robot = 'robot$shop+ci';
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
  it('are none if nothing is set, or all is empty', () => {
    expect(environmentCredentials({}, 'h')).toEqual(ok(undefined));
    expect(environmentCredentials({ APPDEV_REGISTRY_USER: '', APPDEV_REGISTRY_PASSWORD: '' }, 'h')).toEqual(
      ok(undefined),
    );
  });

  it('are a name with its password, as they are', () => {
    const env = { APPDEV_REGISTRY_USER: robot, APPDEV_REGISTRY_PASSWORD: ' p$(id)"w ' };
    expect(environmentCredentials(env, 'h')).toEqual(password(' p$(id)"w '));
    expect(environmentSecrets(env)).toEqual([' p$(id)"w ']);
  });

  it('may have the password in a file, without its line end', () => {
    const env = { APPDEV_REGISTRY_USER: robot, APPDEV_REGISTRY_PASSWORD_FILE: file };
    expect(environmentCredentials(env, 'h')).toEqual(password('from-a-file'));
    expect(environmentSecrets(env)).toEqual(['from-a-file']);
  });

  it.each([
    [{ APPDEV_REGISTRY_PASSWORD: 'half-a-pair' }, 'APPDEV_REGISTRY_USER is not'],
    [{ APPDEV_REGISTRY_USER: robot }, 'no password for robot$shop+ci'],
    [{ APPDEV_REGISTRY_USER: robot, APPDEV_REGISTRY_PASSWORD_FILE: '/nowhere/at/all' }, 'cannot be read'],
  ])('are refused when half of them is missing: %o', (env, words) => {
    const outcome = environmentCredentials(env, 'harbor.example.com');
    expect(outcome).toMatchObject({
      error: { code: 'REGISTRY_DENIED', message: expect.stringContaining(words) as string },
    });
    expect(JSON.stringify(outcome)).not.toContain('half-a-pair');
  });
});
