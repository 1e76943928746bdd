/**
 * Temporary folders of this session, below one folder that has the session's id. They are removed when the process exits.
 * If the session was killed, the next start removes them.
 */
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { hasChildren } from '../process/children.ts';
import { largeTempFolder, userTempFolder } from './folders.ts';
import { isSessionAlive, sessionId } from '../process/mark.ts';

/** This session's folders. The key is the user's folder that contains it. */
const roots = new Map<string, string>();
let exitHandled = false;

/** Makes a folder (mode 0700) that is removed with the session, and returns its absolute path. `name` begins its name. */
export function makeTempFolder(name: string): string {
  return makeFolder(userTempFolder(), name);
}

/** The same for large files such as jars and image layers: the folder is on a disk, not in memory. */
export function makeLargeTempFolder(name: string): string {
  return makeFolder(largeTempFolder(), name);
}

/** Removes this session's folders at once, if the exit of the process is too late. */
export function removeTempFolders(): void {
  for (const root of roots.values()) rmSync(root, { recursive: true, force: true });
  roots.clear();
}

/** Removes the folders of dead sessions, and returns the ids of those sessions. */
export async function removeDeadTempFolders(): Promise<readonly string[]> {
  const removed = new Set<string>();
  const mounts = mountPoints();
  for (const base of new Set([userTempFolder(), largeTempFolder()])) {
    const sessions = sessionsFolder(base);
    for (const id of readdirSync(sessions).filter((name) => !isSessionAlive(name))) {
      const folder = join(sessions, id);
      // A killed tool may have left something mounted there, and its contents must not be removed.
      if (mounts.some((mount) => mount.startsWith(`${folder}/`))) continue;
      removed.add(id);
      // If it cannot be removed now (a tool's folder without permissions), the next start tries again.
      await rm(folder, { recursive: true, force: true }).catch(() => undefined);
    }
  }
  return [...removed];
}

function makeFolder(base: string, name: string): string {
  let root = roots.get(base);
  if (root === undefined) {
    root = join(sessionsFolder(base), sessionId);
    mkdirSync(root, { recursive: true, mode: 0o700 });
    roots.set(base, root);
  }
  if (!exitHandled) {
    process.once('exit', () => {
      // Children that are killed by this exit leave things behind. The folder tells the next start to look for them.
      if (!hasChildren()) removeTempFolders();
    });
  }
  exitHandled = true;
  return mkdtempSync(join(root, `${name}-`));
}

function sessionsFolder(base: string): string {
  const path = join(base, 'sessions');
  mkdirSync(path, { recursive: true, mode: 0o700 });
  return path;
}

/** The mount points of this machine: the fifth field of each line of mountinfo, see proc(5). */
function mountPoints(): string[] {
  try {
    return readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .map((line) => line.split(' ')[4] ?? '');
  } catch {
    return [];
  }
}
