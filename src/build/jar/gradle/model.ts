/**
 * What a Gradle build said about itself (see init-script.ts), and what follows from it: which project makes a service's
 * jar, which projects that one needs, and which files decide the result. Only reads names; runs nothing.
 */
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fieldAt, isFields, listAt, stringAt } from '../../../support/fields.ts';
import { answerFormat } from './init-script.ts';
import { isBelow, jarInputs } from '../inputs.ts';
import type { JarInputs } from '../../types.ts';

/** One project of a build. All paths are absolute. */
export interface GradleProject {
  /** `:` or `:a:b`. */
  readonly path: string;
  readonly folder: string;
  readonly buildFile: string;
  /** Its output folder, `build`. */
  readonly output: string;
  /** The task that makes the executable jar, and the path of that jar. Absent if no Spring Boot plugin is applied. */
  readonly jar?: { readonly task: string; readonly file: string };
  readonly tests: boolean;
  /** Folders of Java sources and resources, including those that do not exist. */
  readonly sources: readonly string[];
  /** Output folders of its classes and resources, in class path order. Empty if it has no code. */
  readonly classes: readonly string[];
  /** Paths of the projects that it is built from. */
  readonly upstream: readonly string[];
  /** Those of them that it needs at run time, in class path order. */
  readonly runtime: readonly string[];
}

/** A build. */
export interface GradleModel {
  readonly gradle: string;
  readonly root: string;
  readonly projects: readonly GradleProject[];
  /** Folders of the included builds. */
  readonly included: readonly string[];
}

/** Reads an answer; undefined if it does not have this format. */
export function parseModel(value: unknown): GradleModel | undefined {
  const gradle = stringAt(value, 'gradle');
  const root = stringAt(value, 'root');
  if (fieldAt(value, 'format') !== answerFormat || gradle === undefined || root === undefined)
    return undefined;
  const projects = listAt(value, 'projects').map(parseProject);
  if (projects.some((project) => project === undefined)) return undefined;
  return {
    gradle,
    root,
    projects: projects.filter((project) => project !== undefined),
    included: texts(value, 'included'),
  };
}

function parseProject(value: unknown): GradleProject | undefined {
  const path = stringAt(value, 'path');
  const folder = stringAt(value, 'folder');
  const buildFile = stringAt(value, 'buildFile');
  const output = stringAt(value, 'output');
  if (!isFields(value) || path === undefined || folder === undefined) return undefined;
  if (buildFile === undefined || output === undefined) return undefined;
  const task = stringAt(value, 'jar', 'task');
  const file = stringAt(value, 'jar', 'file');
  return {
    path,
    folder,
    buildFile,
    output,
    ...(task === undefined || file === undefined ? {} : { jar: { task, file } }),
    tests: fieldAt(value, 'tests') === true,
    sources: texts(value, 'sources'),
    classes: texts(value, 'classes'),
    upstream: texts(value, 'upstream'),
    runtime: texts(value, 'runtime'),
  };
}

function texts(value: unknown, key: string): string[] {
  return listAt(value, key).filter((item) => typeof item === 'string');
}

/** The value that `parseModel` reads as this model. */
export function modelToJson(model: GradleModel): object {
  return { format: answerFormat, ...model };
}

/**
 * The project that `jar.module` names: a path that begins with `:`, or a folder relative to `from`. Without
 * `jar.module`, the project in `from`.
 */
export function findProject(
  model: GradleModel,
  from: string,
  module: string | undefined,
): GradleProject | undefined {
  return module?.startsWith(':') === true
    ? model.projects.find(({ path }) => path === module)
    : model.projects.find(({ folder }) => folder === resolve(from, module ?? '.'));
}

/** The project itself, then every other one that it is built from. */
export function withUpstream(model: GradleModel, project: GradleProject): readonly GradleProject[] {
  return closureOf(model, project, ({ upstream }) => upstream);
}

/** The project itself, then every other one that it needs at run time. */
export function withRuntime(model: GradleModel, project: GradleProject): readonly GradleProject[] {
  return closureOf(model, project, ({ runtime }) => runtime);
}

function closureOf(
  model: GradleModel,
  project: GradleProject,
  needsOf: (project: GradleProject) => readonly string[],
): readonly GradleProject[] {
  const byPath = new Map(model.projects.map((each) => [each.path, each]));
  const found = new Set([project]);
  // A set also yields what is added while it is walked.
  for (const each of found) {
    for (const path of needsOf(each)) {
      const next = byPath.get(path);
      if (next !== undefined) found.add(next);
    }
  }
  return [...found];
}

/** The full name of a project's task. */
export function taskOf({ path }: GradleProject, task: string): string {
  return path === ':' ? `:${task}` : `${path}:${task}`;
}

/** Files beside the root's build file that decide what all of its projects are made from. */
const rootFiles = [
  'settings.gradle',
  'settings.gradle.kts',
  'gradle.properties',
  'gradle',
  'buildSrc',
  'gradlew',
  'gradle.lockfile',
  'lombok.config',
];

/**
 * The inputs of a project's jar: of the project itself, of its upstream projects, and the build files of the projects
 * above them. Includes main and test sources whether they exist or not, because they may be created.
 */
export function gradleInputs(model: GradleModel, project: GradleProject): JarInputs {
  const built = withUpstream(model, project);
  const sources = built.flatMap(({ folder, sources: roots, output }) => [
    // Not only the roots that the compiler reads: API descriptions for code generators are beside them.
    ...(roots.length > 0 ? ['main', 'test'].map((name) => join(folder, 'src', name)) : []),
    ...roots.filter((path) => !isBelow(output, path)),
  ]);
  const lombok = built.map(({ folder }) => join(folder, 'lombok.config')).filter((path) => existsSync(path));
  return jarInputs({
    files: [...buildFilesOf(model, built), ...model.included, ...lombok],
    sources,
    modules: built.map(({ folder }) => folder),
    outputs: model.projects.map(({ output }) => output),
  });
}

/** The files that decide how a build is configured: scripts, settings, properties, and the code of buildSrc. */
export function buildFilesOf(model: GradleModel, projects: readonly GradleProject[]): readonly string[] {
  const files = new Set(rootFiles.map((name) => join(model.root, name)).filter((path) => existsSync(path)));
  // Gradle looks for these whether they exist or not, and they may be created.
  files.add(join(model.root, 'gradle.properties'));
  const paths = new Set(projects.flatMap(({ path }) => ancestry(path)));
  for (const { path, buildFile, folder } of model.projects) {
    if (!paths.has(path)) continue;
    files.add(buildFile);
    for (const name of ['gradle.properties', 'gradle.lockfile']) {
      if (existsSync(join(folder, name))) files.add(join(folder, name));
    }
  }
  return [...files].sort();
}

/** `:a:b` → `:`, `:a`, `:a:b`. A project's script may configure the projects below it. */
function ancestry(path: string): string[] {
  const names = path.split(':').filter((name) => name !== '');
  return [':', ...names.map((_, index) => `:${names.slice(0, index + 1).join(':')}`)];
}

/**
 * The root folder of a folder's build: the nearest one, at or above it, with a settings file. Otherwise the folder
 * itself.
 */
export function findGradleRoot(folder: string): string {
  for (let at = folder; ; at = dirname(at)) {
    if (['settings.gradle', 'settings.gradle.kts'].some((name) => existsSync(join(at, name)))) return at;
    if (at === dirname(at)) return folder;
  }
}
