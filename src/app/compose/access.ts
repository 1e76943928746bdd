/** The session's way into registries, from the command line, the environment and appdev.yaml. */
import { resolve } from 'node:path';
import type { Outcome } from '../../core/outcome.ts';
import { openRegistryAccess, type RegistryAccess } from '../../registry/login/access.ts';
import type { Registry } from '../../registry/types.ts';
import type { RunProcess } from '../../support/process/process.ts';
import type { Session } from '../session.ts';

/**
 * Opens it; contacts nothing. Fails with REGISTRY_UNREACHABLE for a certificate authority that is not usable.
 *
 * @param registry where the session's images go, as far as that is known: the environment's login is for its host alone.
 * @param run starts credential helpers.
 */
export function openAccess(
  { invocation }: Pick<Session, 'invocation'>,
  registry: Pick<Registry, 'push' | 'ca'> | undefined,
  run: RunProcess,
): Outcome<RegistryAccess> {
  const { env, cwd, strings } = invocation;
  const authFile = strings['authfile'];
  const ca = authorityFile({ invocation }, registry);
  return openRegistryAccess({
    run,
    env,
    ...(authFile === undefined ? {} : { authFile: resolve(cwd, authFile) }),
    ...(registry === undefined ? {} : { push: registry.push }),
    ...(ca === undefined ? {} : { ca }),
  });
}

/** Absolute path of the certificate authority to trust for a registry; undefined where none is named. */
export function authorityFile(
  { invocation: { env, cwd } }: Pick<Session, 'invocation'>,
  registry: Pick<Registry, 'ca'> | undefined,
): string | undefined {
  const file = registry?.ca ?? env['APPDEV_REGISTRY_CA'] ?? '';
  return file === '' ? undefined : resolve(cwd, file);
}
