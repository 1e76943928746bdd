/**
 * Builds executable jars with Gradle: one invocation a build at a time, whoever asks, in this process or another. Owns the
 * order of things; what each of them is stands in the files that it imports.
 */
import { existsSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ServiceConfig } from '../config/model.ts';
import { failed, ok, type NotOk, type Outcome } from '../outcome.ts';
import { diskFull, orDiskFull, saysDiskFull } from '../support/disk-full.ts';
import { largeTempFolder } from '../support/folders.ts';
import type { Lock } from '../support/lockfile.ts';
import type { RunProcess } from '../support/process.ts';
import { checkBootJar, findBootJar, listJars, type JarListing } from './boot-jar.ts';
import { lockBuild } from './build-lock.ts';
import { GradleAnswers, type Asked, type KnownModel } from './gradle-answers.ts';
import { GradleDaemons } from './gradle-daemons.ts';
import { gradleFailure } from './gradle-failure.ts';
import { writeInitScript } from './gradle-init-script.ts';
import { GradleLog } from './gradle-log.ts';
import {
  findGradleRoot,
  findProject,
  gradleInputs,
  taskOf,
  withUpstream,
  type GradleModel,
  type GradleProject,
} from './gradle-model.ts';
import { runGradle, type GradleResult } from './gradle-run.ts';
import { findGradle, type GradleTool } from './gradle-tool.ts';
import { JarStaging, jarSizes, type BuiltJar } from './jar-staging.ts';
import { JarStages } from './jar-stages.ts';
import { fastOptions, findJdk } from './jdk.ts';
import { isResolved, rememberResolved } from './offline-record.ts';
import { withoutPasswords } from './redact.ts';
import { sourceFiles } from './source-files.ts';
import type { Jar, JarBuilder } from './types.ts';

/** What the builder is made from. */
export interface GradleParts {
  readonly run: RunProcess;
  /** Folder of appdev.yaml: files are named relative to it. */
  readonly projectRoot: string;
  /** Folder for what is kept across sessions. */
  readonly cache: string;
}

/** A jar builder whose daemons are ended by `close`. */
export interface GradleBuilder extends JarBuilder {
  /** Ends what still runs. To be called once, at the end of the session. */
  close(): Promise<void>;
}

/** A build, and what runs it. */
interface Build {
  readonly root: string;
  readonly gradle: GradleTool;
  readonly asked: Asked;
}

/** A service's project, with the jar that it makes. */
interface Target {
  readonly service: ServiceConfig;
  readonly project: GradleProject;
  readonly jar: NonNullable<GradleProject['jar']>;
}

