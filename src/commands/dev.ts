/** `appdev dev`: builds and deploys, then does it again on every save until the user ends it. */
import { createScanner } from '../watch/scanner.ts';
import { createGitProbe } from '../watch/git.ts';
import type { Note } from '../watch/walk.ts';
import { createWatcher } from '../watch/watcher.ts';
import { readEventlessType } from '../watch/filesystem.ts';
import { createLoop, type Loop } from '../loop/drive/driver.ts';
import type { ServiceConfig } from '../config/model.ts';
import { ok, type Outcome } from '../core/outcome.ts';
import { onAbort } from '../support/abort.ts';
import { monotonicClock, systemClock } from '../support/clock.ts';
import { createAttachments } from '../app/dev/attachments.ts';
import { followConnection } from '../app/dev/connection.ts';
import { openTarget, type OpenTarget } from '../app/compose/cluster.ts';
import type { Invocation } from '../app/invocation.ts';
import { createFootprint } from '../app/dev/footprint.ts';
import { createNamespaceLocks, type NamespaceLocks } from '../app/deployed/namespaces.ts';
import { createPruning } from '../app/dev/pruning.ts';
import { watchRegistryReturn } from '../app/dev/registry-return.ts';
import { createReload } from '../app/dev/reload.ts';
import { removalSeconds, removeAtEnd } from '../app/deployed/remove.ts';
import { withSession, type Session } from '../app/session.ts';
import { leavingAtEnd } from '../app/deployed/staying.ts';
import { openWork, type Work } from '../app/compose/work.ts';

/** Batches that may build at once: more would only slow each other down on a developer's machine. */
const batchLimit = 2;

/** How long the last look at the locks may take, in milliseconds; a cluster that is away takes nobody's lock. */
const checkMs = 5000;

/** Why something in a source tree cannot be an input. */
const noteTexts: Readonly<Record<Note['why'], string>> = {
  special: 'it is neither a file nor a folder',
  unreadable: 'it cannot be read',
  loop: 'it leads back to a folder above it',
  deep: 'it is too many folders deep',
};

/** Runs the command. */
export async function dev(invocation: Invocation): Promise<Outcome<number>> {
  return await withSession(invocation, { panel: true, withNeeds: true, endless: true }, async (session) => {
    const target = await openTarget(session, 'dev');
    if (target.kind !== 'ok') return target;
    // Nothing is written before all that is needed to work is known to be there.
    const work = await openWork(session, target.value);
    if (work.kind !== 'ok') return work;
    const locks = createNamespaceLocks(session, target.value);
    const locked = await locks.take(session.services);
    if (locked.kind !== 'ok') return locked;
    const deployed = await runLoop(session, target.value, work.value, locks);
    return await leave(session, target.value, work.value, locks, deployed);
  });
}

/** Runs the loop to its end. Returns what it has deployed. */
async function runLoop(
  session: Session,
  target: OpenTarget,
  work: Work,
  locks: NamespaceLocks,
): Promise<readonly ServiceConfig[]> {
  const { emit, project, services } = session;
  const { cluster } = target;
  const attachments = createAttachments(target, (event) => {
    emit(event);
    if (event.type === 'pod.changed' && event.pods.missing !== undefined)
      loop.send({ kind: 'deployment-missing', service: event.service });
  });
  const footprint = createFootprint(services, cluster);
  const config = { ...project.config, services };
  const pruning = createPruning(work.prune);
  const guarded = pruning.guard(work.parts);
  // The outermost comes first: what is about to be applied is noted before anything follows it.
  const applying = footprint.noting(attachments.following(locks.restoring(guarded.way)));
  const parts = { ...guarded, way: { ...guarded.way, ...applying } };
  const reload = createReload({ session, cluster, locks, footprint });
  const scanner = createScanner({
    config,
    jarBuilder: parts.jarBuilder,
    testsRun: work.testsRun,
    now: Date.now,
    note: (service, { path, why }) =>
      emit({
        type: 'notice',
        level: 'warning',
        service,
        message: `${path} is not watched: ${noteTexts[why]}`,
      }),
    toolchain: work.toolchain,
    target: parts.target,
  });
  const registry =
    work.ping === undefined
      ? undefined
      : watchRegistryReturn(parts.target, work.ping, (message) => loop.send(message), systemClock);
  const loop: Loop = createLoop({
    config,
    work: parts,
    images: project.config.services,
    scanner,
    createWatcher: ({ onWake, pollMs }) =>
      createWatcher({
        onWake,
        pollMs,
        notice: (message, hint) => emit({ type: 'notice', level: 'warning', message, hint }),
        eventlessType: readEventlessType(),
        pollAll: session.invocation.environment.pollFiles,
      }),
    git: createGitProbe([config.root, ...services.map(({ path }) => path)], Date.now, (lock) =>
      emit({
        type: 'notice',
        level: 'warning',
        message: `${lock} is older than any git command should need; building goes on`,
        hint: `remove it when no git is running: rm ${lock}`,
      }),
    ),
    records: work.records,
    clock: monotonicClock,
    emit: (event) => {
      emit(event);
      registry?.seen(event);
      pruning.seen(event);
    },
    reload: async () => {
      const next = await reload();
      if (next.kind !== 'ok') return next;
      attachments.configured(next.value.config.services);
      return next;
    },
    testsRun: work.testsRun,
    limit: batchLimit,
  });
  steer(session, loop);
  const [namespace = cluster.identity.namespace] = locks.names();
  const stopConnection = followConnection(cluster, { project: project.config.name, namespace }, (message) =>
    loop.send(message),
  );
  try {
    attachments.attachDeployed(services);
    await loop.start();
  } finally {
    stopConnection();
    registry?.stop();
    await pruning.stop();
    await attachments.stop();
  }
  return footprint.services();
}

/** Passes keys and signals on to the loop. */
function steer({ signals, onKey }: Session, loop: Loop): void {
  onKey((key) => {
    if (key.type === 'pause') loop.send({ kind: 'key-pressed', key: 'pause' });
    else
      loop.send({
        kind: 'key-pressed',
        key: key.type,
        ...(key.service === undefined ? {} : { service: key.service }),
      });
  });
  onAbort(signals.shutdown, () => loop.send({ kind: 'shutdown-requested' }));
}

/** Removes what this session or an earlier one brought; what was there to stay is left as it is. */
async function removeOwn(
  session: Session,
  target: OpenTarget,
  deployed: readonly ServiceConfig[],
  stop: AbortSignal,
): Promise<Outcome<void>> {
  const leaving = await leavingAtEnd(session, target, deployed, stop);
  if (leaving.kind !== 'ok') return leaving;
  return leaving.value.length === 0 ? ok(undefined) : await removeAtEnd(session, target, leaving.value, stop);
}

/**
 * At the end older images go, and what was deployed goes or stays, as the user chose. Nothing goes where another session
 * has taken over: what is deployed there is its own.
 */
async function leave(
  session: Session,
  target: OpenTarget,
  work: Work,
  locks: NamespaceLocks,
  deployed: readonly ServiceConfig[],
): Promise<Outcome<void>> {
  const held = await locks.check(AbortSignal.timeout(checkMs));
  if (held.kind !== 'ok') return held;
  const pruned = work.prune(AbortSignal.timeout(removalSeconds * 1000));
  const keep = session.invocation.flags.cleanup === false;
  const removed = keep ? ok(undefined) : await removeOwn(session, target, deployed, locks.lost);
  await pruned;
  const still = locks.state();
  return still.kind === 'ok' ? removed : still;
}
