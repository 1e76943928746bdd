/**
 * What the sandbox's tests share: running `sandbox/cluster` as a user would, and reading the machine from outside. It
 * must not repeat knowledge of the sandbox's own scripts beyond the folders that its README names.
 */
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** The checkout under test. */
export const CHECKOUT: string = resolve(import.meta.dirname, '../..');

/** The cache that the whole machine shares; named outright, because some tests set another HOME. */
const CACHE =
  process.env['APPDEV_SANDBOX_CACHE'] ?? `${process.env['HOME'] ?? '/root'}/.cache/appdev-sandbox`;

/** How a command ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** One part in `status --output json`. */
interface PartStatus {
  readonly name: string;
  readonly state: 'running' | 'unhealthy' | 'stopped';
  readonly pid: number | null;
}

/** `status --output json`. */
export interface Status {
  readonly running: boolean;
  readonly node: string;
  readonly owner: string;
  readonly state: string;
  readonly registry: { readonly host: string; readonly inCluster: string };
  readonly parts: readonly PartStatus[];
}

/** Settings of one call. */
export interface CallOptions {
  /** The checkout whose `sandbox/cluster` is called; default: the one under test. */
  readonly checkout?: string;
  /** Variables beside the caller's own. */
  readonly env?: Readonly<Record<string, string>>;
}

function environment(options: CallOptions): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { ...process.env, APPDEV_SANDBOX_CACHE: CACHE, ...options.env };
  delete env['KUBECONFIG'];
  return env;
}

/** Runs a program to its end. */
export function run(program: string, args: readonly string[], options: CallOptions = {}): Ended {
  const ended = spawnSync(program, args, { encoding: 'utf8', env: environment(options), maxBuffer: 1 << 26 });
  return { code: ended.status, stdout: ended.stdout, stderr: ended.stderr };
}

/** Runs `sandbox/cluster` to its end. */
export function cluster(args: readonly string[], options: CallOptions = {}): Ended {
  return run(join(options.checkout ?? CHECKOUT, 'sandbox/cluster'), args, options);
}

/** Runs `sandbox/cluster` and throws what it said unless it succeeded. */
export function clusterOk(args: readonly string[], options: CallOptions = {}): Ended {
  const ended = cluster(args, options);
  if (ended.code !== 0)
    throw new Error(`sandbox/cluster ${args.join(' ')} ended with ${ended.code}:\n${ended.stderr}`);
  return ended;
}

/** Starts `sandbox/cluster` in a process group of its own, as a terminal would, and resolves with its exit code. */
export function startCluster(
  args: readonly string[],
  options: CallOptions = {},
): { child: ChildProcess; said: () => string; ended: Promise<Ended> } {
  const child = spawn(join(CHECKOUT, 'sandbox/cluster'), args, { detached: true, env: environment(options) });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  // `exit`, not `close`: what a killed command leaves running must not hold up the test by holding its output.
  const ended = new Promise<Ended>((done) =>
    child.once('exit', (code) => done({ code, stdout: '', stderr })),
  );
  return { child, said: () => stderr, ended };
}

/** Starts `sandbox/cluster` and sends `signal` to its process group (SIGKILL: to itself alone) once it has said `text`. */
export async function interruptAt(
  text: string,
  signal: NodeJS.Signals,
  options: CallOptions = {},
): Promise<Ended> {
  const { child, said, ended } = startCluster(['up'], options);
  await until(() => said().includes(text) || child.exitCode !== null, `up says '${text}'`, 60);
  if (!said().includes(text)) throw new Error(`up never said '${text}':\n${said()}`);
  const pid = child.pid ?? 0;
  process.kill(signal === 'SIGKILL' ? pid : -pid, signal);
  return await ended;
}

/** What runs, by the sandbox's own word. */
export function status(options: CallOptions = {}): Status {
  return JSON.parse(cluster(['status', '--output', 'json'], options).stdout) as Status;
}

/** Process ids of the running parts by their names. */
export function pids(): Record<string, number | null> {
  return Object.fromEntries(status().parts.map((part) => [part.name, part.pid]));
}

/** Runs kubectl on the sandbox and returns its stdout; throws what it said when it fails. */
export function kubectl(args: readonly string[], input = ''): string {
  const path = clusterOk(['kubeconfig']).stdout.trim();
  const ended = spawnSync(join(status().state, 'bin/kubectl'), ['--kubeconfig', path, ...args], {
    encoding: 'utf8',
    input,
  });
  if (ended.status !== 0) throw new Error(`kubectl ${args.join(' ')}: ${ended.stderr}`);
  return ended.stdout;
}

/** Everything on this machine that the sandbox could leave behind, a line each. */
export function footprint(): string {
  const ended = run(join(CHECKOUT, 'sandbox/test/footprint'), []);
  if (ended.code !== 0) throw new Error(ended.stderr);
  return ended.stdout;
}

/** Process ids of everything in the sandbox's control groups: its parts, shims and containers. */
export function sandboxProcesses(): number[] {
  const listed = run('sh', [
    '-c',
    "find /sys/fs/cgroup -path '*/appdev-sandbox/*' -name cgroup.procs -exec cat {} +",
  ]);
  return [...new Set(listed.stdout.split('\n').filter(Boolean).map(Number))];
}

/** What a process has open, as paths. One that ends meanwhile (probes and runc come and go) holds nothing any more. */
export function openFiles(pid: number): string[] {
  const look = <T>(read: () => T, gone: T): T => {
    try {
      return read();
    } catch (error) {
      if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return gone;
      throw error;
    }
  };
  const folder = `/proc/${pid}/fd`;
  return look(() => readdirSync(folder), []).flatMap((fd) =>
    look<string[]>(() => [readlinkSync(`${folder}/${fd}`)], []),
  );
}

/** Whether a process exists and is not merely an unreaped zombie. */
export function alive(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

/** Process ids whose command line contains `text`. */
export function processesNaming(text: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && existsSync(`/proc/${name}/cmdline`))
    .map(Number)
    .filter((pid) => {
      try {
        return pid !== process.pid && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(text);
      } catch {
        return false;
      }
    });
}

/** Waits until `condition` holds; throws when `seconds` have gone by. */
export async function until(condition: () => boolean, what: string, seconds: number): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`waited ${seconds} s in vain until ${what}`);
    await new Promise((next) => setTimeout(next, 50));
  }
}
