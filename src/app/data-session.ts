/**
 * The frame of commands that print data. Only their data goes to standard output; warnings and errors go to standard
 * error. There is no reporter.
 */
import type { LoadedProject } from '../config/load.ts';
import { createEventBus, type EventBody } from '../core/events.ts';
import { ok, type NotOk, type Outcome } from '../core/outcome.ts';
import { createCleanup } from '../support/cleanup.ts';
import { killAllChildren } from '../support/process/children.ts';
import { makeTempFolder } from '../support/files/temp.ts';
import type { Invocation } from './invocation.ts';
import { exitWith, unexpectedError } from './fail.ts';
import { chooseServices, openProject } from './project.ts';
import { openMask } from './secrets.ts';
import type { Session } from './session.ts';
import { cleanText } from '../ui/text/sanitize.ts';
import { handleSignals } from './signals.ts';
import { stateFolderOf } from './state-folder.ts';
import { onUncaught } from './uncaught.ts';

/** Milliseconds that closing connections may take. */
const cleanupMs = 5000;

/**
 * Loads the project, runs `body`, and closes everything.
 *
 * @param body does the work; its value is the exit code
 * @param onEvent gets the session's events; by default, it prints warnings to standard error
 * @returns the exit code of the failure, or of the signal that ended the session, or the one that `body` returned. Fails
 * if the project cannot be loaded, as `openProject` does, or with SERVICE_UNKNOWN.
 */
export async function withData(
  invocation: Invocation,
  body: (session: Session) => Promise<Outcome<number>>,
  onEvent: (event: EventBody) => void = warnOnStderr,
): Promise<Outcome<number>> {
  const project = await openProject(invocation);
  return project.kind === 'ok' ? await withProject(invocation, project.value, body, onEvent) : project;
}

/** The same for a project that is already loaded. */
export async function withProject(
  invocation: Invocation,
  project: LoadedProject,
  body: (session: Session) => Promise<Outcome<number>>,
  onEvent: (event: EventBody) => void = warnOnStderr,
): Promise<Outcome<number>> {
  const services = chooseServices(project.config, invocation.positionals, false);
  if (services.kind !== 'ok') return services;
  const state = stateFolderOf(project.config.root);
  if (state.kind !== 'ok') return state;
  const stateFolder = state.value ?? makeTempFolder('state');
  return ok(await run(invocation, project, { services: services.value, stateFolder }, body, onEvent));
}

async function run(
  invocation: Invocation,
  project: LoadedProject,
  opened: Pick<Session, 'services' | 'stateFolder'>,
  body: (session: Session) => Promise<Outcome<number>>,
  onEvent: (event: EventBody) => void,
): Promise<number> {
  const bus = createEventBus(Date.now);
  bus.subscribe(onEvent);
  const { mask, learn } = openMask(invocation.environment, project.secrets);
  const cleanup = createCleanup();
  const signals = handleSignals((exitCode) => {
    killAllChildren('SIGKILL');
    process.exit(exitCode);
  });
  // What comes to an end by itself still does, and its exit code says what it found. What follows something ends now,
  // because nobody reads it any more.
  process.stdout.on('error', () => {
    if (invocation.flags.follow === true) signals.end();
  });
  let bug: unknown;
  const forget = onUncaught((error) => {
    bug ??= error;
    signals.end();
  });
  const session: Session = {
    invocation,
    project,
    ...opened,
    emit: (event) => bus.emit(mask(event)),
    mask,
    learn,
    signals,
    cleanup,
    onKey: () => undefined,
  };
  // An exception is reported here, because here the secrets are known that the report must not show.
  const outcome = await body(session).catch(async (error: unknown): Promise<NotOk> => ({
    kind: 'failed',
    error: await unexpectedError(error),
  }));
  await cleanup.run(cleanupMs);
  signals.dispose();
  forget();
  if (bug !== undefined) return exitWith({ kind: 'failed', error: await unexpectedError(bug) }, mask);
  if (outcome.kind === 'failed') return exitWith(outcome, mask);
  return signals.exitCode() ?? (outcome.kind === 'ok' ? outcome.value : exitWith(outcome, mask));
}

/** Prints every notice to standard error, for commands whose data cannot be understood without them. */
export function noticesOnStderr(event: EventBody): void {
  if (event.type === 'notice' && event.level === 'info')
    process.stderr.write(cleanText(`${event.message}\n`));
  else warnOnStderr(event);
}

/** Prints only warnings to standard error. */
function warnOnStderr(event: EventBody): void {
  if (event.type !== 'notice' || event.level !== 'warning') return;
  process.stderr.write(
    cleanText(`warning: ${event.message}${event.hint === undefined ? '' : ` (${event.hint})`}\n`),
  );
}

/** True for `--output json`. Any other value means text. */
export function wantsJson(invocation: Invocation): boolean {
  return invocation.flags.output === 'json';
}

/** A success with the exit code 0. */
export const done: Outcome<number> = ok(0);
