/** `appdev delete`: removes what appdev deployed. */
import type { Outcome } from '../core/outcome.ts';
import type { Invocation } from '../app/invocation.ts';
import { openTarget } from '../app/compose/cluster.ts';
import { removeServices } from '../app/deployed/remove.ts';
import { createWriteLocks } from '../app/deployed/write-locks.ts';
import { withSession } from '../app/session.ts';

/** Runs `appdev delete` for the named services, or for all. Returns the exit code. */
export async function deleteCommand(invocation: Invocation): Promise<Outcome<number>> {
  return await withSession(invocation, { panel: false, withNeeds: false }, async (session) => {
    const target = await openTarget(session, 'delete');
    if (target.kind !== 'ok') return target;
    const { services, signals } = session;
    const locks = createWriteLocks(session, target.value);
    const free = await locks.look(services);
    if (free.kind !== 'ok') return free;
    return await locks.holding(
      services,
      signals.shutdown,
      async () => await removeServices(session, target.value, services, signals.shutdown),
    );
  });
}
