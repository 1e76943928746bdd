/** Finds a build tool: the project's own wrapper, or else the one on PATH. Downloads nothing itself. */
import { readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findTool } from '../../support/process/tool.ts';

/** A build tool to run. */
export interface FoundTool {
  readonly tool: string;
  /** Arguments before the tool's own. */
  readonly args: readonly string[];
  /** Text that differs between versions: the tool's path, or what its wrapper downloads. */
  readonly identity: string;
}

/** The names of a tool and its wrapper. */
export interface ToolNames {
  /** Program on PATH, e.g. `mvn`. */
  readonly program: string;
  /** Wrapper beside the build file, e.g. `mvnw`. On Windows, `windows` counts. */
  readonly wrapper: string;
  readonly windows: string;
  /** Path from the wrapper's folder to the file that says which version it downloads. */
  readonly properties: readonly string[];
}

/** Looks for the wrapper from the module's folder up to the build's top, then for the program. */
export function findWrapperOrTool(names: ToolNames, module: string, top: string): FoundTool | undefined {
  const name = process.platform === 'win32' ? names.windows : names.wrapper;
  for (let folder = module; ; folder = dirname(folder)) {
    const wrapper = join(folder, name);
    const stat = statSync(wrapper, { throwIfNoEntry: false });
    if (stat?.isFile() === true) {
      const identity = `${wrapper}\n${read(join(folder, ...names.properties))}`;
      // Checkouts on other systems, and zip files, lose the executable bit.
      const isExecutable = findTool(wrapper) !== undefined;
      return isExecutable ? { tool: wrapper, args: [], identity } : { tool: 'sh', args: [wrapper], identity };
    }
    if (folder === top || folder === dirname(folder)) break;
  }
  const found = findTool(names.program);
  return found === undefined ? undefined : { tool: found, args: [], identity: realpathSync(found) };
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
