/**
 * Whose files are used without being named. appdev.yaml may run any program, and it is looked for in parent folders. In
 * a folder that several users share, one of them could place it for the others, as with git before CVE-2022-24765.
 */
import { lstat, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { failed, ok, type Outcome } from '../core/outcome.ts';
import { shownFile } from './shown.ts';

/** The id of this user; undefined on Windows, where files have no owner that could be compared. */
export type UserId = number | undefined;

/**
 * Checks a project file that was found, not named. The file, what it links to, and the folder of each must belong to
 * this user or to root. Fails with CONFIG_INVALID.
 */
export async function checkFound(file: string, cwd: string, user: UserId): Promise<Outcome<void>> {
  for (const path of [file, dirname(file)]) {
    const owner = await foreignOwner(path, [user, 0]);
    if (owner === undefined) continue;
    const what = path === file ? shownFile(file, cwd) : `the folder ${path}`;
    return failed(
      'CONFIG_INVALID',
      `${what} belongs to another user (uid ${owner}), so appdev does not use it`,
      {
        hint: `appdev.yaml may run any program. If you trust that user, name the file: -f ${shownFile(file, cwd)}`,
      },
    );
  }
  return ok(undefined);
}

/**
 * Checks a file that is read because it lies beside the project file. It must belong to this user, to root, or to the
 * owner of the project file. Fails with CONFIG_INVALID.
 */
export async function checkBeside(
  path: string,
  projectFile: string,
  cwd: string,
  user: UserId,
): Promise<Outcome<void>> {
  const project = await stat(projectFile).catch(() => undefined);
  const owner = await foreignOwner(path, [user, 0, project?.uid]);
  if (owner === undefined) return ok(undefined);
  return failed(
    'CONFIG_INVALID',
    `${shownFile(path, cwd)} belongs to another user (uid ${owner}), so appdev does not use it`,
    { hint: `it changes what appdev.yaml says. If it is yours: chown it; if not: remove it` },
  );
}

/** The owner of a file, or of what it links to, who is none of these. Undefined also if there is no such file. */
async function foreignOwner(path: string, trusted: readonly UserId[]): Promise<number | undefined> {
  if (trusted[0] === undefined) return undefined;
  const stats = await Promise.all([lstat, stat].map(async (ask) => await ask(path).catch(() => undefined)));
  return stats.map((found) => found?.uid).find((uid) => uid !== undefined && !trusted.includes(uid));
}
