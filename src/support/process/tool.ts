/** Finds a program on the search path like execvp(3), so that a missing program is known before it is started. */
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import { searchPath } from '../system.ts';

/**
 * The absolute path of an executable file; undefined if it does not exist.
 *
 * @param tool a name to look up, or a path (a text with a separator) relative to `cwd`
 * @param path the folders to search, as in PATH; default: those of this process
 */
export function findTool(
  tool: string,
  cwd: string = process.cwd(),
  path: string = searchPath(),
): string | undefined {
  if (tool.includes('/') || isAbsolute(tool)) return executable(resolve(cwd, tool));
  const endings = process.platform === 'win32' ? ['.exe', '.cmd', '.bat', ''] : [''];
  for (const folder of path.split(delimiter)) {
    for (const ending of endings) {
      // An empty entry of PATH means the working directory.
      const found = executable(join(resolve(cwd, folder), tool + ending));
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

function executable(path: string): string | undefined {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile() ? path : undefined;
  } catch {
    return undefined;
  }
}
