/**
 * The frame of every command that works: project, events, reporter, signals, and the end in which everything that was
 * opened is closed. What a command does stands in its own file.
 */
import { createEventBus, type Emit } from '../core/events.ts';
import { exitCodeOf } from '../core/errors.ts';
import type { LoadedProject } from '../config/load.ts';
import type { ServiceConfig } from '../config/model.ts';
import { failed, ok, type Outcome } from '../core/outcome.ts';
import { usesBuilder } from '../build/image/select.ts';
import { removeLeftoverContainers } from '../build/image/buildah/leftovers.ts';
import { runProcess } from '../support/process/process.ts';
import { createCleanup, type Cleanup } from '../support/cleanup.ts';
import { reapLeftovers } from '../support/process/leftovers.ts';
import { makeTempFolder, removeDeadTempFolders } from '../support/files/temp.ts';
import type { KeyAction } from '../ui/view/keys.ts';
import { chooseOutput, outputModes, type OutputChoice, type OutputMode } from '../ui/output.ts';
import { createReporter } from '../ui/reporters.ts';
import { nearest } from '../config/text/nearest.ts';
import { version } from '../core/version.ts';
import { join } from 'node:path';
import type { Invocation } from './invocation.ts';
import { exitWith, internalError } from './fail.ts';
import { leaveNow } from './leave-now.ts';
import { chooseServices, openProject } from './project.ts';
import { environmentMask, openMask, type SessionMask } from './secrets.ts';
import { handleSignals, type Signals } from './signals.ts';
import { stateFolderOf } from './state-folder.ts';

/** What a command works with. */
export interface Session {
  readonly invocation: Invocation;
  readonly project: LoadedProject;
  /** The services that the command line asks for, in file order. */
  readonly services: readonly ServiceConfig[];
  /** Puts an event on the bus, with the session's secrets masked. */
  readonly emit: Emit;
  /** For what is written past the events. */
  readonly mask: SessionMask['mask'];
  /** Secrets of a project that was read again. */
  readonly learn: SessionMask['learn'];
  readonly signals: Signals;
  /** What is added here is undone at the end, last first. */
  readonly cleanup: Cleanup;
  /** `.appdev` beside appdev.yaml; a temporary folder where the project is read-only. */
  readonly stateFolder: string;
  /** Hands keys of the panel to the command; q and Ctrl-C never arrive here. */
  readonly onKey: (handler: (key: Exclude<KeyAction, { type: 'quit' | 'interrupt' }>) => void) => void;
}

/** How long closing what was opened may take, in milliseconds. */
const cleanupMs = 20_000;

/** How a command wants its session. */
export interface SessionOptions {
  /** The terminal panel may be drawn. */
  readonly panel: boolean;
  /** The services that named services need take part too. */
  readonly withNeeds: boolean;
}

/**
 * Runs `body` within a session and ends it.
 *
 * @returns the exit code: that of the failure, of the signal that ended it, or 0.
 */
export async function withSession(
  invocation: Invocation,
  options: SessionOptions,
  body: (session: Session) => Promise<Outcome<void>>,
): Promise<number> {
  const choice = outputOf(invocation, options.panel);
  if (choice.kind !== 'ok') return exitWith(choice, environmentMask(invocation.env));
  const project = await openProject(invocation);
  const services =
    project.kind === 'ok'
      ? chooseServices(project.value.config, invocation.positionals, options.withNeeds)
      : project;
  const stateFolder = project.kind === 'ok' ? stateFolderOf(project.value.config.root) : undefined;

  let keys: Parameters<Session['onKey']>[0] | undefined;
  const bus = createEventBus(Date.now);
  const { mask, learn } = openMask(invocation.env, project.kind === 'ok' ? project.value.secrets : []);
  const emit: Emit = (event) => bus.emit(mask(event));
  const reporter = await createReporter({
    // Before there is a project, there is nothing that a panel could show.
    choice: services.kind === 'ok' || choice.value.kind === 'json' ? choice.value : { kind: 'plain' },
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    platform: process.platform,
    cwd: invocation.cwd,
    ...(invocation.booleans['color'] === undefined ? {} : { color: invocation.booleans['color'] }),
    verbose: invocation.booleans['verbose'] ?? false,
    ...(stateFolder === undefined ? {} : { logFolder: join(stateFolder, 'logs') }),
    onKey: (key) => {
      if (key.type === 'quit') signals.end();
      else if (key.type === 'interrupt') signals.interrupt();
      else keys?.(key);
    },
    now: Date.now,
  });
  const signals = handleSignals((exitCode) => {
    void leaveNow(reporter, () => process.exit(exitCode));
  });
  const cleanup = createCleanup();

  const end = async (outcome: Outcome<void>): Promise<number> => {
    const report = await cleanup.run(cleanupMs);
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
    return exitCode;
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
    await clearLeftovers(emit, usesBuilder(config.services, 'buildah'), signals.shutdown);
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
    await end({ kind: 'failed', error: internalError(error) });
    return 1;
  }
}

/** Exit code of Ctrl-C, which the panel sees as a key and not as a signal. */
const interruptCode = 130;

function exitCodeFor(outcome: Outcome<void>, signals: Signals): number {
  if (outcome.kind === 'failed') return exitCodeOf(outcome.error);
  if (outcome.kind === 'ok') return signals.exitCode() ?? 0;
  return outcome.reason === 'deadline' ? 124 : (signals.exitCode() ?? interruptCode);
}

function outputOf(invocation: Invocation, panel: boolean): Outcome<OutputChoice> {
  const mode = invocation.strings['output'] ?? 'auto';
  const known = outputModes.find((candidate): candidate is OutputMode => candidate === mode);
  if (known === undefined) {
    const near = nearest(mode, outputModes);
    return failed('USAGE', `--output is one of ${outputModes.join(', ')}, not '${mode}'`, {
      hint: `type: --output ${near ?? 'auto'}`,
    });
  }
  const choice = chooseOutput(known, process.stdout.isTTY && process.stdin.isTTY, process.env);
  return ok(choice.kind === 'tui' && !panel ? { kind: 'plain' } : choice);
}

/** Ends what a killed session left on this machine. */
async function clearLeftovers(emit: Emit, buildah: boolean, signal: AbortSignal): Promise<void> {
  const [processes, folders] = await Promise.all([reapLeftovers(), removeDeadTempFolders()]);
  // A killed session leaves its temporary folder; only then may Buildah have working containers of ours.
  // Where this project does not use Buildah, there may be none on the machine.
  if (buildah && folders.length > 0) await removeLeftoverContainers(runProcess, signal);
  if (processes.length === 0) return;
  const names = processes.map(({ pid, command }) => `${command.slice(0, 60)} (${pid})`).join(', ');
  emit({
    type: 'notice',
    level: 'info',
    message: `ended ${processes.length} processes that a killed session had left: ${names}`,
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
