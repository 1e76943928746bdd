/** `appdev run`: builds, pushes, deploys and verifies once. */
import type { Artifact } from '../core/events.ts';
import { runServices } from '../loop/once/once.ts';
import type { Outcome } from '../core/outcome.ts';
import {
  dropArtifacts,
  mayWriteArtifacts,
  readArtifacts,
  writeArtifacts,
} from '../app/handover/artifacts.ts';
import { createBuildLog } from '../app/handover/build-log.ts';
import { openTarget, type OpenTarget } from '../app/compose/cluster.ts';
import type { Invocation } from '../app/invocation.ts';
import { firstFailure, onceOptions } from '../app/compose/once.ts';
import { askedImages, resolveImages, type AskedImage } from '../app/handover/given-images.ts';
import { ensureNamespaces } from '../app/deployed/namespaces.ts';
import { removeAtEnd } from '../app/deployed/remove.ts';
import { withSession, type Session } from '../app/session.ts';
import { verifyRunning } from '../app/deployed/verification.ts';
import { createWriteLocks, type WriteLocks } from '../app/deployed/write-locks.ts';
import { openWork } from '../app/compose/work.ts';

/** Runs the command. */
export async function run(invocation: Invocation): Promise<Outcome<number>> {
  return await withSession(invocation, { panel: false, withNeeds: true }, async (session) => {
    const asked = askedImages(session);
    if (asked.kind !== 'ok') return asked;
    const mayWrite = await mayWriteArtifacts(session);
    if (mayWrite.kind !== 'ok') return mayWrite;
    const target = await openTarget(session, 'run');
    if (target.kind !== 'ok') return target;
    const locks = createWriteLocks(session, target.value);
    const free = await locks.look(session.services);
    if (free.kind !== 'ok') return free;
    const outcome = await runOnce(session, target.value, locks, asked.value);
    if (invocation.flags.cleanup !== true) return outcome;
    // Not the session's own signal: after Ctrl-C, what was deployed has to go all the same. A second one kills.
    const { signal } = new AbortController();
    const removed = await locks.holding(
      session.services,
      signal,
      async () => await removeAtEnd(session, target.value, session.services, signal),
    );
    return outcome.kind === 'ok' ? removed : outcome;
  });
}

async function runOnce(
  session: Session,
  target: OpenTarget,
  locks: WriteLocks,
  asked: readonly AskedImage[],
): Promise<Outcome<void>> {
  const work = await openWork(session, target);
  if (work.kind !== 'ok') return work;
  const given = await resolveImages(session, asked, work.value);
  if (given.kind !== 'ok') return given;
  const ensured = await ensureNamespaces(session, target, session.services);
  if (ensured.kind !== 'ok') return ensured;
  const dropped = await dropArtifacts(
    session,
    session.services.map(({ name }) => name),
  );
  if (dropped.kind !== 'ok') return dropped;
  const log = createBuildLog(session, work.value);
  const elsewhere = new Map([...(await builtBefore(session)), ...given.value]);
  const { parts } = work.value;
  const guarded = { ...work.value, parts: { ...parts, way: locks.guarding(parts.way) } };
  const options = { ...onceOptions(session, guarded), given: elsewhere, finished: log.finished };
  const outcomes = await runServices(options);
  const artifacts = new Map(elsewhere);
  for (const [service, outcome] of outcomes) {
    if (outcome.kind === 'ok' && outcome.value !== undefined) artifacts.set(service, outcome.value);
  }
  const written = await writeArtifacts(session, await log.artifacts());
  await work.value.prune(session.signals.shutdown);
  const ran = firstFailure(outcomes.values());
  if (ran.kind !== 'ok') return ran;
  if (written.kind !== 'ok') return written;
  return await verifyRunning(session, target, artifacts);
}

/** What artifacts.json has of services that take no part: manifests may name their images. Without a file, nothing. */
async function builtBefore(session: Session): Promise<ReadonlyMap<string, Artifact>> {
  const found = await readArtifacts(session, false);
  if (found.kind !== 'ok') return new Map();
  const taking = new Set(session.services.map(({ name }) => name));
  return new Map([...found.value].filter(([name]) => !taking.has(name)));
}
