/** Finds a program on the search path, as execvp(3) would, so that "there is no such program" is known before it starts. */
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, join, resolve } from 'node:path';

/**
 * The absolute path of an executable file; undefined when there is none.
 *
 * @param tool a name to look up, or a path (anything with a separator) relative to `cwd`.
 * @param searchPath folders, as in PATH.
 */
export function findTool(
  tool: string,
  cwd: string = process.cwd(),
  searchPath: string = process.env['PATH'] ?? '',
): string | undefined {
  if (tool.includes('/') || isAbsolute(tool)) return executable(resolve(cwd, tool));
  const endings = process.platform === 'win32' ? ['.exe', '.cmd', '.bat', ''] : [''];
  for (const folder of searchPath.split(delimiter)) {
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
