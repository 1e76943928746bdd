/**
 * One build of a reactor. Starts Maven again with the network if something is missing offline, without our JVM options
 * if the JVM rejects them, and from scratch if someone else wrote to the output in between. It does each of these once
 * or twice and says so.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { cancelled, failed, ok, type Outcome } from '../../../core/outcome.ts';
import type { RunProcess } from '../../../support/process/process.ts';
import { isSessionAlive, sessionId } from '../../../support/process/mark.ts';
import { mavenArguments, mindsNetwork, type MavenRequest } from './command.ts';
import type { Jdk, JvmEnvironment } from '../jdk.ts';
import { isOfflineFailure } from './failure.ts';
import { archiveName, blamesJvmOptions, planJvm, readUserOptions, type JvmPlan } from './jvm.ts';
import { compiledIn, isWorthShowing } from './log.ts';
import { readEvent } from './listener/events.ts';
import { answersVariable, markVariable } from './listener/source.ts';
import type { MavenTool } from './tool.ts';
import type { GuardedModule, OutputGuard } from './output-guard.ts';
import { makeTempFolder } from '../../../support/files/temp.ts';
import type { JarStages } from '../stages.ts';

/** What a build needs. */
export interface MavenRun {
  readonly run: RunProcess;
  readonly maven: MavenTool;
  readonly jdk: Jdk | undefined;
  readonly jvm: JvmEnvironment;
  /** Folder of the reactor's top. */
  readonly top: string;
  /** Folder for class archives. */
  readonly archives: string;
  readonly request: Omit<MavenRequest, 'offline' | 'listener'>;
  /** Everything was in the repository at the last build, so use only the local repository. */
  readonly tryOffline: boolean;
  readonly guard: OutputGuard;
  /** Folder with the listener's class. */
  readonly listener: string;
  /** The pom files of the modules whose jars are wanted. */
  readonly wanted: readonly string[];
  readonly modules: readonly GuardedModule[];
  readonly stages: JarStages;
}

/** How it ended. */
export interface MavenResult extends Attempt {
  /** It resolved its dependencies with the network allowed. */
  readonly online: boolean;
}

/** One start of Maven. */
interface Attempt {
  readonly exitCode: number;
  /** False if a goal failed, even if Maven was told to go on (`-fn`) and its exit code is 0. */
  readonly succeeded: boolean;
  /** Its output, with what the listener said about failures that the log does not show. */
  readonly lines: readonly string[];
  /** The artifacts that it made: absolute paths by pom file. */
  readonly made: ReadonlyMap<string, readonly string[]>;
}

/** How often a build is repeated because someone wrote to its output. */
const maxDisturbed = 2;

/** JVMs that rejected our options in this session, by Maven and JDK. */
const refused = new Set<string>();

/**
 * Runs the build. Fails with TOOL_MISSING, with SOURCE_CHANGED if others keep writing to the output, or with
 * SOURCE_BUILD_FAILED if outdated output cannot be removed.
 */
export async function runMaven(build: MavenRun, signal: AbortSignal): Promise<Outcome<MavenResult>> {
  const { stages, guard, modules } = build;
  let offline = build.tryOffline && !mindsNetwork(build.request.args);
  let disturbed = 0;
  for (;;) {
    const cleared = await guard.begin(modules, disturbed > 0);
    if (cleared.kind !== 'ok') return cleared;
    const plan = jvmPlan(build);
    const attempt = await start(build, { ...build.request, offline }, plan, signal);
    if (attempt.kind !== 'ok') {
      guard.end(false);
      return attempt;
    }
    const { succeeded, lines } = attempt.value;
    const strangers = guard.end(succeeded);
    if (strangers.length > 0) {
      // Whether it failed means nothing then: a plugin may have read a half-written class.
      disturbed += 1;
      const where = strangers.map((folder) => join(folder, 'target', 'classes')).join(' and ');
      if (disturbed > maxDisturbed) {
        return failed('SOURCE_CHANGED', `another program keeps writing to ${where} while Maven builds it`, {
          hint: 'make your IDE build into another folder, or turn off its automatic build for this project',
          exit: 3,
        });
      }
      stages.note(`another program wrote to ${where} during the build: building again`);
    } else if (succeeded) {
      return ok({ ...attempt.value, online: !offline });
    } else if (offline && isOfflineFailure(lines)) {
      offline = false;
      stages.note('something is not in the local repository: building again with the network');
    } else if (plan.isOurs && blamesJvmOptions(lines)) {
      refused.add(identityOf(build));
      stages.note("Maven's JVM rejects appdev's options: building again without them");
    } else {
      return ok({ ...attempt.value, online: !offline });
    }
  }
}

