/**
 * The folder of this session, `<temp>/appdev-<uid>/sessions/<id>`. It is there from the first child or temporary file
 * until the session has ended well. So it is also the record that a session did not end well: only then may the next
 * start end what carries the session's mark. Daemons that a child merely started (gpg-agent, ssh, Kotlin's compiler, adb)
 * carry the mark too, and belong to the user as soon as the session is over.
 */
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { basename, isAbsolute, join } from 'node:path';
import { userTempFolder } from '../folders.ts';
import { hasChildren } from './children.ts';
import { isSessionAlive, sessionId, sessionVariable } from './mark.ts';

/** This session's folders. The key is the user's folder that contains it. */
const roots = new Map<string, string>();
let exitHandled = false;

/** This session's folder below one of the user's folders; it is created if missing. */
export function sessionFolder(base: string): string {
  let root = roots.get(base);
  if (root === undefined) {
    root = join(sessionsFolder(base), sessionId);
    mkdirSync(root, { recursive: true, mode: 0o700 });
    roots.set(base, root);
  }
  if (!exitHandled) {
    process.once('exit', () => {
      // Children that are killed by this exit leave things behind. The folder tells the next start to look for them.
      if (!hasChildren()) removeSessionFolders();
    });
  }
  exitHandled = true;
  return root;
}

/** Removes this session's folders: it has ended well. */
export function removeSessionFolders(): void {
  for (const root of roots.values()) rmSync(root, { recursive: true, force: true });
  roots.clear();
}

/** The folders of all sessions that are certainly dead and did not end well. */
export function deadSessionFolders(base: string): readonly string[] {
  const sessions = sessionsFolder(base);
  return readdirSync(sessions)
    .filter((id) => !isSessionAlive(id))
    .map((id) => join(sessions, id));
}

/** The variables that mark a child: the session's folder, whose name is its id. */
export function sessionMark(): Readonly<Record<string, string>> {
  try {
    return { [sessionVariable]: sessionFolder(userTempFolder()) };
  } catch {
    // The folder cannot be made, so nobody could prove later how this session ended: the id alone is no leave to kill.
    return { [sessionVariable]: sessionId };
  }
}

/** The session that started a process with this environment, as its folder or as its id. Undefined if none did. */
export function sessionIn(environment: readonly string[]): string | undefined {
  const prefix = `${sessionVariable}=`;
  return environment.find((entry) => entry.startsWith(prefix))?.slice(prefix.length);
}

/** True if this session started a process with this environment. */
export function isOfThisSession(environment: readonly string[]): boolean {
  const session = sessionIn(environment);
  return session !== undefined && basename(session) === sessionId;
}

/** True if a session is certainly dead and did not end well. `session` is a text that `sessionIn` returned. */
export function wasKilled(session: string): boolean {
  return isAbsolute(session) && !isSessionAlive(basename(session)) && existsSync(session);
}

function sessionsFolder(base: string): string {
  const path = join(base, 'sessions');
  mkdirSync(path, { recursive: true, mode: 0o700 });
  return path;
}
