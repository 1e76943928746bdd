/**
 * Runs the shipped appdev on copies of the fixture, in a namespace of its own, and reads its NDJSON events. Waits for
 * conditions, never for time: a wait that does not come true ends with what was seen instead.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { AppEvent } from '../../src/core/events.ts';
import { freePort } from './free-port.ts';
import { appdevBin, copySources, copyWarm, folderOf, hasten, type Fixture } from './project-copy.ts';
import { apiGet, hasNamespace, type KubeItem } from './sandbox-api.ts';

/** How long a condition may take before the test fails, in milliseconds. */
const patience = 180_000;

/** A finished command. */
export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A project in a temporary folder and a namespace in the sandbox. */
export interface Rig {
  readonly folder: string;
  readonly namespace: string;
  readonly env: NodeJS.ProcessEnv;
  /** Ports of this machine that `dev` forwards, by what stands in their place in the project's own appdev.yaml. */
  readonly forwards: ReadonlyMap<number, number>;
  /** `address:port` of a Service, which answers from this machine. It is asked once, and again after `forget`. */
  address(service: string): Promise<string>;
  forget(service: string): void;
  /** Runs appdev to its end. */
  appdev(...args: readonly string[]): Promise<Ran>;
  /** Starts `appdev dev --output json` (or another command) and follows its events. */
  start(...args: readonly string[]): Session;
  kubectl(...args: readonly string[]): string;
  /** `kubectl … -o json`, parsed. */
  objects(kind: string): readonly KubeItem[];
  read(file: string): string;
  write(file: string, text: string): void;
  replace(file: string, from: string, to: string): void;
  dispose(): Promise<void>;
}

/** A running appdev. */
export interface Session {
  readonly events: readonly AppEvent[];
  readonly child: ChildProcess;
  readonly stderr: () => string;
  /** The first event at or after `from` (an index into `events`) that fits; fails when appdev ends first. */
  waitFor<T extends AppEvent['type']>(
    type: T,
    fits?: (event: Extract<AppEvent, { type: T }>) => boolean,
    from?: number,
  ): Promise<Extract<AppEvent, { type: T }>>;
  /** Sends a signal and waits for the end; the exit code. */
  end(signal?: NodeJS.Signals): Promise<number | null>;
  readonly exited: Promise<number | null>;
}

/** What a rig may be given. */
export interface RigOptions {
  /** The fixture to copy; default: spring-app. */
  readonly fixture?: Fixture;
  /** The copy has its sources only: nothing was ever built there. */
  readonly cold?: boolean;
  /** Folder of another project to copy. */
  readonly project?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Programs that are to be found under another one's name: `{ helm: 'helm3' }`. */
  readonly tools?: Readonly<Record<string, string>>;
}

let counter = 0;

/** Copies a project (default: a warm spring-app) and names a fresh namespace for it. */
export function createRig(options: RigOptions = {}): Rig {
  counter += 1;
  const folder = mkdtempSync(join(tmpdir(), 'appdev-e2e-'));
  copyProject(options, folder);
  const forwards = movePorts(folder);
  const addresses = new Map<string, Promise<string>>();
  const namespace = `e2e-${process.pid}-${counter}`;
  // CI changes what `auto` means and which files are read; the tests want the desk's behaviour unless they ask.
  const { CI: _ci, ...desk } = process.env;
  const tools = mkdtempSync(join(tmpdir(), 'appdev-e2e-tools-'));
  for (const [name, target] of Object.entries(options.tools ?? {}))
    symlinkSync(which(target), join(tools, name));
  const env: NodeJS.ProcessEnv = {
    ...desk,
    PATH: `${tools}:${desk['PATH'] ?? ''}`,
    APPDEV_NAMESPACE: namespace,
    ...options.env,
  };
  const running = new Set<ChildProcess>();

  const launch = (args: readonly string[], stdio: 'pipe'): ChildProcess => {
    const child = spawn(process.execPath, [appdevBin, ...args], { cwd: folder, env, stdio });
    running.add(child);
    child.on('close', () => running.delete(child));
    return child;
  };

  return {
    folder,
    namespace,
    env,
    forwards,
    async address(service) {
      const known = addresses.get(service) ?? addressOf(namespace, service);
      addresses.set(service, known);
      return await known;
    },
    forget(service) {
      addresses.delete(service);
    },
    async appdev(...args) {
      const child = launch(args, 'pipe');
      const out = collect(child.stdout);
      const err = collect(child.stderr);
      child.stdin?.end();
      const code = await new Promise<number | null>((done) => child.on('close', done));
      return { code, stdout: out(), stderr: err() };
    },
    start(...args) {
      return follow(launch([...args, '--output', 'json'], 'pipe'));
    },
    kubectl(...args) {
      return kubectl(['-n', namespace, ...args]);
    },
    objects(kind) {
      const list: unknown = JSON.parse(kubectl(['-n', namespace, 'get', kind, '-o', 'json']));
      return (list as { items: KubeItem[] }).items;
    },
    read: (file) => readFileSync(join(folder, file), 'utf8'),
    write(file, text) {
      const path = join(folder, file);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    },
    replace(file, from, to) {
      const path = join(folder, file);
      const text = readFileSync(path, 'utf8');
      if (!text.includes(from)) throw new Error(`${file} does not contain '${from}'`);
      writeFileSync(path, text.replace(from, to));
    },
    async dispose() {
      for (const child of running) child.kill('SIGKILL');
      await Promise.all([...running].map((child) => new Promise((done) => child.on('close', done))));
      kubectl(['delete', 'namespace', namespace, '--ignore-not-found', '--wait=false']);
      for (const path of [folder, tools]) rmSync(path, { recursive: true, force: true });
    },
  };
}

