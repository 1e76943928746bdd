/**
 * Builds executable jars with Gradle: one invocation at a time for each build, in this process or any other. Owns the
 * order of the steps; the imported files do them.
 */
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ServiceConfig } from '../../../config/model.ts';
import { failed, ok, type NotOk, type Outcome } from '../../../core/outcome.ts';
import { diskFull, saysDiskFull } from '../../../support/files/disk-full.ts';
import type { Lock } from '../../../support/files/lockfile.ts';
import type { RunProcess } from '../../../support/process/process.ts';
import { lockBuild } from '../lock.ts';
import { GradleAnswers, type KnownModel } from './answers.ts';
import { buildOf, clientOptions, type GradleBuild, type GradleEnvironment } from './build.ts';
import { GradleDaemons } from './daemons.ts';
import { gradleFailure } from './failure.ts';
import { writeInitScript } from './init-script.ts';
import { GradleLog } from './log.ts';
import { findGradleRoot, taskOf, type GradleModel } from './model.ts';
import { GradleOutputs } from './outputs.ts';
import { runGradle, type GradleResult } from './run.ts';
import { findJars, findSource, inputsIn, listOutputs, locateAll, outputsOf, testTasks } from './targets.ts';
import { finishWithJars, JarStaging } from '../staging.ts';
import { JarStages } from '../stages.ts';
import { isResolved, rememberResolved } from '../offline-record.ts';
import { withoutPasswords } from '../../image/transfer/redact.ts';
import { sourceFiles } from '../source-files.ts';
import type { Jar, JarBuilder } from '../../types.ts';

/** What the builder needs. */
export interface GradleParts {
  readonly run: RunProcess;
  /** Folder of appdev.yaml; file names are relative to it. */
  readonly projectRoot: string;
  /** Folder for what is kept between sessions. */
  readonly cache: string;
  readonly environment: GradleEnvironment;
  /** Called with a message for the user about work outside of any stage. */
  readonly tell: (message: string) => void;
}

/** A jar builder. `close` ends its daemons. */
export interface GradleBuilder extends JarBuilder {
  /** Ends what is still running. Call once, at the end of the session. */
  close(): Promise<void>;
}

