/** From services to the projects that make their jars, and from the projects to their classes and finished jars. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ServiceConfig } from '../../../config/model.ts';
import { failed, ok, type NotOk, type Outcome } from '../../../core/outcome.ts';
import { checkBootJar, findBootJar, listJars, type JarListing } from '../boot-jar.ts';
import {
  findProject,
  gradleInputs,
  taskOf,
  withRuntime,
  withUpstream,
  type GradleModel,
  type GradleProject,
} from './model.ts';
import type { ClassPlaces } from '../classes.ts';
import { isBelow } from '../inputs.ts';
import type { BuiltJar } from '../staging.ts';
import type { JarInputs } from '../../types.ts';

/** A service's project, with the jar that it makes. */
export interface GradleTarget {
  readonly service: ServiceConfig;
  readonly project: GradleProject;
  readonly jar: NonNullable<GradleProject['jar']>;
}

/**
 * The projects of these services. Fails with CONFIG_INVALID if there is none, or with JAR_NOT_FOUND if it makes no jar.
 */
export function locateAll(
  services: readonly ServiceConfig[],
  model: GradleModel,
): Outcome<readonly GradleTarget[]> {
  const targets: GradleTarget[] = [];
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
        ? `include it in the settings file of ${model.root}, or add a settings file to its own folder`
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

/** The error for a build that succeeded without its task for the jar. A jar that lies there is an older one. */
export function noTask(services: string, task: string): NotOk {
  return failed('JAR_NOT_FOUND', `${services}: Gradle left out ${task}, so this build made no jar`, {
    hint: 'look for -x, -m or --dry-run in jar.args, and for onlyIf at that task in the build script',
  });
}

/** The projects that make executable jars. */
function listed({ projects }: GradleModel): string {
  return projects.flatMap(({ path, jar }) => (jar === undefined ? [] : [path])).join(', ');
}

/** The inputs of a service's jar, as `JarBuilder.inputsOf` returns them. */
export function inputsIn(model: GradleModel, service: ServiceConfig): Outcome<JarInputs> {
  const project = locate(service, model);
  return project.kind === 'ok' ? ok(gradleInputs(model, project.value)) : project;
}

/** The unit test tasks of the services' projects and of their upstream projects. */
export function testTasks(model: GradleModel, targets: readonly GradleTarget[]): string[] {
  return builtFor(model, targets)
    .filter(({ tests }) => tests)
    .map((project) => taskOf(project, 'test'));
}

/** The tasks that make the executable jars. */
export function jarTasks(targets: readonly GradleTarget[]): string[] {
  return targets.map(({ project, jar }) => taskOf(project, jar.task));
}

/**
 * The tasks that make the classes and copy the resources of the services' projects, and of those that they need at run
 * time. Those are named because Gradle compiles a project without copying the resources of another one.
 */
export function classTasks(model: GradleModel, targets: readonly GradleTarget[]): string[] {
  const projects = new Set(targets.flatMap(({ project }) => withRuntime(model, project)));
  return [...projects]
    .filter(({ classes }) => classes.length > 0)
    .map((project) => taskOf(project, 'classes'));
}

/** The folders in which Gradle puts the services' classes and resources. */
export function classPlaces(model: GradleModel, targets: readonly GradleTarget[]): ClassPlaces[] {
  return targets.map(({ service, project }) => ({
    service: service.name,
    own: project.classes,
    upstream: withRuntime(model, project)
      .slice(1)
      .flatMap(({ classes }) => classes),
  }));
}

/** The output folders of the services' projects and of their upstream projects, except those that contain sources. */
export function outputsOf(model: GradleModel, targets: readonly GradleTarget[]): string[] {
  return builtFor(model, targets)
    .filter(({ folder, output }) => output !== folder && !isBelow(output, folder))
    .map(({ output }) => output);
}

/** The services' projects and their upstream projects, each once. */
function builtFor(model: GradleModel, targets: readonly GradleTarget[]): GradleProject[] {
  return [...new Set(targets.flatMap(({ project }) => withUpstream(model, project)))];
}

/** The contents of the folders that the jars are put in, by folder. */
export async function listOutputs(
  targets: readonly GradleTarget[],
): Promise<ReadonlyMap<string, JarListing>> {
  const folders = new Set(targets.map(({ jar }) => dirname(jar.file)));
  const listings = [...folders].map(async (folder): Promise<[string, JarListing]> => [
    folder,
    await listJars(folder),
  ]);
  return new Map(await Promise.all(listings));
}

/**
 * The jars, checked by their content. `told`: this build itself said where they are. Otherwise it came from the
 * configuration cache and said nothing; then, if the jar's name has changed, the executable jar that the build made
 * counts.
 */
export async function findJars(
  targets: readonly GradleTarget[],
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

/** The source file of a class, in any project and language. */
export function findSource(model: GradleModel, className: string): string | undefined {
  const path = className.replaceAll('.', '/');
  for (const root of model.projects.flatMap(({ sources }) => sources)) {
    const found = ['.java', '.kt', '.groovy']
      .map((ending) => join(root, path + ending))
      .find((file) => existsSync(file));
    if (found !== undefined) return found;
  }
  return undefined;
}