function copyProject({ fixture = 'spring-app', cold = false, project }: RigOptions, folder: string): void {
  if (project !== undefined) copySources(project, folder);
  else if (cold) {
    copySources(folderOf(fixture), folder);
    hasten(folder);
  } else copyWarm(fixture, folder);
}

/** Has each forward of a project start at a free port: other tests run beside this one. A git clone stays clean. */
function movePorts(folder: string): ReadonlyMap<number, number> {
  const moved = new Map<number, number>();
  if (existsSync(join(folder, '.git'))) return moved;
  const file = join(folder, 'appdev.yaml');
  const text = readFileSync(file, 'utf8').replaceAll(/(?<=forward: \[')\d+(?=:\d+'\])/g, (port) => {
    moved.set(Number(port), freePort());
    return String(moved.get(Number(port)));
  });
  writeFileSync(file, text);
  return moved;
}

async function addressOf(namespace: string, service: string): Promise<string> {
  const found = await apiGet(`/api/v1/namespaces/${namespace}/services/${service}`);
  if (found === undefined) throw new Error(`there is no Service ${service}`);
  const { clusterIP, ports } = found['spec'] as {
    readonly clusterIP: string;
    readonly ports: readonly { readonly port: number }[];
  };
  return `${clusterIP}:${ports[0]?.port}`;
}

/** The events that a command with `--output json` printed. */
export function eventsIn(stdout: string): readonly AppEvent[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as AppEvent);
}

