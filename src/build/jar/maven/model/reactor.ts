/**
 * The build that a service belongs to: the topmost pom.xml whose modules lead to it, its modules by folder, and what a
 * module needs from the others. Reads pom files and the names beside them; runs nothing.
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { parsePom, type Coordinates, type Pom } from './pom.ts';

/** One module of a reactor. */
export interface Module {
  /** Absolute folder of its pom file. */
  readonly folder: string;
  /** Absolute path of its pom file. */
  readonly file: string;
  readonly pom: Pom;
  /** True if `pom` is what Maven itself makes of the file: with everything inherited, and all values known. */
  readonly isEffective?: true;
}

/** All modules that one invocation of Maven may build. */
export interface Reactor {
  /** Absolute folder in which Maven is started. */
  readonly top: string;
  /** By absolute path of the pom file. The first one is the top's. */
  readonly modules: ReadonlyMap<string, Module>;
}

/** The reactor of the module in a folder; undefined if the folder has no readable pom.xml. */
export function findReactor(folder: string): Reactor | undefined {
  const own = join(folder, 'pom.xml');
  let found = loadReactor(own);
  if (found === undefined) return undefined;
  // An aggregator may be several folders above its modules (`<module>services/orders</module>`).
  for (let above = dirname(folder); above !== dirname(above); above = dirname(above)) {
    const candidate = loadReactor(join(above, 'pom.xml'));
    if (candidate?.modules.has(own) === true) found = candidate;
  }
  return found;
}

/**
 * A module, by the name that Maven's `-pl` accepts: a folder relative to `from`, `:artifactId`, or
 * `groupId:artifactId`. Undefined if there is none.
 */
export function findModule(reactor: Reactor, from: string, name: string): Module | undefined {
  const modules = [...reactor.modules.values()];
  if (name.includes(':')) {
    const [groupId, artifactId] = name.split(':');
    return modules.find(
      (module) =>
        module.pom.artifactId === artifactId &&
        (groupId === '' || coordinatesOf(module, reactor).groupId === groupId),
    );
  }
  return modules.find((module) => module.folder === resolve(from, name));
}

/**
 * The module and every other module of the reactor that its build needs (`-am`), and local parents outside the reactor.
 */
export function upstreamOf(reactor: Reactor, module: Module): readonly Module[] {
  return closureOf(
    reactor,
    module,
    ({ needs }) => needs,
    () => true,
  );
}

/**
 * The module and every other module of the reactor whose classes it needs at run time, in the order in which the class
 * path of Maven has them. No modules of packaging `pom`, which have no classes.
 */
export function runtimeOf(reactor: Reactor, module: Module): readonly Module[] {
  const needed = closureOf(
    reactor,
    module,
    ({ runtime }) => runtime,
    ({ isEffective }) => isEffective !== true,
  );
  return needed.filter((each) => each === module || each.pom.packaging !== 'pom');
}

/**
 * The module, and what it, its local parents and those that it leads to need, each once.
 *
 * @param withParents tells whether a module's own pom leaves out what it inherits
 */
function closureOf(
  reactor: Reactor,
  module: Module,
  needsOf: (pom: Pom) => readonly Coordinates[],
  withParents: (module: Module) => boolean,
): readonly Module[] {
  const byName = new Map(
    [...reactor.modules.values()].map((candidate) => [nameOf(coordinatesOf(candidate, reactor)), candidate]),
  );
  const found = new Map<string, Module>();
  const visit = (next: Module): void => {
    if (found.has(next.file)) return;
    found.set(next.file, next);
    for (const need of needsOf(next.pom)) {
      const name = {
        groupId: expand(need.groupId, next, reactor),
        artifactId: expand(need.artifactId, next, reactor),
      };
      const upstream = byName.get(nameOf(name));
      if (upstream !== undefined) visit(upstream);
    }
    // What a parent adds comes after what the module names itself.
    const parent = withParents(next) ? localParent(next) : undefined;
    if (parent !== undefined) visit(reactor.modules.get(parent.file) ?? parent);
  };
  visit(module);
  return [...found.values()];
}

/**
 * A text of a pom with its `${…}` replaced by values of the module, its properties and those of its local parents.
 * Unknown variables stay as they are.
 */
export function expand(text: string, module: Module, reactor: Reactor, depth = 0): string {
  return text.replace(/\$\{([^{}]+)\}/g, (whole, key: string) => {
    const value = propertyOf(key, module, reactor, depth);
    return value === undefined || depth > 8 ? whole : expand(value, module, reactor, depth + 1);
  });
}

/** The folder to which Maven writes a module's classes and jar. `depth`: as in `expand`. */
export function outputFolderOf(module: Module, reactor: Reactor, depth = 0): string {
  const [named = 'target'] = lineageOf(module).flatMap(({ pom }) => pom.outputFolder ?? []);
  return resolve(module.folder, expand(named, module, reactor, depth));
}

