/**
 * Creates the folder `.appdev` beside appdev.yaml, for logs, records and artifacts.json. Git ignores it. A clone may
 * bring one. So no link in it is followed: it could make appdev write anywhere, such as tool output into ~/.bashrc.
 */
import { lstatSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { failed, ok, type Outcome } from '../core/outcome.ts';

/**
 * The path of the folder below `root`. It is created if missing. Undefined if the project is read-only. Fails with
 * CONFIG_INVALID if the folder, or anything in it, is a link.
 */
export function stateFolderOf(root: string): Outcome<string | undefined> {
  const folder = join(root, '.appdev');
  try {
    mkdirSync(folder, { recursive: true });
  } catch {
    // A link that leads nowhere cannot be made a folder either, so the question below comes first.
    return linkIn(folder) ?? ok(undefined);
  }
  const link = linkIn(folder);
  if (link !== undefined) return link;
  try {
    // `wx` neither replaces a file nor follows a link.
    writeFileSync(join(folder, '.gitignore'), '*\n', { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') return ok(undefined);
  }
  return ok(folder);
}

/** The failure about a link; undefined if there is none. */
function linkIn(folder: string): Outcome<never> | undefined {
  const link = findLink(folder);
  if (link === undefined) return undefined;
  return failed('CONFIG_INVALID', `${link} is a link, and appdev writes its own files there`, {
    hint: `what appdev writes would land elsewhere. Remove the link: rm ${link}`,
  });
}

function findLink(folder: string): string | undefined {
  const stat = lstatSync(folder, { throwIfNoEntry: false });
  if (stat?.isSymbolicLink() === true) return folder;
  if (stat?.isDirectory() !== true) return undefined;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    const link = entry.isSymbolicLink() ? path : entry.isDirectory() ? findLink(path) : undefined;
    if (link !== undefined) return link;
  }
  return undefined;
}
