/**
 * The frame of every command that builds or deploys: it loads the project, sets up events, reporter and signals, and
 * closes everything at the end. What a command does is in its own file.
 */
import { createEventBus, type Emit } from '../core/events.ts';
import { exitCodeOf } from '../core/errors.ts';
import type { LoadedProject } from '../config/load.ts';
import type { ServiceConfig } from '../config/model.ts';
import { ok, type Outcome } from '../core/outcome.ts';
import { usesBuilder } from '../build/image/select.ts';
import { removeLeftoverContainers } from '../build/image/buildah/leftovers.ts';
import type { BuildahEnvironment } from '../build/image/buildah/storage.ts';
import { runProcess } from '../support/process/process.ts';
import { createCleanup, type Cleanup } from '../support/cleanup.ts';
import { reapLeftovers } from '../support/process/leftovers.ts';
import { makeTempFolder, removeDeadTempFolders } from '../support/files/temp.ts';
import type { KeyAction } from '../ui/view/keys.ts';
import { chooseOutput, outputModes, type OutputChoice } from '../ui/output.ts';
import { createReporter } from '../ui/reporters.ts';
import { version } from '../core/version.ts';
import { join } from 'node:path';
import type { Invocation } from './invocation.ts';
import { unexpectedError } from './fail.ts';
import { leaveNow } from './leave-now.ts';
import { followLeftBehind } from './left-behind.ts';
import { chooseServices, openProject } from './project.ts';
import { openMask, type SessionMask } from './secrets.ts';
import { handleSignals, type Signals } from './signals.ts';
import { stateFolderOf } from './state-folder.ts';
import { onUncaught } from './uncaught.ts';

/** What the frame gives to a command. */
export interface Session {
  readonly invocation: Invocation;
  readonly project: LoadedProject;
  /** The services that the command line asks for, in file order. */
  readonly services: readonly ServiceConfig[];
  /** Publishes an event, without the session's secrets. */
  readonly emit: Emit;
  /** Removes secrets from output that is not an event. */
  readonly mask: SessionMask['mask'];
  /** Adds the secrets of a project that was read again. */
  readonly learn: SessionMask['learn'];
  readonly signals: Signals;
  /** Disposers that run at the end, the newest first. */
  readonly cleanup: Cleanup;
  /** Absolute path of `.appdev` beside appdev.yaml. It is a temporary folder if the project is read-only. */
  readonly stateFolder: string;
  /** Sets the function that gets the panel's keys. q and Ctrl-C are handled by the frame. */
  readonly onKey: (handler: (key: Exclude<KeyAction, { type: 'quit' | 'interrupt' }>) => void) => void;
}

/** Milliseconds that all disposers together may take. */
const cleanupMs = 20_000;

/** What a command needs from its session. */
export interface SessionOptions {
  /** True: the panel may be used. */
  readonly panel: boolean;
  /** True: the command runs until the user ends it. */
  readonly endless?: boolean;
  /** True: the services that the named ones need take part too. */
  readonly withNeeds: boolean;
}

/**
 * Starts a session, runs `body` in it, and ends it.
 *
 * @returns the exit code of the failure, or of the signal that ended the session, or 0.
 */