async function start(
  build: MavenRun,
  request: Omit<MavenRequest, 'listener'>,
  plan: JvmPlan,
  signal: AbortSignal,
): Promise<Outcome<Attempt>> {
  const { maven, stages, guard, wanted, listener } = build;
  const mark = `@appdev ${randomBytes(8).toString('hex')} `;
  const answers = makeTempFolder('maven');
  const heard = new Heard(guard, stages, wanted, answers);
  if (plan.writes !== undefined) await mkdir(dirname(plan.writes.draft), { recursive: true });
  try {
    const finished = await build.run(
      {
        tool: maven.tool,
        args: [...maven.args, ...mavenArguments({ ...request, listener })],
        cwd: build.top,
        env: { MAVEN_OPTS: plan.mavenOpts, [markVariable]: mark, [answersVariable]: answers },
      },
      {
        signal,
        onLine(stream, line) {
          if (line.startsWith(mark)) heard.event(line.slice(mark.length));
          else heard.line(stream, line);
        },
      },
    );
    if (finished.kind === 'cancelled') return cancelled(signal);
    if (finished.kind === 'missing') {
      return failed('TOOL_MISSING', `${maven.tool} no longer exists`, {
        hint: 'install Maven, or restore the wrapper',
      });
    }
    if (finished.exitCode === 0 && plan.writes !== undefined && existsSync(plan.writes.draft)) {
      await rename(plan.writes.draft, plan.writes.archive);
      await tidyArchives(build.archives);
    }
    const lines = finished.lines.filter((line) => !line.startsWith(mark));
    return ok(heard.attempt(finished.exitCode, lines));
  } finally {
    await rm(answers, { recursive: true, force: true });
    if (plan.writes !== undefined) await rm(plan.writes.draft, { force: true });
  }
}

/** What one start of Maven says, passed on to the guard and the stages while it runs. */
class Heard {
  readonly #guard: OutputGuard;
  readonly #stages: JarStages;
  readonly #answers: string;
  /** The wanted modules that are not packed yet. */
  readonly #unpacked: Set<string>;
  readonly #made = new Map<string, string[]>();
  readonly #said: string[] = [];
  #failed = false;

  /** @param answers folder in which Maven looks for answers */
  constructor(guard: OutputGuard, stages: JarStages, wanted: readonly string[], answers: string) {
    this.#answers = answers;
    this.#guard = guard;
    this.#stages = stages;
    this.#unpacked = new Set(wanted);
  }

  /** A line of the listener, without its mark. */
  event(text: string): void {
    const event = readEvent(text);
    switch (event?.type) {
      case 'started':
        this.#guard.started(event.goal);
        this.#answer(event.number);
        if (!packing.has(`${event.goal.plugin}:${event.goal.goal}`)) return;
        if (this.#unpacked.delete(event.goal.pom) && this.#unpacked.size === 0) this.#stages.packs();
        return;
      case 'ended':
        this.#guard.ended(event.goal);
        this.#answer(event.number);
        return;
      case 'said':
        this.#said.push(`[ERROR] ${event.line}`);
        return;
      case 'made':
        this.#made.set(event.pom, [...(this.#made.get(event.pom) ?? []), event.file]);
        return;
      case 'session':
        this.#failed = event.failed;
        return;
      case undefined:
        return;
    }
  }

  /** A line of the log. */
  line(stream: 'stdout' | 'stderr', line: string): void {
    const files = compiledIn(line);
    if (files !== undefined) this.#stages.compiling(files);
    else if (isWorthShowing(line)) this.#stages.output(stream, line);
  }

  /** Lets Maven go on. */
  #answer(number: number): void {
    if (number > 0) writeFileSync(join(this.#answers, String(number)), '');
  }

  attempt(exitCode: number, lines: readonly string[]): Attempt {
    // With `-l`, the log is in a file.
    const isShown = lines.some((line) => line.startsWith('[ERROR]'));
    if (!isShown) for (const line of this.#said) this.#stages.output('stdout', line);
    return {
      exitCode,
      succeeded: exitCode === 0 && !this.#failed,
      lines: isShown ? lines : [...lines, ...this.#said],
      made: this.#made,
    };
  }
}

/** Goals that put a module's classes into its archive. */
const packing = new Set(['jar:jar', 'war:war', 'spring-boot:repackage']);

/**
 * Archives older than this belong to Mavens and JVMs that are gone, in milliseconds. One that is still in use is
 * written again, once.
 */
const archiveAgeMs = 30 * 24 * 60 * 60 * 1000;

/** Removes what past builds left: old archives (20 to 30 MB each), and drafts of killed sessions. */
async function tidyArchives(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const session = /^draft-(.*)\.jsa$/.exec(name)?.[1];
    const isOld = name.endsWith('.jsa') && Date.now() - (await stat(path)).mtimeMs > archiveAgeMs;
    if (session === undefined ? isOld : !isSessionAlive(session)) await rm(path, { force: true });
  }
}

function jvmPlan(build: MavenRun): JvmPlan & { readonly isOurs: boolean } {
  const user = readUserOptions(build.top, build.jvm);
  if (refused.has(identityOf(build))) return { mavenOpts: user.mavenOpts, isOurs: false };
  const { jdk, maven, archives } = build;
  if (jdk === undefined) return { ...planJvm(user, undefined), isOurs: true };
  const path = join(archives, archiveName(maven, jdk));
  const draft = join(archives, `draft-${sessionId}.jsa`);
  return { ...planJvm(user, jdk, { path, exists: existsSync(path), draft }), isOurs: true };
}

function identityOf({ maven, jdk }: MavenRun): string {
  return `${maven.identity}\n${jdk?.identity}`;
}