/** Runs kubectl against the sandbox; throws with its words when it fails. */
export function kubectl(args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync('kubectl', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
  return stdout;
}

/** Calls `look` until it returns something, about every 50 ms; fails after `patience` with the last error. */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined> | T | undefined,
): Promise<T> {
  const end = Date.now() + patience;
  let last: unknown;
  while (Date.now() < end) {
    try {
      const found = await look();
      if (found !== undefined) return found;
    } catch (error) {
      last = error;
    }
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error(
    `${what} did not happen within ${patience / 1000} s${last instanceof Error ? `: ${last.message}` : ''}`,
  );
}

function which(program: string): string {
  const { status, stdout } = spawnSync('which', [program], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} is not on the PATH: is the sandbox's environment set?`);
  return stdout.trim();
}

function collect(stream: NodeJS.ReadableStream | null): () => string {
  let text = '';
  stream?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  return () => text;
}

function follow(child: ChildProcess): Session {
  const events: AppEvent[] = [];
  const stderr = collect(child.stderr);
  const wakes = new Set<() => void>();
  let code: number | null | undefined;
  const wakeAll = (): void => {
    for (const wake of wakes) wake();
  };
  const exited = new Promise<number | null>((done) =>
    child.on('close', (exit) => {
      code = exit;
      done(exit);
      wakeAll();
    }),
  );
  if (child.stdout === null) throw new Error('appdev was started without a pipe');
  createInterface({ input: child.stdout }).on('line', (line) => {
    events.push(JSON.parse(line) as AppEvent);
    wakeAll();
  });
  const tail = (): string =>
    events
      .slice(-15)
      .map((event) => JSON.stringify(event).slice(0, 400))
      .join('\n');

  return {
    events,
    child,
    stderr,
    exited,
    async waitFor(type, fits = () => true, from = 0) {
      let position = from;
      const end = Date.now() + patience;
      for (;;) {
        for (; position < events.length; position += 1) {
          const event = events[position];
          if (event?.type !== type) continue;
          const narrowed = event as Extract<AppEvent, { type: typeof type }>;
          if (fits(narrowed)) return narrowed;
        }
        if (code !== undefined) {
          throw new Error(`appdev ended (${code}) before ${type}\n${tail()}\n${stderr()}`);
        }
        const left = end - Date.now();
        if (left <= 0) throw new Error(`no ${type} within ${patience / 1000} s; the last events:\n${tail()}`);
        await new Promise<void>((done) => {
          const wake = (): void => {
            clearTimeout(timer);
            wakes.delete(wake);
            done();
          };
          const timer = setTimeout(wake, left);
          wakes.add(wake);
        });
      }
    },
    async end(signal = 'SIGINT') {
      child.kill(signal);
      return await exited;
    },
  };
}

/**
 * Waits until no signal is pending for a session any more: it has seen the one that was sent, and a second one counts as
 * a second. Linux delivers one of a kind at a time.
 */
export async function signalArrived({ child }: Session): Promise<void> {
  await eventually('the signal to arrive', () => {
    const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
    return /^(?:SigPnd|ShdPnd):\t0*[^0\s]/m.test(status) ? undefined : true;
  });
}

/** Text that a Service answers with now, over a new connection to its cluster IP, which answers from this machine. */
export async function served(rig: Rig, service: string, path = '/'): Promise<string> {
  let response: Response;
  try {
    response = await fetch(`http://${await rig.address(service)}${path}`, {
      headers: { connection: 'close' },
      signal: AbortSignal.timeout(2000),
    });
  } catch (error) {
    // The Service may come yet, or have been made anew with another address.
    rig.forget(service);
    throw error;
  }
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return await response.text();
}

/**
 * Waits until a Service answers with exactly this text, or with one that matches. A pod that became ready gets
 * connections up to a second later: kube-proxy gathers changes for as long (its minSyncPeriod) and refuses them until then.
 */
export async function serves(rig: Rig, service: string, text: string | RegExp, path = '/'): Promise<void> {
  await eventually(`${service}${path} to answer '${text}'`, async () => {
    const answer = await served(rig, service, path);
    return (typeof text === 'string' ? answer === text : text.test(answer)) ? true : undefined;
  });
}

/**
 * Waits until a Service answers with this text and no other: while an old pod leaves, both answer.
 */
export async function servesOnly(rig: Rig, service: string, text: string): Promise<void> {
  await eventually(`only '${text}' to be served`, async () => {
    for (let i = 0; i < 20; i += 1) {
      if (!(await served(rig, service)).includes(text)) return undefined;
    }
    return true;
  });
}

/** Waits until a namespace (default: the rig's own) is gone; Kubernetes takes a moment to empty it. */
export async function namespaceGone({ namespace }: Pick<Rig, 'namespace'>): Promise<void> {
  await eventually(`${namespace} to be gone`, async () =>
    (await hasNamespace(namespace)) ? undefined : true,
  );
}

/** A process that a rig's appdev is or has started. */
export interface RigProcess {
  readonly pid: number;
  readonly command: string;
  /** Id of the appdev session that started it; empty for appdev itself. */
  readonly session: string;
}

/** Processes whose environment carries this rig's namespace: appdev and everything that it started. */
export function processesOf(rig: Rig): readonly RigProcess[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const variables = readFileSync(`/proc/${name}/environ`, 'utf8').split('\0');
      if (!variables.includes(`APPDEV_NAMESPACE=${rig.namespace}`)) return [];
      const mark = variables.find((variable) => variable.startsWith('APPDEV_SESSION='));
      return [
        {
          pid: Number(name),
          command: readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim(),
          session: mark?.slice('APPDEV_SESSION='.length) ?? '',
        },
      ];
    } catch {
      // It ended while it was looked at.
      return [];
    }
  });
}
