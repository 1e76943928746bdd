import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ok } from '../../core/outcome.ts';
import { environmentCredentials, environmentSecrets } from './environment.ts';

const robot = 'robot$shop+ci';
const nothing = { user: '', password: '', passwordFile: '' };
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
    expect(environmentCredentials(nothing, 'h')).toEqual(ok(undefined));
  });

  it('are a name with its password, as they are', () => {
    const given = { ...nothing, user: robot, password: ' p$(id)"w ' };
    expect(environmentCredentials(given, 'h')).toEqual(password(' p$(id)"w '));
    expect(environmentSecrets(given)).toEqual([' p$(id)"w ']);
  });

  it('may have the password in a file, without its line end', () => {
    const given = { ...nothing, user: robot, passwordFile: file };
    expect(environmentCredentials(given, 'h')).toEqual(password('from-a-file'));
    expect(environmentSecrets(given)).toEqual(['from-a-file']);
  });

  it.each([
    [{ password: 'half-a-pair' }, 'APPDEV_REGISTRY_USER is not'],
    [{ user: robot }, 'no password for robot$shop+ci'],
    [{ user: robot, passwordFile: '/nowhere/at/all' }, 'cannot be read'],
  ])('are refused when half of them is missing: %o', (given, words) => {
    const outcome = environmentCredentials({ ...nothing, ...given }, 'harbor.example.com');
    expect(outcome).toMatchObject({
      error: { code: 'REGISTRY_DENIED', message: expect.stringContaining(words) as string },
    });
    expect(JSON.stringify(outcome)).not.toContain('half-a-pair');
  });
});
