/** The folders outside the project where appdev keeps its own files: temporary ones and a cache. */
import { lstatSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheRoot, largeTempRoot } from './system.ts';

/**
 * `<temp>/appdev-<uid>`: private to this user, and emptied when the machine restarts. Created with mode 0700 if missing.
 *
 * @throws if someone else owns the folder. In a shared /tmp that is an attack or an accident, so nothing is written
 * there.
 */
export function userTempFolder(): string {
  return privateFolder(tmpdir());
}

/** The same for large files, in /var/tmp, because /tmp can be in memory. If TMPDIR is set, it is used instead. */
export function largeTempFolder(): string {
  return privateFolder(largeTempRoot());
}

function privateFolder(parent: string): string {
  const uid = process.getuid?.();
  const path = join(parent, `appdev-${uid ?? 'user'}`);
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const stat = lstatSync(path);
  const isPrivate = uid === undefined || (stat.uid === uid && (stat.mode & 0o077) === 0);
  if (!stat.isDirectory() || !isPrivate) {
    throw new Error(`${path} must be a folder that only you can read; remove it and start appdev again`);
  }
  return path;
}

/**
 * `$XDG_CACHE_HOME/appdev` or `~/.cache/appdev`: for files that outlive a session and can be made again. Not created
 * here.
 */
export function cacheFolder(): string {
  return join(cacheRoot(), 'appdev');
}
