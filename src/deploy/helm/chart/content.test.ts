import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { chartDigest } from './content.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'appdev-chart-'));
  write('web/Chart.yaml', 'name: web\nversion: 1.0.0\n');
  write('web/templates/map.yaml', 'a: 1\n');
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

function write(file: string, text: string): void {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), text);
}

/** Packs a folder as `helm package` does; `date` goes into the archive. */
function pack(name: string, archive: string, date: string): void {
  mkdirSync(dirname(join(root, archive)), { recursive: true });
  execFileSync('tar', ['--mtime', date, '-czf', join(root, archive), '-C', root, name]);
}

const digest = async (chart = 'web'): Promise<string> => await chartDigest(join(root, chart));

it('is the same at another place and time, with links for files', async () => {
  const before = await digest();
  cpSync(join(root, 'web'), join(root, 'copy'), { recursive: true });
  rmSync(join(root, 'copy/templates/map.yaml'));
  symlinkSync(join(root, 'web/templates/map.yaml'), join(root, 'copy/templates/map.yaml'));
  utimesSync(join(root, 'copy/Chart.yaml'), 1, 1);
  expect(await digest('copy')).toBe(before);
});

it.each([
  ['a template', 'web/templates/map.yaml', 'a: 2\n'],
  ['a new file that a template may read', 'web/files/text', 'x'],
  ['an unpacked subchart', 'web/charts/db/templates/db.yaml', 'b: 1\n'],
])('is another one with %s', async (_what, file, text) => {
  const before = await digest();
  write(file, text);
  expect(await digest()).not.toBe(before);
});

it.each([
  ['a lock file, which holds a time', 'web/Chart.lock', 'generated: now\n'],
  ['what .helmignore leaves out', 'web/notes/draft.swp', 'x'],
  ['what Helm leaves out by itself', 'web/templates/.map.yaml.swp', 'x'],
])('is the same with %s', async (_what, file, text) => {
  write('web/.helmignore', '# editors\n*.swp\n');
  const before = await digest();
  write(file, text);
  expect(await digest()).toBe(before);
});

it('leaves nothing out by rules that mean something else in a .gitignore', async () => {
  write('web/.helmignore', '*.txt\n!keep.txt\n');
  const before = await digest();
  write('web/other.txt', 'x');
  expect(await digest()).not.toBe(before);
});

it('reads a packed subchart by its files, not by its dates', async () => {
  write('db/Chart.yaml', 'name: db\nversion: 1.0.0\n');
  pack('db', 'web/charts/db-1.0.0.tgz', '2020-01-01');
  const before = await digest();
  write('db/Chart.lock', 'generated: now\n');
  pack('db', 'web/charts/db-1.0.0.tgz', '2024-02-02');
  expect(await digest()).toBe(before);
  write('db/values.yaml', 'a: 1\n');
  pack('db', 'web/charts/db-1.0.0.tgz', '2024-02-02');
  expect(await digest()).not.toBe(before);
});

it('fails at an archive that is broken', async () => {
  write('broken.tgz', 'not an archive');
  await expect(digest('broken.tgz')).rejects.toThrow();
});
