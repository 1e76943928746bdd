/**
 * Says whether git is rewriting the work tree right now. Meanwhile the files on disk belong to no commit and to no
 * intention of the user, and building them wastes a build for each step of a rebase. Looks at git's own lock files.
 * Never runs git, so it cannot take a lock itself.
 *
 * What counts: `index.lock`, which every command holds that writes the tree, and a rebase in progress. What does not
 * count: a merge or rebase that has stopped for the user, who may want to run his resolution. A lock that a crashed git
 * left behind stops counting after a while.
 */
import { readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { GitProbe } from './types.ts';

/**
 * A lock that has not changed for this long, in milliseconds, was left behind. Large checkouts hold theirs for seconds.
 */
const staleLockMs = 30_000;
/**
 * A rebase updates its notes at each commit. If they have not changed for this long, in milliseconds, it is waiting for
 * the user.
 */
const quietRebaseMs = 1_000;
const rebaseFolders = ['rebase-merge', 'rebase-apply'];
const rebaseNotes = ['.', 'msgnum', 'done', 'next', 'git-rebase-todo'];

/**
 * Watches the work trees that contain the given folders. `now` is the wall clock, in milliseconds since the epoch.
 * `noticeStale` is called once for each lock that was left behind.
 */
export function createGitProbe(
  folders: readonly string[],
  now: () => number,
  noticeStale: (lock: string) => void,
): GitProbe {
  const stale = new Set<string>();
  const seen = new Map<string, { readonly stamp: string; readonly sinceMs: number }>();

  /** True if the lock is held. A lock that has existed unchanged for too long does not count. */
  function lockHeld(lock: string): boolean {
    const stat = statSync(lock, { bigint: true, throwIfNoEntry: false });
    if (stat === undefined) {
      seen.delete(lock);
      return false;
    }
    const stamp = `${stat.ino}:${stat.mtimeNs}:${stat.size}`;
    if (seen.get(lock)?.stamp !== stamp) seen.set(lock, { stamp, sinceMs: now() });
    // By its own time, or by how long it has been seen: its own time counts if it is older than this session.
    const ageMs = Math.max(
      now() - (seen.get(lock)?.sinceMs ?? now()),
      now() - Number(stat.mtimeNs / 1_000_000n),
    );
    if (ageMs < staleLockMs) return true;
    if (!stale.has(stamp)) {
      stale.add(stamp);
      noticeStale(lock);
    }
    return false;
  }

  return {
    look() {
      for (const folder of gitFolders(folders)) {
        if (lockHeld(join(folder, 'index.lock'))) return Promise.resolve('index.lock');
        if (rebaseFolders.some((name) => isMoving(join(folder, name), now())))
          return Promise.resolve('rebase');
      }
      return Promise.resolve(undefined);
    },
  };
}

/**
 * The git folders of the work trees around the given folders. In a worktree or submodule, `.git` is a file that names
 * the real folder (gitrepository-layout(5)), which contains that tree's own index.lock and rebase.
 */
export function gitFolders(folders: readonly string[]): readonly string[] {
  const found = new Set<string>();
  for (const folder of folders) {
    for (let at = folder; ; at = dirname(at)) {
      const git = join(at, '.git');
      const stat = statSync(git, { throwIfNoEntry: false });
      if (stat !== undefined) {
        const real = stat.isDirectory() ? git : linkedFolder(git);
        if (real !== undefined) found.add(real);
        break;
      }
      if (at === dirname(at)) break;
    }
  }
  return [...found];
}

function linkedFolder(file: string): string | undefined {
  try {
    const target = /^gitdir:(.+)$/m.exec(readFileSync(file, 'utf8'))?.[1]?.trim();
    return target === undefined || target === '' ? undefined : resolve(dirname(file), target);
  } catch {
    return undefined;
  }
}

function isMoving(folder: string, nowMs: number): boolean {
  return rebaseNotes.some((name) => {
    const stat = statSync(join(folder, name), { throwIfNoEntry: false });
    return stat !== undefined && nowMs - stat.mtimeMs < quietRebaseMs;
  });
}
