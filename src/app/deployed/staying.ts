/** Parts what goes at the end of `dev` from what was there to stay, and tells of the latter. */
import type { ServiceConfig } from '../../config/model.ts';
import { ok, type Outcome } from '../../core/outcome.ts';
import type { OpenTarget } from '../compose/cluster.ts';
import type { Session } from '../session.ts';

/** The services that go: all but those that `run`, `deploy` or `dev --cleanup=false` put there. */
export async function leavingAtEnd(
  { emit }: Pick<Session, 'emit'>,
  { deployer }: { readonly deployer: Pick<OpenTarget['deployer'], 'lifetime'> },
  services: readonly ServiceConfig[],
  signal: AbortSignal,
): Promise<Outcome<readonly ServiceConfig[]>> {
  const leaving: ServiceConfig[] = [];
  const staying = new Set<string>();
  for (const service of services) {
    const lifetime = await deployer.lifetime(service, signal);
    if (lifetime.kind !== 'ok') return lifetime;
    if (lifetime.value === 'kept') staying.add(service.name);
    else leaving.push(service);
  }
  if (staying.size > 0) {
    const names = [...staying];
    emit({
      type: 'notice',
      level: 'info',
      message: `left running: ${names.join(', ')}; \`run\` or \`deploy\` put ${names.length === 1 ? 'it' : 'them'} there`,
      hint: `to remove ${names.length === 1 ? 'it' : 'them'}: appdev delete ${names.join(' ')}`,
    });
  }
  return ok(leaving);
}
