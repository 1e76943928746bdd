/** `appdev dev`: builds and deploys, then does it again on every save until the user ends it. */
import { isDeepStrictEqual } from 'node:util';
import { createScanner } from '../watch/scanner.ts';
import { createGitProbe } from '../watch/git.ts';
import type { Note } from '../watch/walk.ts';
import { createWatcher } from '../watch/watcher.ts';
import { readEventlessType } from '../watch/filesystem.ts';
import { createLoop, type Loop } from '../loop/driver.ts';
import { defaultKaniko } from '../config/normalize.ts';
import type { ProjectConfig } from '../config/model.ts';
import { ok, type Outcome } from '../outcome.ts';
import { systemClock } from '../support/clock.ts';
import { createAttachments } from './attachments.ts';
import { followConnection } from './connection.ts';
import { openTarget, type OpenTarget } from './cluster.ts';
import type { Invocation } from './command.ts';
import { ensureNamespaces, lockNamespaces } from './namespaces.ts';
import { openProject } from './project.ts';
import { createPruning } from './pruning.ts';
import { watchRegistryReturn } from './registry-return.ts';
import { removalTimedOut, removeServices } from './remove.ts';
import { withSession, type Session } from './session.ts';
import { openWork, type Work } from './work.ts';

/** Batches that may build at once: more would only slow each other down on a developer's machine. */
const batchLimit = 2;

/** How long removing what was deployed may take at the end, in seconds. */
const removalSeconds = 120;

/** Why something in a source tree cannot be an input. */
const noteTexts: Readonly<Record<Note['why'], string>> = {
  special: 'it is neither a file nor a folder',
  unreadable: 'it cannot be read',
  loop: 'it leads back to a folder above it',
  deep: 'it is too many folders deep',
};

/** Runs the command. */
export async function dev(invocation: Invocation): Promise<number> {
  return await withSession(invocation, { panel: true, withNeeds: true }, async (session) => {
    const target = await openTarget(session, 'dev');
    if (target.kind !== 'ok') return target;
    const ensured = await ensureNamespaces(session, target.value);
    if (ensured.kind !== 'ok') return ensured;
    const locked = await lockNamespaces(session, target.value);
    if (locked.kind !== 'ok') return locked;
    const work = await openWork(session, target.value);
    if (work.kind !== 'ok') return work;
    await runLoop(session, target.value, work.value);
    return await leave(session, target.value, work.value);
  });
}

async function runLoop(session: Session, target: OpenTarget, work: Work): Promise<void> {
  const { emit, project, services } = session;
  const attachments = createAttachments(target, emit);
  const config = { ...project.config, services };
  const pruning = createPruning(work.prune);
  const parts = { ...pruning.guard(work.parts), deployer: attachments.deployer };
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
    scanner,
    createWatcher: ({ onWake, pollMs }) =>
      createWatcher({
        onWake,
        pollMs,
        notice: (message, hint) => emit({ type: 'notice', level: 'warning', message, hint }),
        eventlessType: readEventlessType(),
        pollAll: !['', '0', 'false'].includes(session.invocation.env['CHOKIDAR_USEPOLLING'] ?? ''),
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
    clock: {
      now: () => performance.now(),
      after: (ms, callback) => {
        const timer = setTimeout(callback, ms);
        return () => clearTimeout(timer);
      },
    },
    emit: (event) => {
      emit(event);
      registry?.seen(event);
      pruning.seen(event);
    },
    reload: async () =>
      await reload(session, (next) => {
        attachments.configured(next.services);
        return { config: next, work: parts };
      }),
    testsRun: work.testsRun,
    limit: batchLimit,
  });
  steer(session, loop);
  const stopConnection = followConnection(target.cluster, project.config.name, (message) =>
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
  const stop = (): void => loop.send({ kind: 'shutdown-requested', hurry: false });
  if (signals.shutdown.aborted) stop();
  else signals.shutdown.addEventListener('abort', stop, { once: true });
}

/** Reads the configuration again, for the services that this session has. */
async function reload<T>(session: Session, make: (config: ProjectConfig) => T): Promise<Outcome<T>> {
  const loaded = await openProject(session.invocation);
  if (loaded.kind !== 'ok') return loaded;
  const names = new Set(session.services.map(({ name }) => name));
  const all = session.invocation.positionals.length === 0;
  const services = loaded.value.config.services.filter(({ name }) => all || names.has(name));
  if (!isDeepStrictEqual(loaded.value.config.registry, session.project.config.registry)) {
    session.emit({
      type: 'notice',
      level: 'warning',
      message:
        'the `registry` section changed; this session goes on with the registry that it was started for',
      hint: 'restart appdev to use the other one',
    });
  }
  if (
    !isDeepStrictEqual(
      loaded.value.config.kaniko ?? defaultKaniko,
      session.project.config.kaniko ?? defaultKaniko,
    )
  ) {
    session.emit({
      type: 'notice',
      level: 'warning',
      message: 'the `kaniko` section changed; this session goes on with the one that it was started with',
      hint: 'restart appdev to use the other one',
    });
  }
  return ok(make({ ...loaded.value.config, services }));
}

/** At the end older images go, and what was deployed goes or stays, as the user chose. */
async function leave(session: Session, target: OpenTarget, work: Work): Promise<Outcome<void>> {
  const limit = AbortSignal.timeout(removalSeconds * 1000);
  const pruned = work.prune(limit);
  const keep = session.invocation.booleans['cleanup'] === false;
  const removed = keep ? ok(undefined) : await removeServices(session, target, session.services, limit);
  await pruned;
  return removed.kind === 'cancelled' ? removalTimedOut(removalSeconds) : removed;
}
