import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stateFolderOf } from './state-folder.ts';

let root: string;
let elsewhere: string;
beforeEach(() => {
  [root, elsewhere] = ['project', 'elsewhere'].map((name) =>
    mkdtempSync(join(tmpdir(), `appdev-state-${name}-`)),
  ) as [string, string];
});
afterEach(() => {
  for (const folder of [root, elsewhere]) rmSync(folder, { recursive: true });
});

describe('the state folder', () => {
  it('is made once, and git ignores it', () => {
    expect(stateFolderOf(root)).toEqual({ kind: 'ok', value: join(root, '.appdev') });
    writeFileSync(join(root, '.appdev/.gitignore'), 'mine\n');
    expect(stateFolderOf(root)).toMatchObject({ kind: 'ok' });
    expect(readFileSync(join(root, '.appdev/.gitignore'), 'utf8')).toBe('mine\n');
  });

  it.each([
    ['the folder itself', '.appdev', ''],
    ['the folder itself, to nothing', '.appdev', 'absent'],
    ['its folder of logs', '.appdev/logs', ''],
    ['a log', '.appdev/logs/web.log', 'bashrc'],
    ['its .gitignore, to nothing', '.appdev/.gitignore', 'absent'],
    ['its artifacts.json', '.appdev/artifacts.json', 'bashrc'],
  ])('is refused if a clone brings a link as %s, and nothing is written there', (_name, link, target) => {
    writeFileSync(join(elsewhere, 'bashrc'), 'mine\n');
    mkdirSync(dirname(join(root, link)), { recursive: true });
    symlinkSync(join(elsewhere, target), join(root, link));
    expect(stateFolderOf(root)).toMatchObject({
      kind: 'failed',
      error: {
        code: 'CONFIG_INVALID',
        message: expect.stringContaining(`${join(root, link)} is a link`) as string,
      },
    });
    expect(readdirSync(elsewhere)).toEqual(['bashrc']);
    expect(existsSync(join(root, link, 'absent'))).toBe(false);
  });

  it('is none in a project that cannot be written', () => {
    writeFileSync(join(root, '.appdev'), 'a file');
    expect(stateFolderOf(root)).toEqual({ kind: 'ok', value: undefined });
  });
});
