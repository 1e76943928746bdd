/** At the end of `dev`, separates the services to remove from those that stay, and reports the second kind. */
import type { ServiceConfig } from '../../config/model.ts';
import { ok, type Outcome } from '../../core/outcome.ts';
import type { Way } from '../../deploy/types.ts';
import type { Session } from '../session.ts';

/**
 * The services to remove: all except those that `run`, `deploy` or `dev --cleanup=false` deployed, and those that a
 * session of another user left.
 */
export async function leavingAtEnd(
  { emit }: Pick<Session, 'emit'>,
  { deployer }: { readonly deployer: { readonly way: Pick<Way, 'lifetime'> } },
  services: readonly ServiceConfig[],
  signal: AbortSignal,
): Promise<Outcome<readonly ServiceConfig[]>> {
  const leaving: ServiceConfig[] = [];
  const staying = { kept: new Set<string>(), another: new Set<string>() };
  for (const service of services) {
    const lifetime = await deployer.way.lifetime(service, signal);
    if (lifetime.kind !== 'ok') return lifetime;
    if (lifetime.value === undefined || lifetime.value === 'session') leaving.push(service);
    else staying[lifetime.value].add(service.name);
  }
  for (const [why, names] of [
    ['`run` or `deploy` deployed', [...staying.kept]],
    ['a `dev` session of another user deployed', [...staying.another]],
  ] as const) {
    if (names.length === 0) continue;
    const it = names.length === 1 ? 'it' : 'them';
    emit({
      type: 'notice',
      level: 'info',
      message: `still running: ${names.join(', ')}, because ${why} ${it}`,
      hint: `to remove ${it}: appdev delete ${names.join(' ')}`,
    });
  }
  return ok(leaving);
}
