/**
 * Compiles and packs with Maven: one invocation at a time for each reactor, in this process or any other. Owns the
 * order of the steps; the imported files do them.
 */
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ServiceConfig } from '../../../config/model.ts';
import { ok, type NotOk, type Outcome } from '../../../core/outcome.ts';
import { diskFull, fullTemporary, saysDiskFull } from '../../../support/files/disk-full.ts';
import type { RunProcess } from '../../../support/process/process.ts';
import { readClasses } from '../classes.ts';
import { whileLocked } from '../lock.ts';
import { finishWithJars, JarStaging } from '../staging.ts';
import { mavenFailure } from './failure.ts';
import { withModels, type EffectiveModels } from './model/effective.ts';
import { mavenInputs } from './model/inputs.ts';
import { MavenModels, type AskedBuild } from './models.ts';
import { findJdk, type JvmEnvironment } from '../jdk.ts';
import { isResolved, rememberResolved } from '../offline-record.ts';
import { findTestSource, locate, needsQuestion, profileHint, settingsHash, type Located } from './project.ts';
import { prepareListener } from './listener/prepare.ts';
import { runMaven, type MavenResult } from './run.ts';
import { JarStages, type JarStage } from '../stages.ts';
import {
  classPlaces,
  findJars,
  guardedModules,
  listOutputs,
  locateAll,
  modulesOf,
  selectorsOf,
  type Targets,
} from './targets.ts';
import { withoutPasswords } from '../../../support/mask.ts';
import { findMaven, type MavenTool } from './tool.ts';
import { OutputGuard } from './output-guard.ts';
import { outputFolderOf } from './model/reactor.ts';
import { sourceFiles } from '../source-files.ts';
import type { JarBuilder, WorkContext } from '../../types.ts';

/** What the builder needs. */
export interface MavenParts {
  readonly run: RunProcess;
  /** Folder of appdev.yaml; file names are relative to it. */
  readonly projectRoot: string;
  /** Folder for what is kept between sessions. */
  readonly cache: string;
  readonly jvm: JvmEnvironment;
  /** Called with a message for the user about work outside of any stage. */
  readonly tell: (message: string) => void;
}

/** A jar builder. `close` ends the questions that still run. */
export interface MavenBuilder extends JarBuilder {
  /** Call once, at the end of the session. */
  close(): Promise<void>;
}

/** One invocation of Maven. */
interface Job {
  readonly targets: Targets;
  readonly maven: MavenTool;
  readonly last: JarStage;
  readonly tests: boolean;
  readonly stages: JarStages;
  readonly signal: AbortSignal;
}

