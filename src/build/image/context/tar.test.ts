import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ContextChangedError, packContext, type ContextSource, type ContextTar } from './tar.ts';

let top: string;
let root: string;
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'appdev-context-'));
  root = join(top, 'one');
  fill(root);
});
afterEach(() => rmSync(top, { recursive: true, force: true }));

function fill(folder: string): void {
  mkdirSync(join(folder, 'lib/empty'), { recursive: true });
  writeFileSync(join(folder, 'b.txt'), 'b');
  writeFileSync(join(folder, 'lib/a.jar'), Buffer.alloc(3 * 1024 * 1024, 7));
  writeFileSync(join(folder, 'lib/run.sh'), '#!/bin/sh\n');
  writeFileSync(join(folder, `lib/${'long-'.repeat(30)}name`), 'n');
  chmodSync(join(folder, 'lib/run.sh'), 0o755);
  symlinkSync('../b.txt', join(folder, 'lib/link'));
}

async function packed(more: Partial<ContextSource> = {}, file = 'context.tar.gz'): Promise<ContextTar> {
  const source = { root, skip: () => false, wants: () => true, extra: new Map<string, string>(), ...more };
  return await packContext(source, join(top, file));
}

/** As GNU tar, which nobody here wrote, reads it. */
function listed(file = 'context.tar.gz'): string[] {
  const text = execFileSync('tar', ['-tvzf', join(top, file), '--utc', '--full-time', '--numeric-owner'], {
    encoding: 'utf8',
  });
  return text.trim().split('\n');
}

it('holds every entry with one date, no owner and its mode', async () => {
  const { files, bytes } = await packed({ extra: new Map([['.build/Containerfile', 'FROM scratch\n']]) });
  expect(files).toBe(5);
  expect(bytes).toBe(statSync(join(top, 'context.tar.gz')).size);
  const lines = listed();
  expect(lines.map((line) => line.replace(/\s+/g, ' '))).toEqual([
    '-rw-r--r-- 0/0 13 1980-01-01 00:00:00 .build/Containerfile',
    '-rw-r--r-- 0/0 1 1980-01-01 00:00:00 b.txt',
    'drwxr-xr-x 0/0 0 1980-01-01 00:00:00 lib/',
    '-rw-r--r-- 0/0 3145728 1980-01-01 00:00:00 lib/a.jar',
    'drwxr-xr-x 0/0 0 1980-01-01 00:00:00 lib/empty/',
    'lrwxrwxrwx 0/0 0 1980-01-01 00:00:00 lib/link -> ../b.txt',
    `-rw-r--r-- 0/0 1 1980-01-01 00:00:00 lib/${'long-'.repeat(30)}name`,
    '-rwxr-xr-x 0/0 10 1980-01-01 00:00:00 lib/run.sh',
  ]);
});

it('is the same for the same content elsewhere and at another time, and another one for other content', async () => {
  const first = await packed();
  const other = join(top, 'two');
  fill(other);
  utimesSync(join(other, 'b.txt'), 1, 1);
  expect((await packed({ root: other })).hash).toBe(first.hash);
  writeFileSync(join(other, 'b.txt'), 'c');
  expect((await packed({ root: other })).hash).not.toBe(first.hash);
});

it('leaves out what is skipped, what nobody wants, and folders that are empty by that', async () => {
  await packed({
    skip: (path, folder) => folder && path.endsWith('/empty'),
    wants: (name) => name === 'b.txt' || name === 'lib/run.sh',
  });
  expect(listed().map((line) => line.split(' ').at(-1))).toEqual(['b.txt', 'lib/', 'lib/run.sh']);
});

it('says which file changed while it was packed', async () => {
  let asked = 0;
  const changing = packed({
    wants: (name) => {
      // The listing is done with this file; now it grows.
      asked += 1;
      if (name.endsWith('run.sh')) writeFileSync(join(root, 'lib/a.jar'), Buffer.alloc(4 * 1024 * 1024, 8));
      return true;
    },
  });
  await expect(changing).rejects.toThrow(ContextChangedError);
  await expect(changing).rejects.toThrow(/a\.jar changed/);
  expect(asked).toBeGreaterThan(0);
});

it('ends if the tar cannot be written', async () => {
  await expect(packed({}, 'no/such/folder.tar.gz')).rejects.toThrow(/ENOENT/);
});
