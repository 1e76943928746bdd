/**
 * The Gradle daemons of this session. They stay warm between builds and belong to this session alone: they have their
 * own registry, so no build of the IDE or of another session reaches them. They end with the session: by `stop`, by the
 * kill of all children if the process ends in a hurry, and after SIGKILL by the next start, which recognises them by
 * their environment.
 *
 * A cancelled client tells its daemon by disconnecting. The daemon then cancels the build and stays alive, but it stops
 * itself if that takes more than 10 s (Gradle's own grace period, DaemonStateCoordinator). Until then it may still
 * write to the project: a running compiler continues to its end. `settle` waits until that is over.
 */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { endGroup, registerGroup, releaseGroup } from '../../../support/process/children.ts';
import { daemonsIn } from '../../../support/process/leftovers.ts';
import { environmentOf, groupOf, isGroupAlive } from '../../../support/process/proc.ts';
import type { RunProcess } from '../../../support/process/process.ts';
import { isOfThisSession } from '../../../support/process/session-folder.ts';
import { makeTempFolder } from '../../../support/files/temp.ts';
import type { GradleTool } from './tool.ts';

/** An unused daemon ends by itself after this time, in milliseconds, in case nobody is left to end it. */
const idleMs = 60 * 60 * 1000;

/**
 * How long to wait for a cancelled build, in milliseconds. Gradle allows 10 s; a little later appdev ends the daemon.
 */
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

  /** Arguments that make a client use these daemons and no others. */
  arguments(): readonly string[] {
    this.#folder ??= makeTempFolder('gradle');
    return [`-Dorg.gradle.daemon.registry.base=${this.#folder}`, `-Dorg.gradle.daemon.idletimeout=${idleMs}`];
  }

  /** Call after each client. Notes the daemons it may have started, so that they end with this process. */
  adopt(): void {
    for (const group of this.#groups) if (!isGroupAlive(group)) this.#forget(group);
    for (const pid of this.#pids()) {
      // A daemon leads its own group. One that stayed in its client's group has ended with it.
      if (this.#groups.has(pid) || groupOf(pid) !== pid || !isOurs(pid)) continue;
      this.#groups.add(pid);
      registerGroup(pid);
    }
  }

  /** A text that changes whenever a daemon begins or ends a build: the daemon notes that in its registry first. */
  state(): string {
    return this.#versions()
      .map((version) => statSync(join(version, 'registry.bin'), { bigint: true, throwIfNoEntry: false }))
      .map((stat) => (stat === undefined ? '' : `${stat.ino} ${stat.size} ${stat.ctimeNs}`))
      .join('\n');
  }

  /**
   * Call after a client was cancelled. Resolves when no daemon builds any more, and ends a daemon that does not come to
   * rest.
   *
   * @param before `state` before the client was started. If it is unchanged, no daemon has begun anything. A daemon
   *   that only now reads the request finds the client gone, and cancels before the first task.
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
        // Whatever the daemon was doing, it has stopped. The next client starts another daemon.
        const pids = working?.map(({ pid }) => pid) ?? this.#pids();
        await Promise.all(pids.map(async (pid) => await this.#end(pid)));
        return;
      }
    }
  }

  /**
   * Ends all daemons, including one that a cancelled client had just started. Call at the end of the session. Other
   * daemons that a build started, such as gpg-agent, stay.
   */
  async stop(): Promise<void> {
    this.adopt();
    if (this.#folder === undefined) return;
    const groups = new Set([...this.#groups, ...daemonsIn(this.#folder)]);
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

  /** Process ids from the names of the daemons' log files, `<version>/daemon-<pid>.out.log`. */
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

/**
 * True if the process with a daemon's id is still that daemon. Its mark decides, if the process's environment can be
 * read.
 */
function isOurs(pid: number): boolean {
  const environment = environmentOf(pid);
  return environment.length === 0 || isOfThisSession(environment);
}

/** The lines ` 28411 IDLE     7.0` of `gradle --status`. */
export function parseStatus(text: string): DaemonStatus[] {
  return [...text.matchAll(/^[ \t]*(\d+)[ \t]+([A-Z_]+)(?:\s|$)/gm)].map(([, pid, state]) => ({
    pid: Number(pid),
    state: state ?? '',
  }));
}
