/** `appdev deploy`: deploys the images of artifacts.json and waits for the rollout. */
import { deployServices } from '../loop/once.ts';
import { failed } from '../outcome.ts';
import { readArtifacts } from './artifacts.ts';
import { openTarget } from './cluster.ts';
import type { Invocation } from './command.ts';
import { firstFailure } from './first-failure.ts';
import { ensureNamespaces } from './namespaces.ts';
import { onceOptions } from './once.ts';
import { withSession } from './session.ts';
import { openWork } from './work.ts';

/** Runs the command. */
export async function deploy(invocation: Invocation): Promise<number> {
  return await withSession(invocation, { panel: false, withNeeds: false }, async (session) => {
    const needsImages = session.services.some(({ image }) => image !== undefined);
    const artifacts = await readArtifacts(session, needsImages);
    if (artifacts.kind !== 'ok') return artifacts;
    const missing = session.services.find(
      ({ name, image }) => image !== undefined && !artifacts.value.has(name),
    );
    if (missing !== undefined) {
      return failed('CONFIG_NOT_FOUND', `artifacts.json has no image of ${missing.name}`, {
        hint: `appdev build ${missing.name}`,
      });
    }
    const target = await openTarget(session, 'deploy');
    if (target.kind !== 'ok') return target;
    const ensured = await ensureNamespaces(session, target.value);
    if (ensured.kind !== 'ok') return ensured;
    const work = await openWork(session, target.value);
    if (work.kind !== 'ok') return work;
    return firstFailure((await deployServices(onceOptions(session, work.value), artifacts.value)).values());
  });
}
