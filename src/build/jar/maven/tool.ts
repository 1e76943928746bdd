/** Which Maven builds a project: its own wrapper, or else the one on PATH. */
import { failed, ok, type Outcome } from '../../../core/outcome.ts';
import { findWrapperOrTool, type FoundTool } from '../wrapper.ts';

/** A Maven to run. */
export type MavenTool = FoundTool;

/** Looks for `mvnw` from the module's folder up to the reactor's top, then for `mvn`. Fails with TOOL_MISSING. */
export function findMaven(module: string, top: string): Outcome<MavenTool> {
  const properties = ['.mvn', 'wrapper', 'maven-wrapper.properties'];
  const names = { program: 'mvn', wrapper: 'mvnw', windows: 'mvnw.cmd', properties };
  const found = findWrapperOrTool(names, module, top);
  if (found !== undefined) return ok(found);
  return failed('TOOL_MISSING', `there is neither a Maven wrapper (mvnw) in ${top} nor mvn on PATH`, {
    hint: 'install Maven 3.6.3 or newer, or add the wrapper to the project: mvn wrapper:wrapper',
  });
}
