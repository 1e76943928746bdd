/**
 * Compiles and packs with Gradle: one invocation at a time for each build, in this process or any other. Owns the
 * order of the steps; the imported files do them.
 */
import { join } from 'node:path';
import type { ServiceConfig } from '../../../config/model.ts';
import { ok, type Outcome } from '../../../core/outcome.ts';
import type { RunProcess } from '../../../support/process/process.ts';
import type { JarListing } from '../boot-jar.ts';
import { readClasses } from '../classes.ts';
import { whileLocked } from '../lock.ts';
import { GradleAnswers } from './answers.ts';
import { buildOf, type GradleBuild, type GradleEnvironment } from './build.ts';
import { GradleDaemons } from './daemons.ts';
import { explain } from './explain.ts';
import { invokeGradle } from './invoke.ts';
import { GradleLog } from './log.ts';
import { findGradleRoot, type GradleModel } from './model.ts';
import { GradleOutputs } from './outputs.ts';
import { GradleQuestions } from './questions.ts';
import {
  classPlaces,
  classTasks,
  findJars,
  inputsIn,
  jarTasks,
  listOutputs,
  locateAll,
  outputsOf,
  noTask,
  testTasks,
  type GradleTarget,
} from './targets.ts';
import { finishWithJars, JarStaging } from '../staging.ts';
import { JarStages, type JarStage } from '../stages.ts';
import { isResolved, rememberResolved } from '../offline-record.ts';
import type { JarBuilder, WorkContext } from '../../types.ts';

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

/** One invocation of Gradle for classes or jars. */
interface Job {
  readonly build: GradleBuild;
  readonly services: readonly ServiceConfig[];
  readonly last: JarStage;
  readonly tests: boolean;
  readonly stages: JarStages;
  readonly signal: AbortSignal;
}

/** What it made. */
interface Made {
  readonly model: GradleModel;
  readonly targets: readonly GradleTarget[];
  /** The contents of the folders of the jars when it began. */
  readonly before: ReadonlyMap<string, JarListing>;
  /** True if this invocation itself said where things are. */
  readonly told: boolean;
}

/** Returns the builder. */
export function createGradleBuilder(parts: GradleParts): GradleBuilder {
  const { run, projectRoot, tell } = parts;
  const cache = join(parts.cache, 'gradle');
  const answers = new GradleAnswers(cache, parts.environment.userHome);
  const daemons = new GradleDaemons(run);
  const invoking = { run, cache, daemons, answers, jvm: parts.environment.jvm };
  const questions = new GradleQuestions({ ...invoking, projectRoot, tell });
  const guard = new GradleOutputs(cache);
  const staging = new JarStaging();
  /** How many builds run or wait, by root. */
  const building = new Map<string, number>();

  /** Has Gradle make the classes or the jars of some services. */
  async function make({ build, services, last, tests, stages, signal }: Job): Promise<Outcome<Made>> {
    const names = services.map(({ name }) => name).join(', ');
    const note = (line: string): void => {
      stages.note(line);
    };
    const current = await answers.current(build.asked);
    const asked = current === undefined ? await questions.ask(build, names, signal, note) : ok(current);
    if (asked.kind !== 'ok') return asked;
    const { model, settings } = asked.value;
    const targets = locateAll(services, model);
    if (targets.kind !== 'ok') return targets;
    const outputs = outputsOf(model, targets.value);
    const cleared = await guard.begin(outputs);
    if (cleared.kind !== 'ok') return cleared;
    const before = await listOutputs(targets.value);
    const jars = jarTasks(targets.value);
    const startedMs = Date.now();
    const log = new GradleLog(jars);
    const invoked = await invokeGradle(
      invoking,
      build,
      {
        tasks:
          last === 'compile'
            ? classTasks(model, targets.value)
            : [...(tests ? testTasks(model, targets.value) : []), ...jars],
        asks: false,
        tryOffline: await isResolved(cache, build.root, settings, startedMs),
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
    if (result.exitCode !== 0) {
      return await explain({ projectRoot, root: build.root, services: names, model }, result);
    }
    const [leftOut] = last === 'package' ? log.leftOut() : [];
    if (leftOut !== undefined) return noTask(names, leftOut);
    // A compilation needs fewer artifacts than a jar, so it says nothing about the rest.
    if (result.online && last === 'package')
      await rememberResolved(cache, build.root, answer?.settings ?? settings, startedMs);
    if (answer === undefined) return ok({ model, targets: targets.value, before, told: false });
    const told = locateAll(services, answer.model);
    return told.kind === 'ok' ? ok({ model: answer.model, targets: told.value, before, told: true }) : told;
  }

  /** Finds the build, and does the work in its lock. `finish` ends the stages. */
  async function inBuild<T>(
    services: readonly ServiceConfig[],
    { last, tests }: Pick<Job, 'last' | 'tests'>,
    { signal, report }: WorkContext,
    work: (job: Job) => Promise<Outcome<T>>,
    finish: (stages: JarStages, work: () => Promise<Outcome<T>>) => Promise<Outcome<T>>,
  ): Promise<Outcome<T>> {
    const stages = new JarStages(report, last, 'module');
    const note = (line: string): void => {
      stages.note(line);
    };
    return await finish(stages, async () => {
      const build = buildOf(services, parts.environment.jvm);
      if (build.kind !== 'ok') return build;
      const { root } = build.value;
      const job: Job = { build: build.value, services, last, tests, stages, signal };
      building.set(root, (building.get(root) ?? 0) + 1);
      try {
        await questions.settled(root);
        return await whileLocked('gradle', root, signal, note, async () => await work(job));
      } finally {
        building.set(root, (building.get(root) ?? 1) - 1);
      }
    });
  }

  return {
    reactorOf(service) {
      return Promise.resolve(ok(findGradleRoot(service.path)));
    },

    async inputsOf(service) {
      const build = buildOf([service], parts.environment.jvm);
      if (build.kind !== 'ok') return build;
      const isBuilding = (): boolean => (building.get(build.value.root) ?? 0) > 0;
      const model = await questions.modelOf(build.value, service.name, isBuilding);
      return model.kind === 'ok' ? inputsIn(model.value, service) : model;
    },

    async compile({ services }, context) {
      return await inBuild(
        services,
        { last: 'compile', tests: false },
        context,
        async (job) => {
          const made = await make(job);
          return made.kind === 'ok'
            ? await readClasses(classPlaces(made.value.model, made.value.targets))
            : made;
        },
        async (stages, work) => stages.finish(await work()),
      );
    },

    async package({ services, tests }, context) {
      return await inBuild(
        services,
        { last: 'package', tests },
        context,
        async (job) => {
          const made = await make(job);
          if (made.kind !== 'ok') return made;
          const { targets, before, told } = made.value;
          const built = await findJars(targets, before, told);
          return built.kind === 'ok' ? await staging.collect(built.value) : built;
        },
        async (stages, work) => await finishWithJars(stages, services, work),
      );
    },

    async close() {
      await questions.close();
      await daemons.stop();
    },
  };
}
