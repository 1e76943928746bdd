/** `appdev verify`: checks that what runs is what was built. */
import { requireArtifacts } from './artifacts.ts';
import { openTarget } from './cluster.ts';
import type { Invocation } from './command.ts';
import { askedImages, resolveImages } from './images.ts';
import { withSession } from './session.ts';
import { verifyServices } from './verification.ts';

/** Runs the command. */
export async function verify(invocation: Invocation): Promise<number> {
  return await withSession(invocation, { panel: false, withNeeds: false }, async (session) => {
    const asked = askedImages(session);
    if (asked.kind !== 'ok') return asked;
    const artifacts = await requireArtifacts(session, new Set(asked.value.map(({ service }) => service)));
    if (artifacts.kind !== 'ok') return artifacts;
    const target = await openTarget(session, 'verify');
    if (target.kind !== 'ok') return target;
    const given = await resolveImages(session, asked.value);
    if (given.kind !== 'ok') return given;
    return await verifyServices(session, target.value, new Map([...artifacts.value, ...given.value]));
  });
}
