/** How build arguments reach Buildah without showing in the list of processes. Pure. */
import { steersBuilder } from '../../../config/schema/build-arg-names.ts';

/** Flags, and the environment that they take their values from. */
export interface PassedBuildArgs {
  readonly flags: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/**
 * `--build-arg NAME` takes the value from Buildah's environment (buildah-build(1)), which other users cannot read. A name
 * that would change Buildah itself there (`HTTP_PROXY`, `PATH`) is given with its value; that no secret is among those,
 * the configuration has made sure.
 */
export function passBuildArgs(buildArgs: Readonly<Record<string, string>>): PassedBuildArgs {
  const entries = Object.entries(buildArgs);
  return {
    flags: entries.flatMap(([name, value]) => [
      '--build-arg',
      steersBuilder(name) ? `${name}=${value}` : name,
    ]),
    env: Object.fromEntries(entries.filter(([name]) => !steersBuilder(name))),
  };
}
