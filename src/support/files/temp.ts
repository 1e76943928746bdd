/**
 * Temporary folders of this session, below one folder that carries its id: removed when the process exits, and, after a
 * session that was killed, by the next start.
 */
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { hasChildren } from '../process/children.ts';
import { largeTempFolder, userTempFolder } from './folders.ts';
import { isSessionAlive, sessionId } from '../process/mark.ts';

/** This session's folders, by the folder of this user that they lie in. */
const roots = new Map<string, string>();
let exitHandled = false;

/** A new folder (mode 0700) that lives as long as the session. */
export function makeTempFolder(name: string): string {
  return makeFolder(userTempFolder(), name);
}

/** The same for what may be large, jars and image layers: where there is a disk below, and not memory. */
export function makeLargeTempFolder(name: string): string {
  return makeFolder(largeTempFolder(), name);
}

/** Removes this session's folders, now. For what must not wait for the process's exit. */
export function removeTempFolders(): void {
  for (const root of roots.values()) rmSync(root, { recursive: true, force: true });
  roots.clear();
}

/** Removes the folders of sessions that are dead, and returns their ids. */
export async function removeDeadTempFolders(): Promise<readonly string[]> {
  const removed = new Set<string>();
  const mounts = mountPoints();
  for (const base of new Set([userTempFolder(), largeTempFolder()])) {
    const sessions = sessionsFolder(base);
    for (const id of readdirSync(sessions).filter((name) => !isSessionAlive(name))) {
      const folder = join(sessions, id);
      // A killed tool may have left something mounted there, and that is not ours to empty.
      if (mounts.some((mount) => mount.startsWith(`${folder}/`))) continue;
      removed.add(id);
      // What cannot be removed now (a tool's folder without permissions) is tried again by the next start.
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
      // Children that this exit kills leave things behind, and the folder is how the next start knows that it has to look.
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

/** Fifth field of each line, proc(5). */
function mountPoints(): string[] {
  try {
    return readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .map((line) => line.split(' ')[4] ?? '');
  } catch {
    return [];
  }
}
