/** How messages name a file. */
import { relative } from 'node:path';

/** A path as messages show it: relative to `cwd` if that is shorter. */
export function shownFile(path: string, cwd: string): string {
  const near = relative(cwd, path);
  return near !== '' && near.length < path.length ? near : path;
}