/** Returns the builder. */
export function createGradleBuilder(parts: GradleParts): GradleBuilder {
  const cache = join(parts.cache, 'gradle');
  const answers = new GradleAnswers(cache, parts.environment.userHome);
  const daemons = new GradleDaemons(parts.run);
  const guard = new GradleOutputs(cache);
  const staging = new JarStaging();
  const closing = new AbortController();
  /** Running questions and builds, by root. Two clients at a time would need two daemons. */
  const asking = new Map<string, Promise<Outcome<KnownModel>>>();
  const building = new Map<string, number>();
  /** State of the build files at the last failed question, by root. It would fail again until they change. */
  const unanswered = new Map<string, string>();

  /** Starts Gradle for a build, and keeps its answer. */
  async function invoke(
    build: GradleBuild,
    request: { readonly tasks: readonly string[]; readonly asks: boolean; readonly tryOffline: boolean },
    shown: Pick<Parameters<typeof runGradle>[0], 'onLine' | 'note'>,
    signal: AbortSignal,
  ): Promise<Outcome<{ readonly result: GradleResult; readonly answer: KnownModel | undefined }>> {
    const startedMs = Date.now();
    const { tasks, asks, tryOffline } = request;
    const answer = await answers.prepare(build.asked, asks ? 'question' : 'build');
    const result = await runGradle(
      {
        run: parts.run,
        gradle: build.gradle,
        root: build.root,
        daemons,
        env: { GRADLE_OPTS: clientOptions(parts.environment.jvm) },
        request: { tasks, asks, initScript: await writeInitScript(cache), answer, args: build.asked.args },
        tryOffline,
        ...shown,
      },
      signal,
    );
    if (result.kind !== 'ok') return result;
    return ok({ result: result.value, answer: await answers.collect(build.asked, answer, startedMs) });
  }

  /** Asks a build about itself by having Gradle configure it. */
  async function ask(
    build: GradleBuild,
    services: string,
    signal: AbortSignal,
    note: (line: string) => void,
  ): Promise<Outcome<KnownModel>> {
    const request = { tasks: [':help'], asks: true, tryOffline: false };
    const invoked = await invoke(build, request, { onLine: () => undefined, note }, signal);
    if (invoked.kind !== 'ok') return invoked;
    const { result, answer } = invoked.value;
    if (result.exitCode !== 0) return await explain(build, services, result, undefined);
    if (answer !== undefined) return ok(answer);
    return failed(
      'SOURCE_BUILD_FAILED',
      `${services}: the build in ${build.root} does not say what it makes`,
      {
        hint: 'appdev asks by an init script that needs Gradle 4.4 or newer: update the wrapper',
      },
    );
  }

  /** The current model of a build. Two callers at the same time get one answer. */
  async function modelOf(
    build: GradleBuild,
    services: string,
    isFirst: boolean,
  ): Promise<Outcome<KnownModel>> {
    const running = asking.get(build.root);
    if (running !== undefined) return await running;
    // The first question starts a daemon, and Gradle may first download itself and its plugins.
    if (isFirst) parts.tell(`asking Gradle what the build in ${build.root} makes`);
    const question = ask(build, services, closing.signal, () => undefined);
    asking.set(build.root, question);
    try {
      return await question;
    } finally {
      asking.delete(build.root);
    }
  }

  async function explain(
    { root }: GradleBuild,
    services: string,
    { exitCode, lines }: GradleResult,
    model: GradleModel | undefined,
  ): Promise<NotOk> {
    if (lines.some(saysDiskFull)) {
      const outputs = (model?.projects ?? []).map(({ output }) => output);
      return await diskFull(
        `Gradle built ${services}`,
        [
          ...[root, ...outputs].map((path) => ({
            path,
            free: `free space on the disk of ${path}`,
          })),
          { path: join(homedir(), '.gradle'), free: 'remove old files from ~/.gradle/caches' },
          { path: tmpdir(), free: `empty ${tmpdir()}` },
        ],
        { exit: 3, evidence: lines.filter(saysDiskFull).slice(-3) },
      );
    }
    const files = sourceFiles(parts.projectRoot, root, (name) =>
      model === undefined ? undefined : findSource(model, name),
    );
    return { kind: 'failed', error: gradleFailure(services, exitCode, lines.map(withoutPasswords), files) };
  }

  async function make(
    build: GradleBuild,
    services: readonly ServiceConfig[],
    tests: boolean,
    stages: JarStages,
    signal: AbortSignal,
  ): Promise<Outcome<ReadonlyMap<string, Jar>>> {
    const names = services.map(({ name }) => name).join(', ');
    const note = (line: string): void => {
      stages.note(line);
    };
    const current = await answers.current(build.asked);
    const asked = current === undefined ? await ask(build, names, signal, note) : ok(current);
    if (asked.kind !== 'ok') return asked;
    const { model, settings } = asked.value;
    const targets = locateAll(services, model);
    if (targets.kind !== 'ok') return targets;
    const outputs = outputsOf(model, targets.value);
    const cleared = await guard.begin(outputs);
    if (cleared.kind !== 'ok') return cleared;
    const before = await listOutputs(targets.value);
    const jarTasks = targets.value.map(({ project, jar }) => taskOf(project, jar.task));
    const startedMs = Date.now();
    const log = new GradleLog(jarTasks);
    const invoked = await invoke(
      build,
      {
        tasks: [...(tests ? testTasks(model, targets.value) : []), ...jarTasks],
        asks: false,
        tryOffline: await isResolved(cache, build.root, settings, startedMs),
      },
      {
        note,
        onLine(stream, line) {
          const event = stream === 'stdout' ? log.read(line) : undefined;
          if (event?.type === 'compiling') stages.compiling(1);
          else if (event?.type === 'packs') stages.packs();
          else if (log.shows(line)) stages.output(stream, line);
        },
      },
      signal,
    );
    if (invoked.kind !== 'ok') return invoked;
    await guard.end(outputs);
    const { result, answer } = invoked.value;
    if (result.exitCode !== 0) return await explain(build, names, result, model);
    if (result.online) await rememberResolved(cache, build.root, answer?.settings ?? settings, startedMs);
    const told = answer === undefined ? targets : locateAll(services, answer.model);
    if (told.kind !== 'ok') return told;
    const built = await findJars(told.value, before, answer !== undefined);
    return built.kind === 'ok' ? await staging.collect(built.value) : built;
  }

  return {
    reactorOf(service) {
      return Promise.resolve(ok(findGradleRoot(service.path)));
    },

    async inputsOf(service) {
      const build = buildOf([service], parts.environment.jvm);
      if (build.kind !== 'ok') return build;
      const { root, asked } = build.value;
      const last = await answers.last(asked);
      const current = await answers.current(asked);
      if (current === undefined) {
        // The scan that asks may be what cancels this build, so it cannot wait for it. It asks again later.
        if ((building.get(root) ?? 0) > 0) {
          return failed('SOURCE_CHANGED', `the build files of ${root} changed during its build`);
        }
        const state = last === undefined ? undefined : answers.stateOf(last.model, asked);
        if (state !== undefined && unanswered.get(root) === state) {
          return failed('SOURCE_BUILD_FAILED', `the build in ${root} cannot be configured`);
        }
        const known = await modelOf(build.value, service.name, last === undefined);
        if (known.kind !== 'ok') {
          if (known.kind === 'failed' && state !== undefined) unanswered.set(root, state);
          return known;
        }
        return inputsIn(known.value.model, service);
      }
      return inputsIn(current.model, service);
    },

    async build({ services, tests }, { signal, report }) {
      const stages = new JarStages(report, 'module');
      const build = buildOf(services, parts.environment.jvm);
      if (build.kind !== 'ok') return stages.finish(build);
      const { root } = build.value;
      building.set(root, (building.get(root) ?? 0) + 1);
      let lock: Outcome<Lock> | undefined;
      try {
        await asking.get(root);
        lock = await lockBuild('gradle', root, signal, (line) => {
          stages.note(line);
        });
        if (lock.kind !== 'ok') return stages.finish(lock);
        return await finishWithJars(
          stages,
          services,
          async () => await make(build.value, services, tests, stages, signal),
        );
      } finally {
        building.set(root, (building.get(root) ?? 1) - 1);
        if (lock?.kind === 'ok') await lock.value.release();
      }
    },

    async close() {
      closing.abort('shutdown');
      await Promise.allSettled(asking.values());
      await daemons.stop();
    },
  };
}
