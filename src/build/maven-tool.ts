/** Which Maven builds a project: its own wrapper first, then the one on PATH. Downloads nothing by itself. */
import { readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { failed, ok, type Outcome } from '../outcome.ts';
import { findTool } from '../support/tool.ts';

/** A Maven to run. */
export interface MavenTool {
  readonly tool: string;
  /** Arguments that come before Maven's own. */
  readonly args: readonly string[];
  /** Text that differs between Mavens: where it lies, or what its wrapper downloads. */
  readonly identity: string;
}

/** Looks for `mvnw` from the module's folder up to the reactor's top, then for `mvn`. Fails with TOOL_MISSING. */
export function findMaven(module: string, top: string): Outcome<MavenTool> {
  const name = process.platform === 'win32' ? 'mvnw.cmd' : 'mvnw';
  for (let folder = module; ; folder = dirname(folder)) {
    const wrapper = join(folder, name);
    const stat = statSync(wrapper, { throwIfNoEntry: false });
    if (stat?.isFile() === true) {
      const identity = `${wrapper}\n${read(join(folder, '.mvn', 'wrapper', 'maven-wrapper.properties'))}`;
      // Checkouts on other systems, and zip files, lose the executable bit.
      const isExecutable = findTool(wrapper) !== undefined;
      return ok(
        isExecutable ? { tool: wrapper, args: [], identity } : { tool: 'sh', args: [wrapper], identity },
      );
    }
    if (folder === top || folder === dirname(folder)) break;
  }
  const found = findTool('mvn');
  if (found !== undefined) return ok({ tool: found, args: [], identity: realpathSync(found) });
  return failed('TOOL_MISSING', `there is neither a Maven wrapper (mvnw) in ${top} nor mvn on PATH`, {
    hint: 'install Maven 3.6.3 or newer, or add the wrapper to the project: mvn wrapper:wrapper',
  });
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
