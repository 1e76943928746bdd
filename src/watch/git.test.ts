import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createGitProbe, gitFolders } from './git.ts';

let root: string;
const clock = { ms: 0 };
let stale: string[];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'appdev-git-'));
  mkdirSync(join(root, '.git'));
  mkdirSync(join(root, 'app'));
  clock.ms = Date.now();
  stale = [];
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});
const probe = () =>
  createGitProbe(
    [join(root, 'app')],
    () => clock.ms,
    (lock) => stale.push(lock),
  );

describe('the git probe', () => {
  it('sees a lock on the index while it is held', async () => {
    const git = probe();
    expect(await git.look()).toBeUndefined();
    const lock = join(root, '.git', 'index.lock');
    writeFileSync(lock, '');
    expect(await git.look()).toBe('index.lock');
    rmSync(lock);
    expect(await git.look()).toBeUndefined();
  });

  it('stops waiting for a lock that was left behind, and says so once', async () => {
    const git = probe();
    const lock = join(root, '.git', 'index.lock');
    writeFileSync(lock, '');
    expect(await git.look()).toBe('index.lock');
    clock.ms += 31_000;
    expect(await git.look()).toBeUndefined();
    expect(await git.look()).toBeUndefined();
    expect(stale).toEqual([lock]);
    // Another git takes it.
    rmSync(lock);
    await git.look();
    writeFileSync(lock, 'x');
    const now = new Date(clock.ms);
    utimesSync(lock, now, now);
    expect(await git.look()).toBe('index.lock');
  });

  it.each(['rebase-merge', 'rebase-apply'])(
    'waits while a %s moves, and not when it has stopped for the user',
    async (name) => {
      const git = probe();
      mkdirSync(join(root, '.git', name));
      writeFileSync(join(root, '.git', name, 'msgnum'), '1');
      expect(await git.look()).toBe('rebase');
      clock.ms += 1_500;
      expect(await git.look()).toBeUndefined();
      writeFileSync(join(root, '.git', name, 'msgnum'), '2');
      const now = new Date(clock.ms);
      utimesSync(join(root, '.git', name, 'msgnum'), now, now);
      expect(await git.look()).toBe('rebase');
    },
  );

  it('does not wait for a merge that the user is resolving', async () => {
    writeFileSync(join(root, '.git', 'MERGE_HEAD'), 'abc');
    expect(await probe().look()).toBeUndefined();
  });

  it('follows the .git file of a worktree or submodule', async () => {
    const real = join(root, '.git', 'worktrees', 'app');
    mkdirSync(real, { recursive: true });
    writeFileSync(join(root, 'app', '.git'), 'gitdir: ../.git/worktrees/app\n');
    expect(gitFolders([join(root, 'app')])).toEqual([real]);
    const git = probe();
    writeFileSync(join(root, '.git', 'index.lock'), '');
    expect(await git.look()).toBeUndefined();
    writeFileSync(join(real, 'index.lock'), '');
    expect(await git.look()).toBe('index.lock');
  });

  it('has nothing to wait for outside of a repository', async () => {
    rmSync(join(root, '.git'), { recursive: true });
    expect(await probe().look()).toBeUndefined();
  });
});
