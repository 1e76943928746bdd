/**
 * Temporary folders of this session, below one folder that carries its id: removed when the process exits, and, after a
 * session that was killed, by the next start.
 */
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { userTempFolder } from './folders.ts';
import { isSessionAlive, sessionId } from './session.ts';

let root: string | undefined;

/** A new folder (mode 0700) that lives as long as the session. */
export function makeTempFolder(name: string): string {
  return mkdtempSync(join(sessionFolder(), `${name}-`));
}

/** Removes this session's folders, now. For what must not wait for the process's exit. */
export function removeTempFolders(): void {
  if (root === undefined) return;
  rmSync(root, { recursive: true, force: true });
  root = undefined;
}

/** Removes the folders of sessions that are dead, and returns their ids. */
export async function removeDeadTempFolders(): Promise<readonly string[]> {
  const sessions = sessionsFolder();
  const dead = readdirSync(sessions).filter((id) => !isSessionAlive(id));
  await Promise.all(dead.map(async (id) => await rm(join(sessions, id), { recursive: true, force: true })));
  return dead;
}

function sessionFolder(): string {
  if (root !== undefined) return root;
  root = join(sessionsFolder(), sessionId);
  mkdirSync(root, { recursive: true, mode: 0o700 });
  process.once('exit', removeTempFolders);
  return root;
}

function sessionsFolder(): string {
  const path = join(userTempFolder(), 'sessions');
  mkdirSync(path, { recursive: true, mode: 0o700 });
  return path;
}
