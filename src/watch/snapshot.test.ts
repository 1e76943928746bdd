import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { diffSnapshots, hashFiles, settlesInMs, takeSnapshot, type Snapshot } from './snapshot.ts';
import { walk } from './walk.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'appdev-snapshot-'));
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

const write = (path: string, text: string, in_ = root): void => {
  mkdirSync(dirname(join(in_, path)), { recursive: true });
  writeFileSync(join(in_, path), text);
};
const list = (folder = root) => walk([{ path: folder, skip: () => false }]);
/** Long after everything was written, unless the test says otherwise. */
const later = Date.now() + 3_600_000;
const snap = async (known: Snapshot = new Map(), nowMs = later): Promise<Snapshot> =>
  await takeSnapshot((await list()).files, known, nowMs);
const hashOf = (snapshot: Snapshot, from = root): string =>
  hashFiles([...snapshot].map(([path, entry]) => [relative(from, path), entry] as const));

describe('the hash of a state', () => {
  it('depends on names, content and the exec bit, not on folder, times or order', async () => {
    write('a/A.java', 'A');
    write('run.sh', '#!');
    const first = hashOf(await snap());
    const other = mkdtempSync(join(tmpdir(), 'appdev-elsewhere-'));
    try {
      write('run.sh', '#!', other);
      write('a/A.java', 'A', other);
      utimesSync(join(other, 'a/A.java'), 1, 1);
      const elsewhere = await takeSnapshot((await list(other)).files, new Map(), later);
      expect(hashOf(elsewhere, other)).toBe(first);
    } finally {
      rmSync(other, { recursive: true });
    }
    chmodSync(join(root, 'run.sh'), 0o755);
    const executable = hashOf(await snap());
    expect(executable).not.toBe(first);
    write('a/A.java', 'B');
    const changed = hashOf(await snap());
    expect(changed).not.toBe(executable);
    renameSync(join(root, 'a/A.java'), join(root, 'a/B.java'));
    expect(hashOf(await snap())).not.toBe(changed);
  });
});

describe('a difference', () => {
  it('tells new, changed, gone, and written again with the same content', async () => {
    for (const name of ['same', 'changed', 'gone', 'again', 'moved']) write(name, 'x');
    const before = await snap();
    write('changed', 'y');
    rmSync(join(root, 'gone'));
    write('new', 'z');
    write('again~', 'x');
    renameSync(join(root, 'again~'), join(root, 'again'));
    const after = await snap(before);
    const { changed, rewritten } = diffSnapshots(before, after);
    expect(changed.map((path) => relative(root, path))).toEqual(['changed', 'gone', 'new']);
    expect(rewritten.map((path) => relative(root, path))).toEqual(['again']);
    expect(after.get(join(root, 'same'))).toBe(before.get(join(root, 'same')));
  });

  it('sees a write that leaves size and time as they were', async () => {
    write('a', 'x');
    const past = new Date(Date.now() - 60_000);
    utimesSync(join(root, 'a'), past, past);
    const before = await snap();
    write('a', 'y');
    utimesSync(join(root, 'a'), past, past);
    expect(diffSnapshots(before, await snap(before)).changed).toHaveLength(1);
  });

  it('reads a file again whose stat may hide a second write within one tick of the kernel', async () => {
    write('a', 'x');
    const walked = await list();
    // Taken at the very time of the write.
    const before = await takeSnapshot(walked.files, new Map(), Date.now());
    write('a', 'y');
    // The stat of the first write, as a coarse clock would show it for both.
    const after = await takeSnapshot(walked.files, before, later);
    expect(diffSnapshots(before, after).changed).toHaveLength(1);
  });

  it('does not read again what the stat vouches for', async () => {
    write('a', 'x');
    const walked = await list();
    const before = await takeSnapshot(walked.files, new Map(), later);
    write('a', 'y');
    // The old stat: were the content read, the change would show.
    expect(diffSnapshots(before, await takeSnapshot(walked.files, before, later)).changed).toEqual([]);
  });
});

describe('settling', () => {
  it('waits for a file that was written just now', async () => {
    write('a', 'x');
    const now = Date.now();
    expect(settlesInMs(await snap(new Map(), now), now)).toBeGreaterThan(0);
    expect(settlesInMs(await snap(new Map(), now + 30), now + 30)).toBe(0);
  });

  it('takes a file from the future for written when two looks agree', async () => {
    write('a', 'x');
    const future = new Date(Date.now() + 86_400_000);
    utimesSync(join(root, 'a'), future, future);
    const now = Date.now();
    const first = await snap(new Map(), now);
    expect(settlesInMs(first, now)).toBe(20);
    const second = await snap(first, now + 20);
    expect(settlesInMs(second, now + 20)).toBe(0);
  });

  it('waits longer for a file that lost its content, as editors that truncate and then write leave it', async () => {
    write('a', 'class A {}');
    const before = await snap();
    write('a', '');
    const now = Date.now() + 100;
    const emptied = await snap(before, now);
    expect(settlesInMs(emptied, now)).toBeGreaterThan(300);
    // Also at the looks that follow.
    const again = await snap(emptied, now + 100);
    expect(settlesInMs(again, now + 100)).toBeGreaterThan(200);
    expect(settlesInMs(again, now + 1_000)).toBe(0);
    write('empty-from-the-start', '');
    expect(settlesInMs(await snap(again, now + 1_000), now + 1_000)).toBe(0);
  });
});

describe('links', () => {
  it('stand for the content of their target', async () => {
    write('real', 'x');
    symlinkSync('real', join(root, 'link'));
    const before = await snap();
    expect(before.get(join(root, 'link'))?.hash).toBe(before.get(join(root, 'real'))?.hash);
    write('real', 'y');
    const { changed } = diffSnapshots(before, await snap(before));
    expect(changed.map((path) => relative(root, path))).toEqual(['link', 'real']);
  });
});
