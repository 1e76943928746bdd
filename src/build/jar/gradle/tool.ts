/** Which Gradle builds a project: its own wrapper, or else the one on PATH. */
import { failed, ok, type Outcome } from '../../../core/outcome.ts';
import { findWrapperOrTool, type FoundTool } from '../wrapper.ts';

/** A Gradle to run. */
export type GradleTool = FoundTool;

/** Looks for `gradlew` from the service's folder up to the build's root, then for `gradle`. Fails with TOOL_MISSING. */
export function findGradle(folder: string, root: string): Outcome<GradleTool> {
  const properties = ['gradle', 'wrapper', 'gradle-wrapper.properties'];
  const names = { program: 'gradle', wrapper: 'gradlew', windows: 'gradlew.bat', properties };
  const found = findWrapperOrTool(names, folder, root);
  if (found !== undefined) return ok(found);
  return failed('TOOL_MISSING', `there is neither a Gradle wrapper (gradlew) in ${root} nor gradle on PATH`, {
    hint: 'add the wrapper to the project (run gradle wrapper on a machine that has Gradle), or install Gradle 4.4 or newer',
  });
}
