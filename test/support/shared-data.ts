/** Finds the public definitions and recordings that some tests read and that do not belong to the project. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Path of such a file: beside the project, or where APPDEV_SHARED_DATA says; undefined if there is none. */
export function sharedData(name: string): string | undefined {
  const folder = process.env['APPDEV_SHARED_DATA'] ?? join(root, '..', 'shared', 'data');
  const file = join(folder, name);
  return existsSync(file) ? file : undefined;
}
