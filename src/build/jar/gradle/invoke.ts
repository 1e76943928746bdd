/** One invocation of Gradle, for a build or for a question about it. Keeps what the build says about itself. */
import { ok, type Outcome } from '../../../core/outcome.ts';
import type { RunProcess } from '../../../support/process/process.ts';
import type { JvmEnvironment } from '../jdk.ts';
import type { GradleAnswers, KnownModel } from './answers.ts';
import { clientOptions, type GradleBuild } from './build.ts';
import type { GradleDaemons } from './daemons.ts';
import { writeInitScript } from './init-script.ts';
import { runGradle, type GradleResult } from './run.ts';

/** What every invocation of a session uses. */
export interface InvokeParts {
  readonly run: RunProcess;
  /** Folder for the init script. */
  readonly cache: string;
  readonly daemons: GradleDaemons;
  readonly answers: GradleAnswers;
  /** What the environment says about the JVM of the client. */
  readonly jvm: JvmEnvironment;
}

/** What one invocation is to do. */
export interface Invocation extends Pick<Parameters<typeof runGradle>[0], 'onLine' | 'note'> {
  /** Full names of tasks. */
  readonly tasks: readonly string[];
  /** True for a question, which the build itself must answer, not the configuration cache. */
  readonly asks: boolean;
  readonly tryOffline: boolean;
}

/** How it ended. `answer` is absent if the build said nothing, because it failed early or was cached. */
export interface Invoked {
  readonly result: GradleResult;
  readonly answer: KnownModel | undefined;
}

/** Starts Gradle, and keeps its answer. Fails as `runGradle` does. An exit code other than 0 is no failure here. */
export async function invokeGradle(
  { run, cache, daemons, answers, jvm }: InvokeParts,
  build: GradleBuild,
  { tasks, asks, tryOffline, onLine, note }: Invocation,
  signal: AbortSignal,
): Promise<Outcome<Invoked>> {
  const startedMs = Date.now();
  const answer = await answers.prepare(build.asked, asks ? 'question' : 'build');
  const result = await runGradle(
    {
      run,
      gradle: build.gradle,
      root: build.root,
      daemons,
      env: { GRADLE_OPTS: clientOptions(jvm) },
      request: { tasks, asks, initScript: await writeInitScript(cache), answer, args: build.asked.args },
      tryOffline,
      onLine,
      note,
    },
    signal,
  );
  if (result.kind !== 'ok') return result;
  return ok({ result: result.value, answer: await answers.collect(build.asked, answer, startedMs) });
}
