/** The folder `.appdev` beside appdev.yaml: logs, records and artifacts.json. It ignores itself, so that git never asks. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Path of the folder for a project; makes it when it is not there. A read-only project has none: `undefined`. */
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
