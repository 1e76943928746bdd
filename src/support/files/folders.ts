/** Where appdev keeps files of its own outside the project: per session, per login, and for good. */
import { existsSync, lstatSync, mkdirSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * `<temp>/appdev-<uid>`: private to this user, emptied by reboots. Made with mode 0700 where it is missing.
 *
 * @throws when somebody else owns the name: in a shared /tmp that is an attack or an accident, and nothing goes there.
 */
export function userTempFolder(): string {
  return privateFolder(tmpdir());
}

/** The same in /var/tmp, which is on a disk where /tmp is in memory; with TMPDIR set, there. */
export function largeTempFolder(): string {
  return privateFolder(process.env['TMPDIR'] === undefined && existsSync('/var/tmp') ? '/var/tmp' : tmpdir());
}

function privateFolder(parent: string): string {
  const uid = process.getuid?.();
  const path = join(parent, `appdev-${uid ?? 'user'}`);
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const stat = lstatSync(path);
  const isPrivate = uid === undefined || (stat.uid === uid && (stat.mode & 0o077) === 0);
  if (!stat.isDirectory() || !isPrivate) {
    throw new Error(`${path} is not a folder that only this user can read; remove it and start again`);
  }
  return path;
}

/** `$XDG_CACHE_HOME/appdev` or `~/.cache/appdev`: what can be made again, kept across sessions. Not created here. */
export function cacheFolder(): string {
  const cache = process.env['XDG_CACHE_HOME'];
  return join(cache === undefined || cache === '' ? join(homedir(), '.cache') : cache, 'appdev');
}
