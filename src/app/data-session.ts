/**
 * The frame of commands whose output is data: standard output belongs to them, what else is to be said goes to standard
 * error, and there is no reporter.
 */
import type { LoadedProject } from '../config/load.ts';
import type { ServiceConfig } from '../config/model.ts';
import { createEventBus, type EventBody } from '../core/events.ts';
import { ok, type NotOk, type Outcome } from '../core/outcome.ts';
import { createCleanup } from '../support/cleanup.ts';
import { killAllChildren } from '../support/process/children.ts';
import { makeTempFolder } from '../support/files/temp.ts';
import type { Invocation } from './invocation.ts';
import { exitWith, internalError } from './fail.ts';
import { chooseServices, openProject } from './project.ts';
import { environmentMask, openMask } from './secrets.ts';
import type { Session } from './session.ts';
import { handleSignals } from './signals.ts';
import { stateFolderOf } from './state-folder.ts';

/** How long closing connections may take, in milliseconds. */
const cleanupMs = 5000;

/**
 * Runs `body`; its value is the exit code. `onEvent` sees what the session says.
 *
 * @returns the exit code of the failure, of the signal that ended it, or what `body` said.
 */
export async function withData(
  invocation: Invocation,
  body: (session: Session) => Promise<Outcome<number>>,
  onEvent: (event: EventBody) => void = warnOnStderr,
): Promise<number> {
  const project = await openProject(invocation);
  if (project.kind !== 'ok') return exitWith(project, environmentMask(invocation.env));
  const services = chooseServices(project.value.config, invocation.positionals, false);
  if (services.kind !== 'ok') return exitWith(services, environmentMask(invocation.env));
  return await run(invocation, project.value, services.value, body, onEvent);
}

async function run(
  invocation: Invocation,
  project: LoadedProject,
  services: readonly ServiceConfig[],
  body: (session: Session) => Promise<Outcome<number>>,
  onEvent: (event: EventBody) => void,
): Promise<number> {
  // A reader that has seen enough (`| head`) closes the pipe; that is no error.
  process.stdout.on('error', () => process.exit(0));
  const bus = createEventBus(Date.now);
  bus.subscribe(onEvent);
  const { mask, learn } = openMask(invocation.env, project.secrets);
  const cleanup = createCleanup();
  const signals = handleSignals((exitCode) => {
    killAllChildren('SIGKILL');
    process.exit(exitCode);
  });
  const session: Session = {
    invocation,
    project,
    services,
    emit: (event) => bus.emit(mask(event)),
    mask,
    learn,
    signals,
    cleanup,
    stateFolder: stateFolderOf(project.config.root) ?? makeTempFolder('state'),
    onKey: () => undefined,
  };
  // A bug is reported here, where it is known what its report must not show.
  const outcome = await body(session).catch((error: unknown): NotOk => ({
    kind: 'failed',
    error: internalError(error),
  }));
  await cleanup.run(cleanupMs);
  signals.dispose();
  if (outcome.kind === 'failed') return exitWith(outcome, mask);
  return signals.exitCode() ?? (outcome.kind === 'ok' ? outcome.value : exitWith(outcome, mask));
}

/** Every notice on standard error, for a command whose data depends on what is said there. */
export function noticesOnStderr(event: EventBody): void {
  if (event.type === 'notice' && event.level === 'info') process.stderr.write(`${event.message}\n`);
  else warnOnStderr(event);
}

/** Warnings are worth a line on standard error; everything else is not what the user asked for. */
function warnOnStderr(event: EventBody): void {
  if (event.type !== 'notice' || event.level !== 'warning') return;
  process.stderr.write(`warning: ${event.message}${event.hint === undefined ? '' : ` (${event.hint})`}\n`);
}

/** Whether `--output json` was asked for. Other values mean text. */
export function wantsJson(invocation: Invocation): boolean {
  return invocation.strings['output'] === 'json';
}

/** A success whose exit code is 0. */
export const done: Outcome<number> = ok(0);