/** The folder to which Maven writes a module's classes and the copies of its resources. */
export function classesFolderOf(module: Module, reactor: Reactor, depth = 0): string {
  const [named] = lineageOf(module).flatMap(({ pom }) => pom.classesFolder ?? []);
  const output = outputFolderOf(module, reactor, depth);
  return named === undefined
    ? join(output, 'classes')
    : resolve(module.folder, expand(named, module, reactor, depth));
}

/** The module and the local parents that it inherits from, nearest first. */
export function lineageOf(module: Module): readonly Module[] {
  const found = new Map<string, Module>();
  for (let at: Module | undefined = module; at !== undefined && !found.has(at.file); at = localParent(at)) {
    found.set(at.file, at);
  }
  return [...found.values()];
}

/**
 * How `-pl` names a module: its folder relative to the top; undefined for the top itself. `-pl` parts names at commas,
 * leaves out those that begin with `-` or `!`, and takes a folder for its pom.xml. There the module's name helps.
 */
export function selector(module: Module, reactor: Reactor): string | undefined {
  const path = relative(reactor.top, module.folder);
  const isPlain = /^[^-+!?][^,]*$/.test(path) && !/^ | $/.test(path) && basename(module.file) === 'pom.xml';
  if (path === '' && basename(module.file) === 'pom.xml') return undefined;
  return isPlain ? path : nameOf(coordinatesOf(module, reactor));
}

/** True if a text has a `${…}` whose value the command line, a profile or the user's settings may change. */
export function hasProperty(text: string, module: Module, reactor: Reactor): boolean {
  return [...text.matchAll(/\$\{([^{}]+)\}/g)].some(
    ([, key = '']) => !ofModel.test(key) && builtIn(key, module, reactor, 0) === undefined,
  );
}

/** Values of a pom that only a pom sets. */
const ofModel =
  /^(?:project|pom)\.(?:version|name|packaging|build\.(?:finalName|(?:source|testSource|scriptSource|testOutput)Directory))$/;

function propertyOf(key: string, module: Module, reactor: Reactor, depth: number): string | undefined {
  return (
    builtIn(key, module, reactor, depth) ??
    lineageOf(module)
      .find(({ pom }) => pom.properties.has(key))
      ?.pom.properties.get(key)
  );
}

/** A value that Maven itself sets. */
function builtIn(key: string, module: Module, reactor: Reactor, depth: number): string | undefined {
  switch (key.replace(/^(project|pom)\./, '')) {
    case 'groupId':
      return depth > 8 ? undefined : coordinatesOf(module, reactor).groupId;
    case 'artifactId':
      return module.pom.artifactId;
    case 'basedir':
      return module.folder;
    case 'build.directory':
      return depth > 8 ? undefined : outputFolderOf(module, reactor, depth + 1);
    case 'build.outputDirectory':
      return depth > 8 ? undefined : classesFolderOf(module, reactor, depth + 1);
    case 'parent.groupId':
      return module.pom.parent?.groupId;
    case 'parent.basedir':
      return localParent(module)?.folder;
    case 'session.executionRootDirectory':
    case 'user.dir':
      return reactor.top;
    case 'maven.multiModuleProjectDirectory':
    case 'rootDirectory':
    case 'session.rootDirectory':
      return rootOf(reactor.top);
  }
  return undefined;
}

/** What Maven takes for the root of a build: the nearest folder with a `.mvn`, seen from where Maven is started. */
function rootOf(top: string): string {
  for (let at = top; ; at = dirname(at)) {
    if (existsSync(join(at, '.mvn'))) return at;
    if (at === dirname(at)) return top;
  }
}

function coordinatesOf(module: Module, reactor: Reactor): Coordinates {
  const own = module.pom.groupId ?? module.pom.parent?.groupId ?? '';
  // `${project.groupId}` as a module's own groupId would lead back here.
  const groupId = own.includes('groupId}') ? own : expand(own, module, reactor, 1);
  return { groupId, artifactId: module.pom.artifactId };
}

function nameOf({ groupId, artifactId }: Coordinates): string {
  return `${groupId}:${artifactId}`;
}

/** The parent at relativePath, if that file exists and is the parent that the pom names. */
function localParent(module: Module): Module | undefined {
  const parent = module.pom.parent;
  if (parent === undefined || parent.relativePath === '') return undefined;
  const found = readModule(pomFile(resolve(module.folder, parent.relativePath)));
  return found?.pom.artifactId === parent.artifactId ? found : undefined;
}

function loadReactor(file: string): Reactor | undefined {
  const modules = new Map<string, Module>();
  const add = (path: string): void => {
    if (modules.has(path)) return;
    const module = readModule(path);
    if (module === undefined) return;
    modules.set(path, module);
    for (const name of module.pom.modules) add(pomFile(resolve(module.folder, name)));
  };
  add(file);
  return modules.size === 0 ? undefined : { top: dirname(file), modules };
}

/** A module or parent may be named by its folder or by its pom file; this returns the pom file. */
function pomFile(path: string): string {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === false ? path : join(path, 'pom.xml');
}

function readModule(file: string): Module | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
  const pom = parsePom(text);
  return pom === undefined ? undefined : { folder: dirname(file), file, pom };
}
