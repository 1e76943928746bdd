/**
 * Builds executable jars with Maven: one invocation at a time for each reactor, in this process or any other. Owns the
 * order of the steps; the imported files do them.
 */
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ServiceConfig } from '../../../config/model.ts';
import { ok, type NotOk, type Outcome } from '../../../core/outcome.ts';
import { diskFull, saysDiskFull } from '../../../support/files/disk-full.ts';
import type { RunProcess } from '../../../support/process/process.ts';
import { findBootJar, listJars, type JarListing } from '../boot-jar.ts';
import { lockBuild } from '../lock.ts';
import { isBelow } from '../inputs.ts';
import { finishWithJars, JarStaging, type BuiltJar } from '../staging.ts';
import { mavenFailure } from './failure.ts';
import { mavenInputs } from './inputs.ts';
import { findJdk, type JvmEnvironment } from '../jdk.ts';
import { isResolved, rememberResolved } from '../offline-record.ts';
import { findTestSource, locate, settingsHash, type Located } from './project.ts';
import { runMaven, type MavenResult } from './run.ts';
import { JarStages } from '../stages.ts';
import { withoutPasswords } from '../../image/transfer/redact.ts';
import { findMaven, type MavenTool } from './tool.ts';
import { OutputGuard, type GuardedModule } from './output-guard.ts';
import { outputFolderOf, selector, upstreamOf, type Module, type Reactor } from './reactor.ts';
import { sourceFiles } from '../source-files.ts';
import type { Jar, JarBuilder } from '../../types.ts';

/** What the builder needs. */
export interface MavenParts {
  readonly run: RunProcess;
  /** Folder of appdev.yaml; file names are relative to it. */
  readonly projectRoot: string;
  /** Folder for what is kept between sessions. */
  readonly cache: string;
  readonly jvm: JvmEnvironment;
}

/** Returns the builder. */
export function createMavenBuilder(parts: MavenParts): JarBuilder {
  const guards = new Map<string, OutputGuard>();
  const staging = new JarStaging();

  async function invoke(
    located: readonly [Located, ...Located[]],
    maven: MavenTool,
    tests: boolean,
    stages: JarStages,
    signal: AbortSignal,
  ): Promise<Outcome<ReadonlyMap<string, Jar>>> {
    const [{ reactor }] = located;
    const startedMs = Date.now();
    const before = await listOutputs(located);
    const jdk = findJdk(parts.jvm.javaHome);
    const args = [...new Set(located.flatMap(({ service }) => service.jar?.args ?? []))];
    const settings = settingsHash(reactor, maven, jdk, args);
    const modules = modulesOf(located);
    const guard = guards.get(reactor.top) ?? new OutputGuard();
    guards.set(reactor.top, guard);
    const cache = join(parts.cache, 'maven');
    const selectors = located.map(({ module }) => selector(module, reactor));
    const result = await runMaven(
      {
        run: parts.run,
        maven,
        jdk,
        jvm: parts.jvm,
        top: reactor.top,
        archives: cache,
        request: {
          // The top itself is not a module of its own: without -pl, Maven builds it and everything below it.
          modules: selectors.some((name) => name === undefined)
            ? []
            : [...new Set(selectors)].filter((name) => name !== undefined),
          tests,
          usesTestJar: modules.some(({ pom }) => pom.usesTestJar),
          args,
        },
        tryOffline: await isResolved(cache, reactor.top, settings, startedMs),
        guard,
        modules: guardedModules(reactor, modules, settings, tests),
        stages,
      },
      signal,
    );
    if (result.kind !== 'ok') return result;
    if (result.value.exitCode !== 0) return await explain(located, result.value);
    if (result.value.online) await rememberResolved(cache, reactor.top, settings, startedMs);
    const built = await findJars(located, before);
    return built.kind === 'ok' ? await staging.collect(built.value) : built;
  }

  async function explain(
    located: readonly [Located, ...Located[]],
    { exitCode, lines }: MavenResult,
  ): Promise<NotOk> {
    const names = located.map(({ service }) => service.name).join(', ');
    if (lines.some(saysDiskFull)) {
      const outputs = modulesOf(located).map((module) => outputFolderOf(module, located[0].reactor));
      return await diskFull(
        `Maven built ${names}`,
        [
          ...outputs.map((path) => ({ path, free: `free space on the disk of ${path}` })),
          { path: join(homedir(), '.m2'), free: 'remove old artifacts from ~/.m2/repository' },
          { path: tmpdir(), free: `empty ${tmpdir()}` },
        ],
        { exit: 3, evidence: lines.filter(saysDiskFull).slice(-3) },
      );
    }
    const modules = modulesOf(located);
    const files = sourceFiles(parts.projectRoot, located[0].reactor.top, (name) =>
      findTestSource(modules, name),
    );
    return { kind: 'failed', error: mavenFailure(names, exitCode, lines.map(withoutPasswords), files) };
  }

  return {
    async reactorOf(service) {
      const located = await Promise.resolve(locate(service));
      return located.kind === 'ok' ? ok(located.value.reactor.top) : located;
    },

    async inputsOf(service) {
      const located = await Promise.resolve(locate(service));
      return located.kind === 'ok' ? ok(mavenInputs(located.value.reactor, located.value.module)) : located;
    },

    async build({ services, tests }, { signal, report }) {
      const stages = new JarStages(report, 'file');
      const located = locateAll(services);
      if (located.kind !== 'ok') return stages.finish(located);
      const [{ reactor, module }] = located.value;
      const maven = findMaven(module.folder, reactor.top);
      if (maven.kind !== 'ok') return stages.finish(maven);
      const lock = await lockBuild('maven', reactor.top, signal, (line) => {
        stages.note(line);
      });
      if (lock.kind !== 'ok') return stages.finish(lock);
      try {
        return await finishWithJars(
          stages,
          services,
          async () => await invoke(located.value, maven.value, tests, stages, signal),
        );
      } finally {
        await lock.value.release();
      }
    },
  };
}