/** Makes the builder. */
export function createGradleBuilder(parts: GradleParts): GradleBuilder {
  const cache = join(parts.cache, 'gradle');
  const answers = new GradleAnswers(cache);
  const daemons = new GradleDaemons(parts.run);
  const staging = new JarStaging();
  const closing = new AbortController();
  /** Questions that are being asked, and builds that run, by root: two clients at a time would need two daemons. */
  const asking = new Map<string, Promise<Outcome<KnownModel>>>();
  const building = new Map<string, number>();
  /** Build files with which a question failed: it would fail again. */
  const unanswered = new Map<string, string>();

  /** Starts Gradle for a build; what it answers is kept. */
  async function invoke(
    build: Build,
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
        env: { GRADLE_OPTS: clientOptions() },
        request: { tasks, asks, initScript: await writeInitScript(cache), answer, args: build.asked.args },
        tryOffline,
        ...shown,
      },
      signal,
    );
    if (result.kind !== 'ok') return result;
    return ok({ result: result.value, answer: await answers.collect(build.asked, answer, startedMs) });
  }

  /** Asks a build about itself, by having it configured. */
  async function ask(
    build: Build,
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
        hint: 'appdev asks by an init script, which needs Gradle 4.4 or newer: update the wrapper',
      },
    );
  }

  /** What is known of a build, or what it says now. Two who ask at once get one answer. */
  async function modelOf(build: Build, services: string): Promise<Outcome<KnownModel>> {
    const current = await answers.current(build.asked);
    if (current !== undefined) return ok(current);
    const running = asking.get(build.root);
    if (running !== undefined) return await running;
    const question = ask(build, services, closing.signal, () => undefined);
    asking.set(build.root, question);
    try {
      return await question;
    } finally {
      asking.delete(build.root);
    }
  }

  async function explain(
    { root }: Build,
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
            free: `remove what is not needed on the disk of ${path}`,
          })),
          { path: join(homedir(), '.gradle'), free: 'remove old files from ~/.gradle/caches' },
          { path: tmpdir(), free: `empty ${tmpdir()}` },
        ],
        { exit: 3, evidence: lines.filter(saysDiskFull).slice(-3) },
      );
    }
    const roots = (model?.projects ?? []).flatMap(({ sources }) => sources);
    const files = sourceFiles(parts.projectRoot, root, (name) => findSource(roots, name));
    return { kind: 'failed', error: gradleFailure(services, exitCode, lines.map(withoutPasswords), files) };
  }

  async function make(
    build: Build,
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
    const { result, answer } = invoked.value;
    if (result.exitCode !== 0) return await explain(build, names, result, model);
    if (result.online) await rememberResolved(cache, build.root, answer?.settings ?? settings, startedMs);
    const made = answer === undefined ? targets : locateAll(services, answer.model);
    if (made.kind !== 'ok') return made;
    const built = await findJars(made.value, before, answer !== undefined);
    return built.kind === 'ok' ? await staging.collect(built.value) : built;
  }

  return {
    reactorOf(service) {
      return Promise.resolve(ok(findGradleRoot(service.path)));
    },

    async inputsOf(service) {
      const build = buildOf([service]);
      if (build.kind !== 'ok') return build;
      const { root, asked } = build.value;
      const last = await answers.last(asked);
      const current = await answers.current(asked);
      if (current === undefined) {
        // The scan that asks may be what cancels this build: it cannot wait for it, and is asked again.
        if ((building.get(root) ?? 0) > 0) {
          return failed('SOURCE_CHANGED', `the build files of ${root} changed while it is being built`);
        }
        const state = last === undefined ? undefined : answers.stateOf(last.model, asked);
        if (state !== undefined && unanswered.get(root) === state) {
          return failed('SOURCE_BUILD_FAILED', `the build in ${root} cannot be configured`);
        }
        const known = await modelOf(build.value, service.name);
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
      const end = <T>(outcome: Outcome<T>, detail?: string): Outcome<T> => {
        stages.finish(outcome.kind, detail);
        return outcome;
      };
      const build = buildOf(services);
      if (build.kind !== 'ok') return end(build);
      const { root } = build.value;
      building.set(root, (building.get(root) ?? 0) + 1);
      let lock: Outcome<Lock> | undefined;
      try {
        await asking.get(root);
        lock = await lockBuild('gradle', root, signal, (line) => {
          stages.note(line);
        });
        if (lock.kind !== 'ok') return end(lock);
        const own = largeTempFolder();
        const jars = await orDiskFull(
          `copying the jar of ${services.map(({ name }) => name).join(', ')}`,
          [{ path: own, free: `empty ${own}` }],
          { exit: 3 },
          async () => await make(build.value, services, tests, stages, signal),
        );
        return end(jars, jars.kind === 'ok' ? await jarSizes([...jars.value.values()]) : undefined);
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

/** The build of services that share one, with the arguments of them all. */
function buildOf(services: readonly ServiceConfig[]): Outcome<Build> {
  const [first, ...others] = services;
  const root = first === undefined ? '' : findGradleRoot(first.path);
  if (first === undefined || others.some(({ path }) => findGradleRoot(path) !== root)) {
    throw new Error('one invocation builds services of one build');
  }
  const gradle = findGradle(first.path, root);
  if (gradle.kind !== 'ok') return gradle;
  const args = [...new Set(services.flatMap(({ jar }) => jar?.args ?? []))];
  const toolchain = `${gradle.value.identity}\n${findJdk()?.identity}`;
  return ok({ root, gradle: gradle.value, asked: { root, toolchain, args } });
}

/** The user's options for the client's JVM, and ours: it lives for a second. The daemon has its own. */
function clientOptions(): string {
  const own = process.env['GRADLE_OPTS'] ?? '';
  if (findJdk() === undefined) return own;
  const all = `${own} ${process.env['JAVA_OPTS'] ?? ''} ${process.env['JAVA_TOOL_OPTIONS'] ?? ''}`;
  return [own, ...fastOptions(all)].filter((text) => text !== '').join(' ');
}

function locateAll(services: readonly ServiceConfig[], model: GradleModel): Outcome<readonly Target[]> {
  const targets: Target[] = [];
  for (const service of services) {
    const located = locate(service, model);
    if (located.kind !== 'ok') return located;
    const { jar } = located.value;
    if (jar === undefined) return noJar(service, located.value, model);
    targets.push({ service, project: located.value, jar });
  }
  return ok(targets);
}

function locate(service: ServiceConfig, model: GradleModel): Outcome<GradleProject> {
  const module = service.jar?.module;
  const project = findProject(model, service.path, module);
  if (project !== undefined) return ok(project);
  const what = module === undefined ? `project in ${service.path}` : `project ${module}`;
  return failed('CONFIG_INVALID', `${service.name}: there is no ${what} in the build of ${model.root}`, {
    hint:
      module === undefined
        ? `include it in the settings file of ${model.root}, or give it one of its own`
        : `set services.${service.name}.jar.module to one of ${listed(model)}`,
  });
}

function noJar({ name }: ServiceConfig, { path }: GradleProject, model: GradleModel): NotOk {
  const known = listed(model);
  return failed('JAR_NOT_FOUND', `${name}: the project ${path} of ${model.root} makes no executable jar`, {
    hint:
      known === ''
        ? "apply Spring Boot's Gradle plugin in its build script: it brings the task bootJar"
        : `set services.${name}.jar.module to the project of the app: ${known}`,
  });
}

/** The projects that make executable jars. */
function listed({ projects }: GradleModel): string {
  return projects.flatMap(({ path, jar }) => (jar === undefined ? [] : [path])).join(', ');
}

function inputsIn(model: GradleModel, service: ServiceConfig): Outcome<readonly string[]> {
  const project = locate(service, model);
  return project.kind === 'ok' ? ok(gradleInputs(model, project.value)) : project;
}

/** The unit tests of the services' projects and of what they are built from. */
function testTasks(model: GradleModel, targets: readonly Target[]): string[] {
  const projects = new Set(targets.flatMap(({ project }) => withUpstream(model, project)));
  return [...projects].filter(({ tests }) => tests).map((project) => taskOf(project, 'test'));
}

async function listOutputs(targets: readonly Target[]): Promise<ReadonlyMap<string, JarListing>> {
  const folders = new Set(targets.map(({ jar }) => dirname(jar.file)));
  const listings = [...folders].map(async (folder): Promise<[string, JarListing]> => [
    folder,
    await listJars(folder),
  ]);
  return new Map(await Promise.all(listings));
}

/**
 * The jars, checked by their content. `told`: this very build said where they lie. Otherwise it came from the configuration
 * cache and said nothing; then, should its name have changed, the executable one counts that it made.
 */
async function findJars(
  targets: readonly Target[],
  before: ReadonlyMap<string, JarListing>,
  told: boolean,
): Promise<Outcome<readonly BuiltJar[]>> {
  const jars: BuiltJar[] = [];
  for (const { service, jar } of targets) {
    const folder = dirname(jar.file);
    const listing = before.get(folder) ?? new Map<string, string>();
    const now = told ? listing : await listJars(folder);
    const hasOther = [...now].some(
      ([name, state]) => join(folder, name) !== jar.file && listing.get(name) !== state,
    );
    const found = hasOther
      ? await findBootJar(service.name, folder, listing)
      : await checkBootJar(service.name, jar.file);
    if (found.kind !== 'ok') return found;
    jars.push({ service: service.name, path: found.value });
  }
  return ok(jars);
}

function findSource(roots: readonly string[], className: string): string | undefined {
  const path = className.replaceAll('.', '/');
  for (const root of roots) {
    const found = ['.java', '.kt', '.groovy']
      .map((ending) => join(root, path + ending))
      .find((file) => existsSync(file));
    if (found !== undefined) return found;
  }
  return undefined;
}
