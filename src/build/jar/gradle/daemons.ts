/**
 * The Gradle daemons of this session. They stay warm between builds, belong to this session alone (a registry of their own,
 * so that neither the IDE's builds nor another session's come to them), and end with it: by `stop`, by the kill of all
 * children when the process ends in a hurry, and after SIGKILL by the next start, which knows them by their environment.
 *
 * A client that is cancelled tells its daemon by going away; the daemon then cancels the build and goes on living, and
 * stops itself when that takes it more than 10 s (Gradle's own grace period, DaemonStateCoordinator). Until then it may
 * still write to the project: a running compiler goes on to its end. `settle` waits for that moment.
 */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { endGroup, registerGroup, releaseGroup } from '../../../support/process/children.ts';
import { detachedGroups } from '../../../support/process/leftovers.ts';
import { environmentOf, groupOf, isGroupAlive } from '../../../support/process/proc.ts';
import type { RunProcess } from '../../../support/process/process.ts';
import { sessionId, sessionVariable } from '../../../support/process/mark.ts';
import { makeTempFolder } from '../../../support/files/temp.ts';
import type { GradleTool } from './tool.ts';

/** Without use, a daemon ends by itself after this time, in milliseconds: should nobody be left to end it. */
const idleMs = 60 * 60 * 1000;

/** Gradle gives a cancelled build 10 s; after a little more, the daemon is ended here. */
const settleMs = 12_000;

/** How long a daemon may take to end after SIGTERM, in milliseconds. */
const graceMs = 3000;

/** A daemon as `gradle --status` lists it. */
export interface DaemonStatus {
  readonly pid: number;
  /** `IDLE`, `BUSY`, `CANCELED`, `STOPPED`, … */
  readonly state: string;
}

/** The daemons of one session. */
export class GradleDaemons {
  readonly #run: RunProcess;
  readonly #groups = new Set<number>();
  #folder: string | undefined;

  constructor(run: RunProcess) {
    this.#run = run;
  }

  /** Arguments by which a client uses these daemons and no others. */
  arguments(): readonly string[] {
    this.#folder ??= makeTempFolder('gradle');
    return [`-Dorg.gradle.daemon.registry.base=${this.#folder}`, `-Dorg.gradle.daemon.idletimeout=${idleMs}`];
  }

  /** After each client: takes note of the daemons that it may have started, so that they end with this process. */
  adopt(): void {
    for (const group of this.#groups) if (!isGroupAlive(group)) this.#forget(group);
    for (const pid of this.#pids()) {
      // A daemon leads a group of its own. One that could not leave its client's has ended with it.
      if (this.#groups.has(pid) || groupOf(pid) !== pid || !isOurs(pid)) continue;
      this.#groups.add(pid);
      registerGroup(pid);
    }
  }

  /** Text that changes whenever a daemon begins or ends a build: it notes that in its registry first. */
  state(): string {
    return this.#versions()
      .map((version) => statSync(join(version, 'registry.bin'), { bigint: true, throwIfNoEntry: false }))
      .map((stat) => (stat === undefined ? '' : `${stat.ino} ${stat.size} ${stat.ctimeNs}`))
      .join('\n');
  }

  /**
   * After a client was cancelled: resolves when no daemon builds any more. One that does not come to rest is ended.
   *
   * @param before `state` before the client was started. Unchanged, it says that no daemon has begun anything; should one
   *   only now read what the client asked for, it finds the client gone and cancels before the first task.
   */
  async settle(
    gradle: GradleTool,
    root: string,
    env: Readonly<Record<string, string>>,
    before: string,
  ): Promise<void> {
    this.adopt();
    if (this.state() === before) return;
    const deadline = performance.now() + settleMs;
    const signal = AbortSignal.timeout(settleMs + 5000);
    for (;;) {
      const finished = await this.#run(
        {
          tool: gradle.tool,
          args: [...gradle.args, '--status', ...this.arguments()],
          cwd: root,
          env,
        },
        { signal },
      );
      const found =
        finished.kind === 'exited' && finished.exitCode === 0 ? parseStatus(finished.stdout) : undefined;
      const working = found?.filter(({ state }) => state !== 'IDLE' && state !== 'STOPPED');
      if (working?.length === 0) return;
      if (working === undefined || performance.now() >= deadline) {
        // Whatever it was doing, it does not do it any longer; the next client starts another daemon.
        const pids = working?.map(({ pid }) => pid) ?? this.#pids();
        await Promise.all(pids.map(async (pid) => await this.#end(pid)));
        return;
      }
    }
  }

  /** Ends them all, also what they started and left behind. To be called at the end of the session. */
  async stop(): Promise<void> {
    this.adopt();
    if (this.#folder === undefined) return;
    const groups = new Set([...this.#groups, ...detachedGroups()]);
    await Promise.all([...groups].map(async (pid) => await this.#end(pid)));
  }

  async #end(group: number): Promise<void> {
    await endGroup(group, graceMs);
    this.#forget(group);
  }

  #forget(group: number): void {
    this.#groups.delete(group);
    releaseGroup(group);
  }

  /** By the names of their log files, `<version>/daemon-<pid>.out.log`. */
  #pids(): number[] {
    return this.#versions().flatMap((version) =>
      readdirSync(version).flatMap((name) => {
        const pid = /^daemon-(\d+)\.out\.log$/.exec(name)?.[1];
        return pid === undefined ? [] : [Number(pid)];
      }),
    );
  }

  /** The folders of the registry, one for each version of Gradle. */
  #versions(): string[] {
    const folder = this.#folder;
    return folder === undefined || !existsSync(folder)
      ? []
      : readdirSync(folder).map((name) => join(folder, name));
  }
}

/** Whether the process with a daemon's number is that daemon still: by its mark, where a process's environment can be read. */
function isOurs(pid: number): boolean {
  const environment = environmentOf(pid);
  return environment.length === 0 || environment.includes(`${sessionVariable}=${sessionId}`);
}

/** The lines ` 28411 IDLE     7.0` of `gradle --status`. */
export function parseStatus(text: string): DaemonStatus[] {
  return [...text.matchAll(/^\s*(\d+)\s+([A-Z_]+)(?:\s|$)/gm)].map(([, pid, state]) => ({
    pid: Number(pid),
    state: state ?? '',
  }));
}
