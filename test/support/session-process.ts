/** Another session of appdev for tests: a real process that runs a few lines against src, and that a test may kill. */
import { spawn, type ChildProcess } from 'node:child_process';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { build, type BuildOptions } from 'esbuild';

const started: SessionProcess[] = [];

const src = resolve(import.meta.dirname, '../../src');
/** Loaded as the scripts are: without types. */
const bundle = resolve(import.meta.dirname, '../../scripts/bundle.js');

/** The process, and what it has said. */
export interface SessionProcess {
  readonly pid: number;
  /** Lines of both its streams; of standard error alone if the reader of standard output is stuck. */
  readonly lines: string[];
  kill(signal: NodeJS.Signals): void;
  /** Resolves with exit code or signal. */
  readonly ended: Promise<number | NodeJS.Signals>;
}

/**
 * Starts one. `source` is the text of a module; its imports are relative to src, and what it prints arrives as lines.
 *
 * @param folder for the bundle; also its working directory.
 * @param options `stuckReader`: nobody reads its standard output. `inside`: a program and its arguments that run it, such
 *   as `unshare`; `pid` is then that program's.
 */
export async function startSession(
  folder: string,
  source: string,
  options: { readonly stuckReader?: boolean; readonly inside?: readonly string[] } = {},
): Promise<SessionProcess> {
  const outfile = join(folder, `session-${Math.random().toString(36).slice(2)}.mjs`);
  const { bundleOptions } = (await import(bundle)) as { bundleOptions: BuildOptions };
  await build({
    ...bundleOptions,
    stdin: { contents: source, resolveDir: src, loader: 'ts' },
    outfile,
  });
  const [program, ...before] = options.inside ?? [];
  const args = program === undefined ? [outfile] : [...before, process.execPath, outfile];
  const child: ChildProcess = spawn(program ?? process.execPath, args, {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  for (const stream of options.stuckReader === true ? [child.stderr] : [child.stdout, child.stderr]) {
    if (stream !== null) createInterface({ input: stream }).on('line', (line) => lines.push(line));
  }
  const session: SessionProcess = {
    pid: child.pid ?? 0,
    lines,
    kill: (signal) => {
      child.kill(signal);
    },
    ended: new Promise((done) => child.once('exit', (code, signal) => done(code ?? signal ?? 'SIGKILL'))),
  };
  started.push(session);
  return session;
}

/** Kills every session that was started; for afterEach, so that a failed test leaves none. */
export async function endSessions(): Promise<void> {
  for (const session of started.splice(0)) {
    session.kill('SIGKILL');
    await session.ended;
  }
}
