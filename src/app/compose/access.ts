/**
 * Collects the registry credentials and certificates of a session: from the command line, environment and appdev.yaml.
 */
import { resolve } from 'node:path';
import type { Outcome } from '../../core/outcome.ts';
import { openRegistryAccess, type RegistryAccess } from '../../registry/login/access.ts';
import type { Registry } from '../../registry/types.ts';
import type { RunProcess } from '../../support/process/process.ts';
import type { Session } from '../session.ts';

/**
 * Opens the session's access to registries. It contacts nothing.
 *
 * @param registry the registry that the session pushes to, if known; the login in the environment is only for its host
 * @param run starts credential helpers
 * @returns fails with REGISTRY_UNREACHABLE if the certificate authority cannot be used
 */
export function openAccess(
  { invocation }: Pick<Session, 'invocation'>,
  registry: Pick<Registry, 'push' | 'ca'> | undefined,
  run: RunProcess,
): Outcome<RegistryAccess> {
  const { environment, cwd, flags } = invocation;
  const authFile = flags.authfile;
  const ca = authorityFile({ invocation }, registry);
  return openRegistryAccess({
    run,
    environment: environment.registry,
    ...(authFile === undefined ? {} : { authFile: resolve(cwd, authFile) }),
    ...(registry === undefined ? {} : { push: registry.push }),
    ...(ca === undefined ? {} : { ca }),
  });
}

/** Absolute path of the certificate authority to trust for a registry; undefined if none is configured. */
export function authorityFile(
  { invocation: { environment, cwd } }: Pick<Session, 'invocation'>,
  registry: Pick<Registry, 'ca'> | undefined,
): string | undefined {
  const file = registry?.ca ?? environment.registry.authority;
  return file === '' ? undefined : resolve(cwd, file);
}
