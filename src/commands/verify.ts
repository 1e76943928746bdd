/** `appdev verify`: checks that what runs is what was built. */
import { readArtifacts } from './artifacts.ts';
import { openTarget } from './cluster.ts';
import type { Invocation } from './command.ts';
import { withSession } from './session.ts';
import { verifyServices } from './verification.ts';

/** Runs the command. */
export async function verify(invocation: Invocation): Promise<number> {
  return await withSession(invocation, { panel: false, withNeeds: false }, async (session) => {
    const artifacts = await readArtifacts(session, true);
    if (artifacts.kind !== 'ok') return artifacts;
    const target = await openTarget(session, 'verify');
    if (target.kind !== 'ok') return target;
    return await verifyServices(session, target.value, artifacts.value);
  });
}
