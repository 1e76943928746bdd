/**
 * Everything that a service is made from, as roots to list: what its build tool, its Containerfile and its chart,
 * overlay or manifests read. Only looks into those files for the names of others; classify.ts and scanner.ts do the
 * rest.
 */
import { isAbsolute, relative } from 'node:path';
import type { JarInputs } from '../build/types.ts';
import type { ImageSource, ProjectConfig, ServiceConfig } from '../config/model.ts';
import { isWithin, type Root } from './classify.ts';
import { isInSources, isOutputFolder, projectRule, type GitRule, type IgnoreRule } from './ignore.ts';
import { globRoot, imageRoots } from './image-inputs.ts';
import { chartInputs, overlayInputs } from './references.ts';
import type { WalkRoot } from './walk.ts';

/** A service's roots: what to list, and how to classify what was found. */
export interface Inputs {
  readonly roots: readonly (Root & WalkRoot)[];
}

/** What is needed to find the roots of a service. */
export interface InputSources {
  readonly config: ProjectConfig;
  readonly service: ServiceConfig;
  /** `JarBuilder.inputsOf` of the service; empty without a jar. */
  readonly jar: JarInputs;
  readonly git: GitRule;
}

/** Finds the roots. Never fails: what is missing or unreadable is watched, and the stage that needs it reports it. */
export function inputsOf({ config, service, jar, git }: InputSources): Inputs {
  const rule = projectRule(config.root, config.ignore, false);
  const roots: (Root & WalkRoot)[] = jar.paths.map((path) => ({
    path,
    kind: 'jar',
    skip: jarSkip(config.root, path, jar, rule, git),
  }));
  const plain = (kind: Root['kind'], paths: readonly string[]): void => {
    for (const path of paths) roots.push({ path, kind, skip: (entry, folder) => rule(entry, folder) });
  };
  // Named, so that an appdev.yaml inside a build context does not count as something that goes into the image.
  plain('config', config.files);
  roots.push(...imageRoots({ config, service, outputs: jar.outputs, rule, git }));
  const deploy = service.deploy;
  switch (deploy.kind) {
    case 'helm':
      // `oci://…` and `repo/chart` are not folders of the project.
      if (isAbsolute(deploy.chart)) plain('chart', chartInputs(deploy.chart));
      plain('values', deploy.values);
      break;
    case 'kustomize':
      plain('overlay', overlayInputs(deploy.path));
      break;
    case 'manifests':
      roots.push(...deploy.files.map((pattern) => globRoot('manifest', pattern, rule)));
      break;
  }
  return { roots };
}

/**
 * A short text of all settings that decide jar and image, and one of those that decide the manifests. Paths in them are
 * relative to the project, so the texts do not depend on where the project is.
 */
export function settingsOf(
  root: string,
  service: ServiceConfig,
): { readonly build: string; readonly deploy: string } {
  const name = (path: string): string => (isAbsolute(path) ? relative(root, path) : path);
  const image = imageSettings(service.image?.source, name);
  const deploy = service.deploy;
  const paths =
    deploy.kind === 'helm'
      ? { chart: name(deploy.chart), values: deploy.values.map(name) }
      : deploy.kind === 'kustomize'
        ? { path: name(deploy.path) }
        : { files: deploy.files.map(name) };
  return {
    // Includes the repository, because an image that was built under another name is not found under this one.
    build: JSON.stringify(
      sorted({ path: name(service.path), jar: service.jar, image, repository: service.image?.repository }),
    ),
    deploy: JSON.stringify(sorted({ ...deploy, ...paths })),
  };
}

function imageSettings(source: ImageSource | undefined, name: (path: string) => string): unknown {
  if (source === undefined || source.kind === 'layers') return source;
  const { containerfile, context } = source;
  const dependencies = source.kind === 'command' ? source.dependencies?.map(name) : undefined;
  return {
    ...source,
    context: name(context),
    ...(containerfile === undefined ? {} : { containerfile: name(containerfile) }),
    ...(dependencies === undefined ? {} : { dependencies }),
  };
}

/**
 * True if a changed path may matter. A folder around an input counts as well, because the input may have appeared or
 * disappeared with it.
 */
export function concerns(path: string, inputs: Inputs): boolean {
  return inputs.roots.some(
    (root) => isWithin(root.path, path) || (isWithin(path, root.path) && !root.skip(path, false, new Set())),
  );
}

function jarSkip(
  base: string,
  root: string,
  jar: JarInputs,
  rule: IgnoreRule,
  git: GitRule,
): WalkRoot['skip'] {
  const sources = jar.sources.includes(root) || isInSources(relative(base, root));
  const outputs = new Set(jar.outputs);
  return (path, folder, siblings) => {
    if (rule(path, folder) || (folder && outputs.has(path))) return true;
    if (sources || isInSources(relative(root, path))) return false;
    return (folder && isOutputFolder(path, siblings)) || git.ignores(path, folder);
  };
}

/** The same value with the keys of every object sorted, so that equal settings give equal texts. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item)]));
}
