/** Passes build arguments to Buildah without showing them in the list of processes. Pure. */
import { steersBuilder } from '../../../config/schema/build-arg-names.ts';

/** The flags, and the environment variables that hold their values. */
export interface PassedBuildArgs {
  readonly flags: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/**
 * With `--build-arg NAME`, Buildah takes the value from its environment (buildah-build(1)), which other users cannot
 * read. A name that would change Buildah itself there (`HTTP_PROXY`, `PATH`) is passed with its value instead. The
 * check of the configuration makes sure that none of those is secret.
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