export async function withSession(
  invocation: Invocation,
  options: SessionOptions,
  body: (session: Session) => Promise<Outcome<void>>,
): Promise<Outcome<number>> {
  const choice = outputOf(invocation, options.panel);
  const project = await openProject(invocation);
  const state = project.kind === 'ok' ? stateFolderOf(project.value.config.root) : ok(undefined);
  const stateFolder = state.kind === 'ok' ? state.value : undefined;
  const chosen =
    project.kind === 'ok'
      ? chooseServices(project.value.config, invocation.positionals, options.withNeeds)
      : project;
  const services = state.kind === 'ok' ? chosen : state;

  let keys: Parameters<Session['onKey']>[0] | undefined;
  const bus = createEventBus(Date.now);
  const { mask, learn } = openMask(
    invocation.environment,
    project.kind === 'ok' ? project.value.secrets : [],
  );
  const emit: Emit = (event) => bus.emit(mask(event));
  const reporter = await createReporter({
    // Without a project, the panel has nothing to show.
    choice: services.kind === 'ok' || choice.kind === 'json' ? choice : { kind: 'plain' },
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    terminal: invocation.environment.terminal,
    platform: process.platform,
    cwd: invocation.cwd,
    ...(invocation.flags.color === undefined ? {} : { color: invocation.flags.color }),
    verbose: invocation.flags.verbose ?? false,
    ...(stateFolder === undefined ? {} : { logFolder: join(stateFolder, 'logs') }),
    onKey: (key) => {
      if (key.type === 'quit') signals.end();
      else if (key.type === 'interrupt') signals.interrupt();
      else keys?.(key);
    },
    // A command that ends by itself does so all the same. One that does not would go on unseen for ever.
    onGone: () => {
      if (options.endless === true) signals.end();
    },
    now: Date.now,
  });
  const left = followLeftBehind(invocation);
  bus.subscribe(left.seen);
  const signals = handleSignals((exitCode) => {
    const notice = left.notice();
    if (notice !== undefined) emit(notice);
    void leaveNow(reporter, () => process.exit(exitCode));
  });
  const cleanup = createCleanup();
  let bug: unknown;
  const forget = onUncaught((error) => {
    bug ??= error;
    signals.end();
  });

  const end = async (found: Outcome<void>): Promise<Outcome<number>> => {
    const report = await cleanup.run(cleanupMs);
    const outcome: Outcome<void> =
      bug === undefined ? found : { kind: 'failed', error: await unexpectedError(bug) };
    for (const { name, error } of report.failed) {
      emit({ type: 'notice', level: 'warning', message: `${name} failed: ${messageOf(error)}` });
    }
    for (const name of report.unfinished) {
      emit({ type: 'notice', level: 'warning', message: `${name} did not end within ${cleanupMs / 1000} s` });
    }
    const exitCode = exitCodeFor(outcome, signals);
    const error = outcome.kind === 'failed' ? { error: outcome.error } : {};
    emit({ type: 'session.finished', exitCode, ...error });
    await reporter.stop();
    signals.dispose();
    forget();
    return ok(exitCode);
  };

  reporter.start(bus);
  if (project.kind !== 'ok') return await end(project);
  if (services.kind !== 'ok') return await end(services);
  const { config, warnings } = project.value;
  emit({
    type: 'session.started',
    command: invocation.command,
    version,
    project: config.name,
    profiles: config.profiles,
    services: services.value.map(({ name }) => name),
  });
  for (const { message, hint } of warnings) {
    emit({ type: 'notice', level: 'warning', message, ...(hint === undefined ? {} : { hint }) });
  }
  try {
    await clearLeftovers(
      emit,
      usesBuilder(config.services, 'buildah') ? invocation.environment.buildah : undefined,
      signals.shutdown,
    );
    const outcome = await body({
      invocation,
      project: project.value,
      services: services.value,
      emit,
      mask,
      learn,
      signals,
      cleanup,
      stateFolder: stateFolder ?? makeTempFolder('state'),
      onKey: (handler) => {
        keys = handler;
      },
    });
    return await end(outcome);
  } catch (error) {
    return await end({ kind: 'failed', error: await unexpectedError(error) });
  }
}

/** The exit code of Ctrl-C, which the panel gets as a key and not as a signal. */
const interruptCode = 130;

function exitCodeFor(outcome: Outcome<void>, signals: Signals): number {
  if (outcome.kind === 'failed') return exitCodeOf(outcome.error);
  if (outcome.kind === 'ok') return signals.exitCode() ?? 0;
  return outcome.reason === 'deadline' ? 124 : (signals.exitCode() ?? interruptCode);
}

/** What shows the session. The command line is known to be in order. */
function outputOf({ flags, environment }: Invocation, panel: boolean): OutputChoice {
  const mode = outputModes.find((candidate) => candidate === flags.output) ?? 'auto';
  const choice = chooseOutput(mode, process.stdout.isTTY && process.stdin.isTTY, environment.terminal);
  return choice.kind === 'tui' && !panel ? { kind: 'plain' } : choice;
}

/**
 * Ends or removes the processes, folders and containers that a killed session left on this machine.
 *
 * @param buildah undefined if this project does not use Buildah: it may not be installed then
 */
async function clearLeftovers(
  emit: Emit,
  buildah: BuildahEnvironment | undefined,
  signal: AbortSignal,
): Promise<void> {
  const processes = await reapLeftovers();
  const folders = await removeDeadTempFolders();
  // A killed session leaves its temporary folder. Without one, Buildah has no working containers of ours.
  if (buildah !== undefined && folders.length > 0) {
    await removeLeftoverContainers(runProcess, buildah, signal);
  }
  if (processes.length === 0) return;
  const names = processes.map(({ pid, command }) => `${command.slice(0, 60)} (${pid})`).join(', ');
  emit({
    type: 'notice',
    level: 'info',
    message: `ended ${processes.length === 1 ? 'a process' : `${processes.length} processes`} that a killed session had left: ${names}`,
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
