/** `appdev deploy`: deploys the images of artifacts.json, or given manifests, and waits for the rollout. */
import type { Outcome } from '../core/outcome.ts';
import { deployServices } from '../loop/once/once.ts';
import { openTarget } from '../app/compose/cluster.ts';
import type { Invocation } from '../app/invocation.ts';
import { previewDeploy } from './diff.ts';
import { firstFailure, onceOptions } from '../app/compose/once.ts';
import { ensureNamespaces } from '../app/deployed/namespaces.ts';
import { createWriteLocks } from '../app/deployed/write-locks.ts';
import { readDeployInput } from '../app/handover/deploy-input.ts';
import { withSession } from '../app/session.ts';
import { openWork } from '../app/compose/work.ts';

/** Runs the command. */
export async function deploy(invocation: Invocation): Promise<Outcome<number>> {
  if (invocation.flags.dryRun === true) return await previewDeploy(invocation, 'deploy');
  return await withSession(invocation, { panel: false, withNeeds: false }, async (whole) => {
    const input = await readDeployInput(whole);
    if (input.kind !== 'ok') return input;
    const { session } = input.value;
    const target = await openTarget(session, 'deploy');
    if (target.kind !== 'ok') return target;
    const work = await openWork(session, target.value);
    if (work.kind !== 'ok') return work;
    const placed = await input.value.place(target.value, work.value);
    if (placed.kind !== 'ok') return placed;
    const locks = createWriteLocks(session, target.value);
    const free = await locks.look(session.services);
    if (free.kind !== 'ok') return free;
    // Nothing is written before all that was asked for is known to fit.
    const ensured = await ensureNamespaces(session, target.value, session.services);
    if (ensured.kind !== 'ok') return ensured;
    const { renderer } = placed.value.target.deployer;
    const { parts } = work.value;
    const way = locks.guarding(parts.way);
    const options = onceOptions(session, { ...work.value, parts: { ...parts, renderer, way } });
    return firstFailure((await deployServices({ ...options, given: placed.value.artifacts })).values());
  });
}
