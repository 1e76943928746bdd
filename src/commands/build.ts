/** `appdev build`: builds and pushes what is not there already, and writes artifacts.json. */
import { buildServices } from '../loop/once/once.ts';
import { ok, type Outcome } from '../core/outcome.ts';
import { dropArtifacts, mayWriteArtifacts, writeArtifacts } from '../app/handover/artifacts.ts';
import { createBuildLog } from '../app/handover/build-log.ts';
import { openTarget } from '../app/compose/cluster.ts';
import type { Invocation } from '../app/invocation.ts';
import { firstFailure, onceOptions } from '../app/compose/once.ts';
import { withSession } from '../app/session.ts';
import { openWork } from '../app/compose/work.ts';

/** Runs the command. */
export async function build(invocation: Invocation): Promise<Outcome<number>> {
  return await withSession(invocation, { panel: false, withNeeds: false }, async (session) => {
    const mayWrite = await mayWriteArtifacts(session);
    if (mayWrite.kind !== 'ok') return mayWrite;
    const target = await openTarget(session, 'build');
    if (target.kind !== 'ok') return target;
    const work = await openWork(session, target.value);
    if (work.kind !== 'ok') return work;
    const dropped = await dropArtifacts(
      session,
      session.services.map(({ name }) => name),
    );
    if (dropped.kind !== 'ok') return dropped;
    const log = createBuildLog(session, work.value);
    const built = await buildServices({ ...onceOptions(session, work.value), finished: log.finished });
    const written = await writeArtifacts(session, await log.artifacts());
    await work.value.prune(session.signals.shutdown);
    const outcome = firstFailure(built.values());
    if (outcome.kind !== 'ok') return outcome;
    return written.kind === 'ok' ? ok(undefined) : written;
  });
}
