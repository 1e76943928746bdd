/**
 * Collects the registry credentials and certificates of a session: from the command line, environment and appdev.yaml.
 */
import { resolve } from 'node:path';
import type { Outcome } from '../../core/outcome.ts';
import { openRegistryAccess, type RegistryAccess } from '../../registry/login/access.ts';
import { splitRegistryName } from '../../registry/reference.ts';
import type { Registry } from '../../registry/types.ts';
import type { RunProcess } from '../../support/process/process.ts';
import type { Session } from '../session.ts';

/** What matters of a registry here. */
type Names = Pick<Registry, 'push' | 'insecure' | 'ca'> &
  Partial<Pick<Registry, 'pull' | 'inCluster' | 'copy'>>;

/**
 * Opens the session's access to registries. It contacts nothing.
 *
 * @param registry the registry that the session pushes to, if known
 * @param run starts credential helpers
 * @param plain further hosts that may be asked by plain HTTP
 * @returns fails with REGISTRY_UNREACHABLE if the certificate authority cannot be used
 */
export function openAccess(
  { invocation }: Pick<Session, 'invocation'>,
  registry: Names | undefined,
  run: RunProcess,
  plain: readonly string[] = [],
): Outcome<RegistryAccess> {
  const { environment, cwd, flags } = invocation;
  const authFile = flags.authfile;
  const ca = authorityFile({ invocation }, registry);
  return openRegistryAccess({
    run,
    environment: environment.registry,
    ...(authFile === undefined ? {} : { authFile: resolve(cwd, authFile) }),
    ...(registry === undefined ? {} : { push: registry.push }),
    plainHosts: [...plainNames(registry), ...plain].map((name) => splitRegistryName(name).host),
    ...(ca === undefined ? {} : { ca }),
  });
}

/** The names of the session's registry, and of the one that images are copied to, if they may be asked by plain HTTP. */
function plainNames(registry: Names | undefined): readonly string[] {
  if (registry === undefined) return [];
  const { push, pull = push, inCluster = push, insecure, copy } = registry;
  return [...(insecure ? [push, pull, inCluster] : []), ...(copy?.insecure === true ? [pull] : [])];
}

/** Absolute path of the certificate authority to trust for a registry; undefined if none is configured. */
export function authorityFile(
  { invocation: { environment, cwd } }: Pick<Session, 'invocation'>,
  registry: Pick<Registry, 'ca'> | undefined,
): string | undefined {
  const file = registry?.ca ?? environment.registry.authority;
  return file === '' ? undefined : resolve(cwd, file);
}
