/** From services to the modules that one invocation builds, and from the modules to what it has made. */
import type { ServiceConfig } from '../../../config/model.ts';
import { ok, type Outcome } from '../../../core/outcome.ts';
import { findMadeJar, listJars, type JarListing } from '../boot-jar.ts';
import type { ClassPlaces } from '../classes.ts';
import { isBelow } from '../inputs.ts';
import type { BuiltJar } from '../staging.ts';
import { mavenInputs } from './model/inputs.ts';
import type { GuardedModule } from './output-guard.ts';
import type { Located } from './project.ts';
import {
  classesFolderOf,
  outputFolderOf,
  runtimeOf,
  selector,
  upstreamOf,
  type Module,
} from './model/reactor.ts';

/** The services of one invocation, at least one, all in the same reactor. */
export type Targets = readonly [Located, ...Located[]];

/** The modules of these services. Fails with CONFIG_INVALID if there is none. */
export async function locateAll(
  services: readonly ServiceConfig[],
  locate: (service: ServiceConfig) => Promise<Outcome<Located>>,
): Promise<Outcome<Targets>> {
  const located: Located[] = [];
  for (const service of services) {
    const found = await locate(service);
    if (found.kind !== 'ok') return found;
    located.push(found.value);
  }
  const [first, ...others] = located;
  if (first === undefined || others.some(({ reactor }) => reactor.top !== first.reactor.top)) {
    throw new Error('one invocation builds services of one reactor');
  }
  return ok([first, ...others]);
}

/** The modules that one invocation builds, each once. */
export function modulesOf(targets: Targets): Module[] {
  const modules = targets.flatMap(({ reactor, module }) => upstreamOf(reactor, module));
  return [...new Map(modules.map((module) => [module.file, module])).values()];
}

/** The services' modules as `-pl` names them. None if the top is one of them: without -pl, Maven builds all. */
export function selectorsOf(targets: Targets): string[] {
  const selectors = targets.map(({ module, reactor }) => selector(module, reactor));
  const named = selectors.filter((name) => name !== undefined);
  return named.length < selectors.length ? [] : [...new Set(named)];
}

/** The modules whose output comes from this build alone. */
export function guardedModules(
  targets: Targets,
  build: Pick<GuardedModule, 'settings' | 'withTests' | 'withJars'>,
): GuardedModule[] {
  const [{ reactor }] = targets;
  return modulesOf(targets).flatMap((module) => {
    const { file, folder, pom } = module;
    const output = outputFolderOf(module, reactor);
    const classes = classesFolderOf(module, reactor);
    const { paths: inputs } = mavenInputs(reactor, module);
    // Output among the sources is not ours to remove.
    const isOwn = [folder, ...inputs].every((path) =>
      [output, classes].every((made) => path !== made && !isBelow(made, path)),
    );
    return pom.packaging === 'pom' || !isOwn
      ? []
      : [{ ...build, pom: file, folder, output, classes, inputs }];
  });
}

/** The folders in which Maven puts the services' classes and resources. */
export function classPlaces(targets: Targets): ClassPlaces[] {
  return targets.map(({ service, reactor, module }) => {
    const [own = '', ...upstream] = runtimeOf(reactor, module).map((each) => classesFolderOf(each, reactor));
    return { service: service.name, own: [own], upstream };
  });
}

/** The contents of the services' output folders, by service. */
export async function listOutputs(targets: Targets): Promise<ReadonlyMap<string, JarListing>> {
  const listings = targets.map(async ({ service, reactor, module }): Promise<[string, JarListing]> => [
    service.name,
    await listJars(outputFolderOf(module, reactor)),
  ]);
  return new Map(await Promise.all(listings));
}

/**
 * The jar of each service that this build made. Fails as `findMadeJar` does.
 *
 * @param before the contents of its output folder when the build began.
 * @param made the artifacts that Maven says it made: absolute paths by pom file.
 */
export async function findJars(
  targets: Targets,
  before: ReadonlyMap<string, JarListing>,
  made: ReadonlyMap<string, readonly string[]>,
): Promise<Outcome<readonly BuiltJar[]>> {
  const jars: BuiltJar[] = [];
  for (const { service, reactor, module } of targets) {
    const listing = before.get(service.name) ?? new Map<string, string>();
    const said = made.get(module.file) ?? [];
    const found = await findMadeJar(service.name, outputFolderOf(module, reactor), listing, said);
    if (found.kind !== 'ok') return found;
    jars.push({ service: service.name, path: found.value });
  }
  return ok(jars);
}