/** Returns the builder. */
export function createMavenBuilder(parts: MavenParts): MavenBuilder {
  const guards = new Map<string, OutputGuard>();
  const staging = new JarStaging();
  const cache = join(parts.cache, 'maven');
  const models = new MavenModels({ ...parts, cache });

  /** Finds a service's module, in the build as Maven sees it if that is known already. */
  async function locateNow(service: ServiceConfig): Promise<Outcome<Located>> {
    const located = locate(service);
    if (located.kind !== 'ok') return located;
    const asked = askedBuild(located.value);
    return ok(asked === undefined ? located.value : effective(located.value, await models.known(asked)));
  }

  /** Finds the modules and Maven, and does the work in the reactor's lock. `finish` ends the stages. */
  async function inReactor<T>(
    services: readonly ServiceConfig[],
    { last, tests }: Pick<Job, 'last' | 'tests'>,
    { signal, report }: WorkContext,
    work: (job: Job) => Promise<Outcome<T>>,
    finish: (stages: JarStages, work: () => Promise<Outcome<T>>) => Promise<Outcome<T>>,
  ): Promise<Outcome<T>> {
    const stages = new JarStages(report, last, 'file');
    return await finish(stages, async () => {
      const located = await locateAll(services, locateNow);
      if (located.kind !== 'ok') return located;
      const [{ reactor, module }] = located.value;
      const maven = findMaven(module.folder, reactor.top);
      if (maven.kind !== 'ok') return maven;
      const job: Job = { targets: located.value, maven: maven.value, last, tests, stages, signal };
      const note = (line: string): void => {
        stages.note(line);
      };
      return await whileLocked('maven', reactor.top, signal, note, async () => await work(job));
    });
  }

  async function invoke({ targets, maven, last, tests, stages, signal }: Job): Promise<Outcome<MavenResult>> {
    const [{ reactor }] = targets;
    const startedMs = Date.now();
    const jdk = findJdk(parts.jvm.javaHome);
    const args = [...new Set(targets.flatMap(({ service }) => service.jar?.args ?? []))];
    const settings = settingsHash(reactor, maven, jdk, args);
    const usesTestJar = modulesOf(targets).some(({ pom }) => pom.usesTestJar);
    const guard = guards.get(reactor.top) ?? new OutputGuard();
    guards.set(reactor.top, guard);
    const { javaHome } = parts.jvm;
    const listener = await prepareListener({ run: parts.run, cache, javaHome, jdk }, signal);
    if (listener.kind !== 'ok') return listener;
    const result = await runMaven(
      {
        run: parts.run,
        maven,
        jdk,
        jvm: parts.jvm,
        top: reactor.top,
        archives: cache,
        request: { last, modules: selectorsOf(targets), tests, usesTestJar, args },
        tryOffline: await isResolved(cache, reactor.top, settings, startedMs),
        guard,
        listener: listener.value,
        wanted: targets.map(({ module }) => module.file),
        modules: guardedModules(targets, {
          settings,
          withTests: tests || usesTestJar,
          withJars: last === 'package',
        }),
        stages,
      },
      signal,
    );
    if (result.kind !== 'ok') return result;
    if (!result.value.succeeded) return await explain(targets, result.value);
    for (const asked of targets.flatMap((target) => askedBuild(target) ?? [])) models.retry(asked);
    // A compilation needs fewer artifacts than a jar, so it says nothing about the rest.
    if (result.value.online && last === 'package')
      await rememberResolved(cache, reactor.top, settings, startedMs);
    return result;
  }

  async function explain(targets: Targets, { exitCode, lines }: MavenResult): Promise<NotOk> {
    const [{ reactor }] = targets;
    const names = targets.map(({ service }) => service.name).join(', ');
    const modules = modulesOf(targets);
    if (lines.some(saysDiskFull)) {
      const outputs = modules.map((module) => outputFolderOf(module, reactor));
      return await diskFull(
        `Maven built ${names}`,
        [
          ...outputs.map((path) => ({ path, free: `free space on the disk of ${path}` })),
          { path: join(homedir(), '.m2'), free: 'remove old artifacts from ~/.m2/repository' },
          fullTemporary(tmpdir()),
        ],
        { exit: 3, evidence: lines.filter(saysDiskFull).slice(-3) },
      );
    }
    const inactive = lines.some((line) => line.includes('Could not find the selected project in the reactor'))
      ? targets.flatMap((target) => profileHint(target) ?? [])
      : [];
    const files = sourceFiles(parts.projectRoot, reactor.top, (name) => findTestSource(modules, name));
    const error = mavenFailure(names, exitCode, lines.map(withoutPasswords), files);
    return { kind: 'failed', error: inactive.length === 0 ? error : { ...error, hint: inactive.join('; ') } };
  }

  return {
    async reactorOf(service) {
      const located = await Promise.resolve(locate(service));
      return located.kind === 'ok' ? ok(located.value.reactor.top) : located;
    },

    async inputsOf(service) {
      const located = locate(service);
      if (located.kind !== 'ok') return located;
      const asked = askedBuild(located.value);
      const answer = asked === undefined ? undefined : await models.of(asked);
      const { reactor, module } = effective(located.value, answer);
      const inputs = mavenInputs(reactor, module);
      return ok(asked !== undefined && answer === undefined ? { ...inputs, isGuess: true } : inputs);
    },

    async compile({ services }, context) {
      return await inReactor(
        services,
        { last: 'compile', tests: false },
        context,
        async (job) => {
          const compiled = await invoke(job);
          return compiled.kind === 'ok' ? await readClasses(classPlaces(job.targets)) : compiled;
        },
        async (stages, work) => stages.finish(await work()),
      );
    },

    async package({ services, tests }, context) {
      return await inReactor(
        services,
        { last: 'package', tests },
        context,
        async (job) => {
          const before = await listOutputs(job.targets);
          const packed = await invoke(job);
          if (packed.kind !== 'ok') return packed;
          const built = await findJars(job.targets, before, packed.value.made);
          return built.kind === 'ok' ? await staging.collect(built.value) : built;
        },
        async (stages, work) => await finishWithJars(stages, services, work),
      );
    },

    async close() {
      await models.close();
    },
  };
}

/** What Maven must be asked about a service's build. Undefined if its files say everything, or there is no Maven. */
function askedBuild(located: Located): AskedBuild | undefined {
  const { service, reactor, module } = located;
  if (!needsQuestion(located)) return undefined;
  const maven = findMaven(module.folder, reactor.top);
  return maven.kind === 'ok' ? { reactor, maven: maven.value, args: service.jar?.args ?? [] } : undefined;
}

function effective(located: Located, models: EffectiveModels | undefined): Located {
  if (models === undefined) return located;
  const reactor = withModels(located.reactor, models);
  return { ...located, reactor, module: reactor.modules.get(located.module.file) ?? located.module };
}
