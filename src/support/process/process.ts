/**
 * Child processes; the only importer of execa. Every child leads a process group of its own, and "cancelled" resolves
 * only after the whole group is dead: SIGTERM, then SIGKILL when the grace period is over. No shell is ever involved.
 */
import { statSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { execa } from 'execa';
import { hasAborted, onAbort } from '../abort.ts';
import { endGroup, registerGroup, releaseGroup } from './children.ts';
import { Output } from './output.ts';
import { isGroupAlive } from './proc.ts';
import { sessionId, sessionVariable } from './mark.ts';
import { findTool } from './tool.ts';

/** A program with its arguments. Values never pass through a shell. */
export interface Command {
  /** Program name, looked up on PATH, or a path. */
  readonly tool: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** Added to (or, with `undefined`, removed from) this process's environment. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly stdin?: string;
}

export interface RunOptions {
  readonly signal: AbortSignal;
  /** Called for each line of output as it comes, without its line end and without terminal escapes. */
  readonly onLine?: (stream: 'stdout' | 'stderr', line: string) => void;
  /** Milliseconds between SIGTERM and SIGKILL; default 5000. */
  readonly graceMs?: number;
}

/** How a child ended. `missing`: there is no such program. Output is cut to its last 8 MiB a stream. */
export type Finished =
  | {
      readonly kind: 'exited';
      /** 128 + n when signal n ended it; 126 when it could not be started, with the reason in `stderr`. */
      readonly exitCode: number;
      readonly stdout: string;
      readonly stderr: string;
      /** Both streams, interleaved by line as they arrived, without terminal escapes; at most 4 KB each. */
      readonly lines: readonly string[];
      readonly ms: number;
    }
  | { readonly kind: 'cancelled'; readonly ms: number }
  | { readonly kind: 'missing'; readonly tool: string };

/** Runs a command to its end. Never rejects for what the child does. */
export type RunProcess = (command: Command, options: RunOptions) => Promise<Finished>;

const defaultGraceMs = 5000;

/** Secrets in this process's environment that are its own: no build tool and no test of the user's inherits them. */
const withheld = { APPDEV_REGISTRY_PASSWORD: undefined };

/** How long the streams of a dead group may stay silent before a stranger is taken to hold them open. */
const silenceMs = 100;

/**
 * Runs a real child process. Resolves when its whole process group is dead, also after a normal exit: what a child left
 * running in its group is ended too. Does not wait for a stranger (a daemon that left the group) that holds its output.
 */
export const runProcess: RunProcess = async (command, { signal, onLine, graceMs = defaultGraceMs }) => {
  const startedMs = performance.now();
  const ms = (): number => Math.round(performance.now() - startedMs);
  const notStarted = (reason: string): Finished => {
    const line = `cannot start ${command.tool}: ${reason}`;
    return { kind: 'exited', exitCode: 126, stdout: '', stderr: `${line}\n`, lines: [line], ms: ms() };
  };

  const env: Record<string, string | undefined> = { ...process.env, ...withheld, ...command.env };
  const tool = findTool(command.tool, command.cwd, env['PATH']);
  // A missing folder would be ENOENT as well, and is no missing tool.
  if (!isFolder(command.cwd)) return notStarted(`there is no folder ${command.cwd}`);
  if (tool === undefined) return { kind: 'missing', tool: command.tool };
  const [file = tool, ...args] = [...(await deathSignalPrefix()), tool, ...command.args];
  if (signal.aborted) return { kind: 'cancelled', ms: ms() };

  const child = execa(file, args, {
    cwd: command.cwd,
    env: { ...env, [sessionVariable]: sessionId },
    extendEnv: false,
    ...(command.stdin === undefined ? { stdin: 'ignore' } : { input: command.stdin }),
    detached: process.platform !== 'win32',
    // Its own kill and its wait for the pipes know nothing of groups: both are ours.
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
 * What to put before a command line so that the kernel ends the child when appdev is killed too hard to do it: setpriv of
 * util-linux, about 2 ms a start. The setting survives exec, so it holds for `mvn`, a shell script that becomes java, but
 * not for what the child forks: leftovers.ts sees to those. Empty where it does not work: elsewhere than on Linux, and
 * with BusyBox, whose setpriv has no such option.
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

/** Numbers of the signals that end a child in practice, for the exit code 128 + n. */
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

/** Waits for the ends of the streams, or for silence: then somebody outside the group holds them open. */
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
