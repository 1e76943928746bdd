/**
 * How Buildah gets into the session's registry: the login in a file that its environment names, a private authority by a
 * folder. Paths only; no secret is on its command line.
 */
import { ok, type Outcome } from '../../../core/outcome.ts';
import type { RegistryAccess } from '../../../registry/login/access.ts';

/** Flags and environment of a `buildah push`, `pull` or `bud`. */
export interface BuildahAccess {
  readonly flags: readonly string[];
  /** @param fresh look the login up again. Fails as `FindCredentials` does. */
  env(fresh: boolean, signal: AbortSignal): Promise<Outcome<Readonly<Record<string, string>>>>;
}

/** For what needs no login and no authority of ours. */
export const openAccess: BuildahAccess = {
  flags: [],
  env: () => Promise.resolve(ok({})),
};

/**
 * Makes it for one registry.
 *
 * @param name the registry's push name, for which the login is.
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
