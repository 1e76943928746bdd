/**
 * Temporary folders of this session, below one folder that has the session's id. They are removed when the process exits.
 * If the session was killed, the next start removes them.
 */
import { mkdtempSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { largeTempFolder, userTempFolder } from '../folders.ts';
import { sessionsToReap } from '../process/leftovers.ts';
import { deadSessionFolders, sessionFolder } from '../process/session-folder.ts';

/** Makes a folder (mode 0700) that is removed with the session, and returns its absolute path. `name` begins its name. */
export function makeTempFolder(name: string): string {
  return makeFolder(userTempFolder(), name);
}

/** The same for large files such as jars and image layers: the folder is on a disk, not in memory. */
export function makeLargeTempFolder(name: string): string {
  return makeFolder(largeTempFolder(), name);
}

/** Removes the folders of dead sessions, and returns the ids of those sessions. */
export async function removeDeadTempFolders(): Promise<readonly string[]> {
  const removed = new Set<string>();
  const mounts = mountPoints();
  const busy = new Set([...sessionsToReap()].map((folder) => basename(folder)));
  for (const base of new Set([userTempFolder(), largeTempFolder()])) {
    for (const folder of deadSessionFolders(base)) {
      // A killed tool may have left something mounted there, and its contents must not be removed.
      if (mounts.some((mount) => mount.startsWith(`${folder}/`))) continue;
      // The folder is the record by which the session's processes are found, so it goes after the last of them.
      if (busy.has(basename(folder))) continue;
      removed.add(basename(folder));
      // If it cannot be removed now (a tool's folder without permissions), the next start tries again.
      await rm(folder, { recursive: true, force: true }).catch(() => undefined);
    }
  }
  return [...removed];
}

function makeFolder(base: string, name: string): string {
  return mkdtempSync(join(sessionFolder(base), `${name}-`));
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
