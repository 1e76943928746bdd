/**
 * How Buildah signs in to the session's registry: the login is in a file named by its environment, a private
 * certificate authority in a folder. Only paths, so no secret is on its command line.
 */
import { ok, type Outcome } from '../../../core/outcome.ts';
import type { RegistryAccess } from '../../../registry/login/access.ts';

/** Flags and environment variables for `buildah push`, `pull` or `bud`. */
export interface BuildahAccess {
  readonly flags: readonly string[];
  /** @param fresh look the login up again. Fails as `FindCredentials` does. */
  env(fresh: boolean, signal: AbortSignal): Promise<Outcome<Readonly<Record<string, string>>>>;
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
    async env(fresh, signal) {
      const file = await authFiles.forRepository(name, fresh, signal);
      if (file.kind !== 'ok') return file;
      return ok(file.value === undefined ? {} : { REGISTRY_AUTH_FILE: file.value });
    },
  };
}
