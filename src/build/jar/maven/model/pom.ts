/**
 * The facts in a pom.xml that decide which modules a build includes and which files go into it. Pure: the caller reads
 * the file. All profiles count as active, because only Maven knows which ones are. Too many inputs cost a build; too
 * few would run old code.
 */
import { namedPaths, type NamedPaths } from './pom-paths.ts';
import { child, children, parseXml, textOf, type XmlElement } from './xml.ts';

/**
 * What names an artifact, without the version, because one reactor contains each artifact once. Values may contain
 * `${…}`.
 */
export interface Coordinates {
  readonly groupId: string;
  readonly artifactId: string;
}

/** One pom.xml. */
export interface Pom {
  /** Absent if the parent's counts. */
  readonly groupId?: string;
  readonly artifactId: string;
  readonly packaging: string;
  readonly parent?: Coordinates & {
    /** As written. `../pom.xml` if it is missing; empty if an empty element switches it off. */
    readonly relativePath: string;
  };
  /** Folders or files of modules, as written. */
  readonly modules: readonly string[];
  /** Everything that this build needs from others: dependencies, imported BOMs, plugins and their dependencies. */
  readonly needs: readonly Coordinates[];
  /**
   * Those of `needs` whose classes its own dependencies put on the class path of the running app. Without those of
   * which it needs something else, such as a jar of test classes.
   */
  readonly runtime: readonly Coordinates[];
  readonly properties: ReadonlyMap<string, string>;
  /** `<build><directory>`, as written. */
  readonly outputFolder?: string;
  /** `<build><outputDirectory>`, as written: the folder of classes and resources. */
  readonly classesFolder?: string;
  /** What `<build>` names that may be read from disk. */
  readonly names: NamedPaths;
  /** True if something is built from, or into, a jar of test classes. */
  readonly usesTestJar: boolean;
  /** The modules that each profile adds, as written, by the profile's id. */
  readonly profiles: ReadonlyMap<string, readonly string[]>;
}

/** Reads a pom.xml; undefined if it contains no project. */
export function parsePom(text: string): Pom | undefined {
  const project = parseXml(text);
  const artifactId = textOf(project, 'artifactId');
  if (project?.name !== 'project' || artifactId === undefined) return undefined;
  const profiles = children(child(project, 'profiles'), 'profile');
  const scopes = [project, ...profiles];
  const builds = scopes.flatMap((scope) => children(scope, 'build'));
  const groupId = textOf(project, 'groupId');
  const outputFolder = textOf(child(project, 'build'), 'directory');
  const classesFolder = textOf(child(project, 'build'), 'outputDirectory');
  const parent = parentOf(project);
  return {
    ...(groupId === undefined ? {} : { groupId }),
    artifactId,
    packaging: textOf(project, 'packaging') ?? 'jar',
    ...(parent === undefined ? {} : { parent }),
    modules: scopes.flatMap(modulesOf),
    needs: scopes.flatMap(needsOf),
    runtime: scopes.flatMap(runtimeOf),
    properties: new Map(
      scopes
        .flatMap((scope) => child(scope, 'properties')?.children ?? [])
        .map(({ name, text: value }) => [name, value]),
    ),
    ...(outputFolder === undefined ? {} : { outputFolder }),
    ...(classesFolder === undefined ? {} : { classesFolder }),
    names: namedPaths(builds),
    usesTestJar: builds.concat(scopes).flatMap(leaves).includes('test-jar'),
    profiles: new Map(profiles.map((profile) => [textOf(profile, 'id') ?? 'default', modulesOf(profile)])),
  };
}

/** Maven 4 calls them subprojects. */
function modulesOf(scope: XmlElement): string[] {
  return [...texts(child(scope, 'modules'), 'module'), ...texts(child(scope, 'subprojects'), 'subproject')];
}

function parentOf(project: XmlElement): Pom['parent'] {
  const parent = child(project, 'parent');
  if (parent === undefined) return undefined;
  const relativePath = child(parent, 'relativePath');
  return {
    ...coordinates(parent),
    relativePath: relativePath === undefined ? '../pom.xml' : relativePath.text,
  };
}

function needsOf(scope: XmlElement): Coordinates[] {
  const build = child(scope, 'build');
  const plugins = children(child(build, 'plugins'), 'plugin');
  const managed = children(child(child(scope, 'dependencyManagement'), 'dependencies'), 'dependency');
  return [
    ...dependencies(scope),
    ...managed.filter((dependency) => textOf(dependency, 'scope') === 'import').map(coordinates),
    ...plugins.map(coordinates),
    ...plugins.flatMap(dependencies),
    ...children(child(build, 'extensions'), 'extension').map(coordinates),
  ];
}

function runtimeOf(scope: XmlElement): Coordinates[] {
  return children(child(scope, 'dependencies'), 'dependency').filter(bringsClasses).map(coordinates);
}

/** A dependency without a scope counts, although a parent may manage its scope. */
function bringsClasses(dependency: XmlElement): boolean {
  const {
    scope = 'compile',
    type = 'jar',
    classifier,
  } = Object.fromEntries(['scope', 'type', 'classifier'].map((name) => [name, textOf(dependency, name)]));
  return ['compile', 'runtime'].includes(scope) && type === 'jar' && classifier === undefined;
}

function dependencies(element: XmlElement): Coordinates[] {
  return children(child(element, 'dependencies'), 'dependency').map(coordinates);
}

function coordinates(element: XmlElement): Coordinates {
  return {
    // The group of plugins that do not name one.
    groupId: textOf(element, 'groupId') ?? 'org.apache.maven.plugins',
    artifactId: textOf(element, 'artifactId') ?? '',
  };
}

function texts(element: XmlElement | undefined, name: string): string[] {
  return children(element, name).map(({ text: value }) => value);
}

function leaves(element: XmlElement): string[] {
  return element.children.length === 0 ? [element.text] : element.children.flatMap(leaves);
}
