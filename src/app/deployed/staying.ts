/** At the end of `dev`, separates the services to remove from those that stay, and reports the second kind. */
import type { ServiceConfig } from '../../config/model.ts';
import { ok, type Outcome } from '../../core/outcome.ts';
import type { Way } from '../../deploy/types.ts';
import type { Session } from '../session.ts';

/** The services to remove: all except those that `run`, `deploy` or `dev --cleanup=false` deployed. */
export async function leavingAtEnd(
  { emit }: Pick<Session, 'emit'>,
  { deployer }: { readonly deployer: { readonly way: Pick<Way, 'lifetime'> } },
  services: readonly ServiceConfig[],
  signal: AbortSignal,
): Promise<Outcome<readonly ServiceConfig[]>> {
  const leaving: ServiceConfig[] = [];
  const staying = new Set<string>();
  for (const service of services) {
    const lifetime = await deployer.way.lifetime(service, signal);
    if (lifetime.kind !== 'ok') return lifetime;
    if (lifetime.value === 'kept') staying.add(service.name);
    else leaving.push(service);
  }
  if (staying.size > 0) {
    const names = [...staying];
    emit({
      type: 'notice',
      level: 'info',
      message: `still running: ${names.join(', ')}, because \`run\` or \`deploy\` deployed ${names.length === 1 ? 'it' : 'them'}`,
      hint: `to remove ${names.length === 1 ? 'it' : 'them'}: appdev delete ${names.join(' ')}`,
    });
  }
  return ok(leaving);
}