/** The contents of the services' output folders, by service. */
async function listOutputs(located: readonly Located[]): Promise<ReadonlyMap<string, JarListing>> {
  const listings = located.map(async ({ service, reactor, module }): Promise<[string, JarListing]> => [
    service.name,
    await listJars(outputFolderOf(module, reactor)),
  ]);
  return new Map(await Promise.all(listings));
}

/** The jar of each service. `before`: the contents of its output folder when the build began. */
async function findJars(
  located: readonly Located[],
  before: ReadonlyMap<string, JarListing>,
): Promise<Outcome<readonly BuiltJar[]>> {
  const jars: BuiltJar[] = [];
  for (const { service, reactor, module } of located) {
    const listing = before.get(service.name) ?? new Map<string, string>();
    const found = await findBootJar(service.name, outputFolderOf(module, reactor), listing);
    if (found.kind !== 'ok') return found;
    jars.push({ service: service.name, path: found.value });
  }
  return ok(jars);
}

function locateAll(services: readonly ServiceConfig[]): Outcome<readonly [Located, ...Located[]]> {
  const located: Located[] = [];
  for (const service of services) {
    const found = locate(service);
    if (found.kind !== 'ok') return found;
    located.push(found.value);
  }
  const [first, ...others] = located;
  if (first === undefined || others.some(({ reactor }) => reactor.top !== first.reactor.top)) {
    throw new Error('one invocation builds services of one reactor');
  }
  return ok([first, ...others]);
}

/** The modules whose output comes from this build alone. */
function guardedModules(
  reactor: Reactor,
  modules: readonly Module[],
  settings: string,
  tests: boolean,
): GuardedModule[] {
  const withTests = tests || modules.some(({ pom }) => pom.usesTestJar);
  return modules.flatMap((module) => {
    const { folder, pom } = module;
    const output = outputFolderOf(module, reactor);
    const { paths: inputs } = mavenInputs(reactor, module);
    // Output among the sources is not ours to remove.
    const isOwn = [folder, ...inputs].every((path) => path !== output && !isBelow(output, path));
    return pom.packaging === 'pom' || !isOwn
      ? []
      : [{ artifactId: pom.artifactId, folder, output, settings, inputs, withTests }];
  });
}

/** The modules that one invocation builds, each once. */
function modulesOf(located: readonly Located[]): Module[] {
  const modules = located.flatMap(({ reactor, module }) => upstreamOf(reactor, module));
  return [...new Map(modules.map((module) => [module.file, module])).values()];
}
