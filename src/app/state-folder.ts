/** Creates the folder `.appdev` beside appdev.yaml, for logs, records and artifacts.json. Git ignores it. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The path of the folder below `root`. It is created if missing. Undefined if the project is read-only. */
export function stateFolderOf(root: string): string | undefined {
  const folder = join(root, '.appdev');
  try {
    mkdirSync(folder, { recursive: true });
    const ignore = join(folder, '.gitignore');
    if (!existsSync(ignore)) writeFileSync(ignore, '*\n');
    return folder;
  } catch {
    return undefined;
  }
}
