/**
 * How Buildah signs in to the session's registry: the login is in a file named by its environment, a private
 * certificate authority in a folder. Only paths, so no secret is on its command line.
 */
import { ok, type Outcome } from '../../../core/outcome.ts';
import type { RegistryAccess } from '../../../registry/login/access.ts';

/** Flags and environment variables for `buildah push`, `pull` or `bud`. */
export interface BuildahAccess {
  readonly flags: readonly string[];
  /**
   * Fails as `FindCredentials` does.
   *
   * @param fresh look the login up again.
   * @param others hosts of the other registries that Buildah pulls from; the user's logins for them are passed on.
   */
  env(
    fresh: boolean,
    signal: AbortSignal,
    others?: readonly string[],
  ): Promise<Outcome<Readonly<Record<string, string>>>>;
}

/** Access for what needs no login and no authority of ours. */
export const anonymousAccess: BuildahAccess = {
  flags: [],
  env: () => Promise.resolve(ok({})),
};

/**
 * The access to one registry.
 *
 * @param name the registry's push name, which the login is for.
 */
export function createBuildahAccess(
  name: string,
  { authFiles, certDir }: Pick<RegistryAccess, 'authFiles' | 'certDir'>,
): BuildahAccess {
  return {
    flags: certDir === undefined ? [] : ['--cert-dir', certDir],
    async env(fresh, signal, others) {
      const file = await authFiles.forRepository(name, fresh, signal, others);
      if (file.kind !== 'ok') return file;
      return ok(file.value === undefined ? {} : { REGISTRY_AUTH_FILE: file.value });
    },
  };
}
