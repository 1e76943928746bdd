/**
 * Runs child processes; the only importer of execa. Every child leads its own process group. A cancelled child gets
 * SIGTERM, then SIGKILL after the grace period, and its run resolves only when the whole group is dead. No shell is used.
 */
import { statSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { execa } from 'execa';
import { hasAborted, onAbort } from '../abort.ts';
import { inheritedVariables } from '../system.ts';
import { endGroup, registerGroup, releaseGroup } from './children.ts';
import { Output } from './output.ts';
import { isGroupAlive } from './proc.ts';
import { sessionVariable } from './mark.ts';
import { sessionMark } from './session-folder.ts';
import { findTool } from './tool.ts';

/** A program with its arguments. No shell interprets them. */
export interface Command {
  /** A name that is looked up on PATH, or a path. */
  readonly tool: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** Variables to add to this process's environment. `undefined` removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly stdin?: string;
  /**
   * True for a program that only asks something of the user's own machine, such as a credential helper or git. What it
   * starts on the way (gpg-agent, ssh, git's file monitor) serves the user and does not end with this session, so the
   * program gets no mark of it.
   */
  readonly unmarked?: true;
}

/** How to run a command. */
export interface RunOptions {
  readonly signal: AbortSignal;
  /** Called for each line of output when it arrives, without the line break and without terminal escapes. */
  readonly onLine?: (stream: 'stdout' | 'stderr', line: string) => void;
  /** Milliseconds between SIGTERM and SIGKILL. The default is 5000. */
  readonly graceMs?: number;
}

/** How a child ended. `missing`: the program does not exist. Of each stream, the last 8 MiB are kept. */
export type Finished =
  | {
      readonly kind: 'exited';
      /** 128 + n if signal n ended it; 126 if it could not be started, with the reason in `stderr`. */
      readonly exitCode: number;
      readonly stdout: string;
      readonly stderr: string;
      /** The lines of both streams in the order of arrival, without terminal escapes. Each has at most 4 KB. */
      readonly lines: readonly string[];
      readonly ms: number;
    }
  | { readonly kind: 'cancelled'; readonly ms: number }
  | { readonly kind: 'missing'; readonly tool: string };

/** Runs a command to its end. It never rejects because of what the child does. */
export type RunProcess = (command: Command, options: RunOptions) => Promise<Finished>;

const defaultGraceMs = 5000;

/** Secrets of appdev itself. Children do not inherit them: no build tool and no test of the user needs them. */
const withheld = { APPDEV_REGISTRY_PASSWORD: undefined };

/** If the streams of a dead group stay open and silent for so many milliseconds, another process holds them open. */
const silenceMs = 100;

/**
 * Runs a real child process. Resolves when its whole process group is dead. That holds after a normal exit too: processes
 * that the child left running in its group are ended. It does not wait for a daemon that left the group and holds the
 * output open.
 */
export const runProcess: RunProcess = async (command, { signal, onLine, graceMs = defaultGraceMs }) => {
  const startedMs = performance.now();
  const ms = (): number => Math.round(performance.now() - startedMs);
  const notStarted = (reason: string): Finished => {
    const line = `cannot start ${command.tool}: ${reason}`;
    return { kind: 'exited', exitCode: 126, stdout: '', stderr: `${line}\n`, lines: [line], ms: ms() };
  };

  const env: Record<string, string | undefined> = { ...inheritedVariables(), ...withheld, ...command.env };
  const tool = findTool(command.tool, command.cwd, env['PATH']);
  // A missing folder gives ENOENT too, and must not be reported as a missing tool.
  if (!isFolder(command.cwd)) return notStarted(`the folder ${command.cwd} does not exist`);
  if (tool === undefined) return { kind: 'missing', tool: command.tool };
  const [file = tool, ...args] = [...(await deathSignalPrefix()), tool, ...command.args];
  if (signal.aborted) return { kind: 'cancelled', ms: ms() };

  const child = execa(file, args, {
    cwd: command.cwd,
    env: { ...env, ...(command.unmarked === true ? { [sessionVariable]: undefined } : sessionMark()) },
    extendEnv: false,
    ...(command.stdin === undefined ? { stdin: 'ignore' } : { input: command.stdin }),
    detached: process.platform !== 'win32',
    // execa's own kill and its wait for the pipes ignore process groups, so this file does both.
    cleanup: false,
    buffer: false,
    reject: false,
  });
  const group = child.pid;
  if (group === undefined) {
    const result = await child;
    return notStarted(result.originalMessage ?? 'unknown reason');
  }

  registerGroup(group);
  const output = new Output(onLine);
  const streams = [child.stdout, child.stderr] as const;
  output.follow('stdout', streams[0]);
  output.follow('stderr', streams[1]);
  const exited = new Promise<number>((resolve) => {
    child.once('exit', (code: number | null, name: NodeJS.Signals | null) => {
      resolve(code ?? 128 + (signalNumbers[name ?? 'SIGKILL'] ?? 0));
    });
  });

  let ending: Promise<void> | undefined;
  const end = (): void => {
    ending ??= endGroup(group, graceMs);
  };
  // The signal may have fired while the child was being started.
  const stopWaiting = onAbort(signal, end);
  const exitCode = await exited;
  const wasCancelled = hasAborted(signal);
  if (isGroupAlive(group)) end();
  await ending;
  stopWaiting();
  releaseGroup(group);
  if (wasCancelled) {
    for (const stream of streams) stream.destroy();
    return { kind: 'cancelled', ms: ms() };
  }
  await drained(streams, output);
  return { kind: 'exited', exitCode, ...output.end(), ms: ms() };
};

let prefix: Promise<readonly string[]> | undefined;

/**
 * Words to put in front of a command line, so that the kernel ends the child if appdev is killed with SIGKILL. It is
 * setpriv of util-linux and costs about 2 ms per start. The setting survives exec, so it works for `mvn`, a shell script
 * that becomes java. It does not apply to processes that the child forks; leftovers.ts ends those. The list is empty if
 * setpriv cannot do it: on other systems than Linux, and with BusyBox, whose setpriv lacks the option.
 */
async function deathSignalPrefix(): Promise<readonly string[]> {
  prefix ??= (async () => {
    const setpriv = process.platform === 'linux' ? findTool('setpriv') : undefined;
    if (setpriv === undefined) return [];
    const words = ['--pdeathsig', 'TERM', '--'];
    const { exitCode } = await execa(setpriv, [...words, 'true'], { reject: false });
    return exitCode === 0 ? [setpriv, ...words] : [];
  })();
  return await prefix;
}

/** Numbers of the signals that usually end a child, for the exit code 128 + n. */
const signalNumbers: Partial<Record<NodeJS.Signals, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGABRT: 6,
  SIGBUS: 7,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGPIPE: 13,
  SIGTERM: 15,
};

/** Waits until the streams end or stay silent. In the second case, a process outside the group holds them open. */
async function drained(streams: readonly Readable[], output: Output): Promise<void> {
  const closed = Promise.all(
    streams.map(
      async (stream) =>
        await new Promise<void>((resolve) => {
          if (stream.closed || stream.readableEnded) resolve();
          else stream.once('close', resolve).once('end', resolve);
        }),
    ),
  ).then(() => true);
  for (;;) {
    const seen = output.bytes;
    const silence = new Promise<boolean>((resolve) => setTimeout(resolve, silenceMs, false));
    if (await Promise.race([closed, silence])) return;
    if (output.bytes === seen) break;
  }
  for (const stream of streams) stream.destroy();
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
