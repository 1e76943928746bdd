/** `appdev deploy`: deploys the images of artifacts.json and waits for the rollout. */
import { deployServices } from '../loop/once.ts';
import { requireArtifacts } from './artifacts.ts';
import { openTarget } from './cluster.ts';
import type { Invocation } from './command.ts';
import { firstFailure } from './first-failure.ts';
import { askedImages, resolveImages } from './images.ts';
import { ensureNamespaces } from './namespaces.ts';
import { onceOptions } from './once.ts';
import { withSession } from './session.ts';
import { openWork, registryOf } from './work.ts';

/** Runs the command. */
export async function deploy(invocation: Invocation): Promise<number> {
  return await withSession(invocation, { panel: false, withNeeds: false }, async (session) => {
    const asked = askedImages(session);
    if (asked.kind !== 'ok') return asked;
    const artifacts = await requireArtifacts(session, new Set(asked.value.map(({ service }) => service)));
    if (artifacts.kind !== 'ok') return artifacts;
    const target = await openTarget(session, 'deploy');
    if (target.kind !== 'ok') return target;
    const ensured = await ensureNamespaces(session, target.value);
    if (ensured.kind !== 'ok') return ensured;
    const work = await openWork(session, target.value);
    if (work.kind !== 'ok') return work;
    const given = await resolveImages(session, asked.value, registryOf(work.value));
    if (given.kind !== 'ok') return given;
    const images = new Map([...artifacts.value, ...given.value]);
    return firstFailure((await deployServices(onceOptions(session, work.value), images)).values());
  });
}
