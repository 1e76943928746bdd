/** `appdev delete`: removes what appdev deployed. */
import type { Outcome } from '../core/outcome.ts';
import type { Invocation } from '../app/invocation.ts';
import { openTarget } from '../app/compose/cluster.ts';
import { tellOfSessions } from '../app/deployed/namespaces.ts';
import { removeServices } from '../app/deployed/remove.ts';
import { withSession } from '../app/session.ts';

/** Runs `appdev delete` for the named services, or for all. Returns the exit code. */
export async function deleteCommand(invocation: Invocation): Promise<Outcome<number>> {
  return await withSession(invocation, { panel: false, withNeeds: false }, async (session) => {
    const target = await openTarget(session, 'delete');
    if (target.kind !== 'ok') return target;
    await tellOfSessions(session, target.value, session.services);
    return await removeServices(session, target.value, session.services, session.signals.shutdown);
  });
}
