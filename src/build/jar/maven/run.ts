/**
 * One build of a reactor. Starts Maven again with the network if something is missing offline, without our JVM options
 * if the JVM rejects them, and from scratch if someone else wrote to the output in between. It does each of these once
 * or twice and says so.
 */
import { existsSync } from 'node:fs';
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
import { Heard, type Attempt } from './heard.ts';
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
      const where = strangers.join(' and ');
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
