/** `appdev verify`: checks that what runs is what was built. */
import type { Outcome } from '../core/outcome.ts';
import { openTarget } from '../app/compose/cluster.ts';
import type { Invocation } from '../app/invocation.ts';
import { readDeployInput } from '../app/handover/deploy-input.ts';
import { withSession } from '../app/session.ts';
import { verifyRunning } from '../app/deployed/verification.ts';

/** Runs `appdev verify`. Returns the exit code, which is 8 if something else runs or a service is not ready. */
export async function verify(invocation: Invocation): Promise<Outcome<number>> {
  return await withSession(invocation, { panel: false, withNeeds: false }, async (whole) => {
    const input = await readDeployInput(whole);
    if (input.kind !== 'ok') return input;
    const { session } = input.value;
    const target = await openTarget(session, 'verify');
    if (target.kind !== 'ok') return target;
    // A rollout waits for an API server that is away. Here it must be there from the start.
    const reached = await target.value.cluster.version(session.signals.shutdown);
    if (reached.kind !== 'ok') return reached;
    const placed = await input.value.place(target.value);
    if (placed.kind !== 'ok') return placed;
    return await verifyRunning(session, placed.value.target, placed.value.artifacts);
  });
}
