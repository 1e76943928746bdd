import { mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createRollingFile, type RollingFile } from './rolling-file.ts';

let folder: string;
let problems: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'appdev-rolling-'));
  problems = [];
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const make = (path: string, limits: { maxBytes?: number; maxQueue?: number } = {}): RollingFile =>
  createRollingFile({
    path,
    maxBytes: limits.maxBytes ?? 1000,
    maxQueue: limits.maxQueue ?? 1_000_000,
    onProblem: (error) => problems.push(error.code ?? ''),
  });

test('lines come in order into a file that only its owner can read, after those of the session before', async () => {
  const path = join(folder, 'deep', 'logs', 'orders.log');
  for (const session of ['one', 'two']) {
    const file = make(path);
    for (let n = 0; n < 3; n += 1) file.append(`${session} ${n}`);
    await file.close();
  }
  expect(await readFile(path, 'utf8')).toBe('one 0\none 1\none 2\ntwo 0\ntwo 1\ntwo 2\n');
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test('a full file becomes the one before, and the one before that is forgotten', async () => {
  const path = join(folder, 'orders.log');
  for (let session = 0; session < 6; session += 1) {
    const file = make(path);
    file.append(`${session}${'x'.repeat(600)}`);
    await file.close();
  }
  const sizes = [(await stat(path)).size, (await stat(`${path}.1`)).size];
  expect(sizes.every((size) => size <= 1000 + 602)).toBe(true);
  expect(await readFile(path, 'utf8')).toContain('5xxx');
  expect(await readFile(`${path}.1`, 'utf8')).toContain('3xxx');
});

test('lines that come faster than the disk are dropped, and their number is told', async () => {
  const path = join(folder, 'orders.log');
  const file = make(path, { maxQueue: 100, maxBytes: 1_000_000 });
  for (let n = 0; n < 1000; n += 1) file.append(`line ${n}`);
  await file.close();
  const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
  const dropped = Number(/… (\d+) lines dropped/.exec(lines.at(-1) ?? '')?.[1]);
  expect(lines.length - 1 + dropped).toBe(1000);
  expect(lines.length).toBeLessThan(50);
});

test('a full disk is told once, costs no more than the lines, and is forgiven', async () => {
  const disk = join(folder, 'disk');
  const path = join(disk, 'full');
  // Every write to /dev/full fails with ENOSPC, as on a full disk.
  await symlink('/dev', disk);
  const file = make(path);
  for (let n = 0; n < 3; n += 1) {
    file.append(`lost ${n}`);
    await expect.poll(() => problems).toEqual(['ENOSPC']);
  }
  await rm(disk);
  await mkdir(disk);
  await writeFile(path, '');
  // Lines may still fail on the old handle's way out; one that comes later is kept.
  await expect
    .poll(async () => {
      file.append('kept');
      return await readFile(path, 'utf8');
    })
    .toContain('kept');
  await file.close();
  expect(problems).toEqual(['ENOSPC']);
});

test('a link is not followed, neither while the program runs nor at its exit', async () => {
  const [path, target] = [join(folder, 'orders.log'), join(folder, 'bashrc')];
  await writeFile(target, 'mine\n');
  await symlink(target, path);
  const file = make(path);
  file.append('alias ls=evil');
  await file.close();
  file.append('alias ls=evil');
  file.writeNow();
  await file.close();
  expect(problems).toEqual(['ELOOP']);
  expect(await readFile(target, 'utf8')).toBe('mine\n');
});

test('a folder that cannot be made is a problem, not an exception', async () => {
  await writeFile(join(folder, 'logs'), 'a file where the folder should be');
  const file = make(join(folder, 'logs', 'orders.log'));
  file.append('x');
  await file.close();
  expect(problems).toEqual(['EEXIST']);
});
