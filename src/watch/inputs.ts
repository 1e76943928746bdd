/**
 * Everything that a service is made from, as roots to list: what its build tool, its Containerfile and its chart, overlay
 * or manifests read. Looks at those files only as far as they name others; classify.ts and scanner.ts do the rest.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, isAbsolute, join, relative } from 'node:path';
import picomatch from 'picomatch';
import type { ImageSource, ProjectConfig, ServiceConfig } from '../config/model.ts';
import { isWithin, type Root } from './classify.ts';
import { copySources } from './containerfile.ts';
import { dockerIgnoreFiles, readDockerRule } from './dockerignore.ts';
import {
  buildFiles,
  isInSources,
  isOutputFolder,
  projectRule,
  type GitRule,
  type IgnoreRule,
} from './ignore.ts';
import { chartInputs, overlayInputs } from './references.ts';
import type { WalkRoot } from './walk.ts';

/** A service's roots: what to list, and how to tell what was found. */
export interface Inputs {
  readonly roots: readonly (Root & WalkRoot)[];
}

/** What the roots of a service are found from. */
export interface InputSources {
  readonly config: ProjectConfig;
  readonly service: ServiceConfig;
  /** `JarBuilder.inputsOf` of the service; empty without a jar. */
  readonly jar: readonly string[];
  readonly git: GitRule;
}

/** Finds the roots. Never fails: what is missing or unreadable is left to the stage that needs it, and watched for. */
export function inputsOf({ config, service, jar, git }: InputSources): Inputs {
  const rule = projectRule(config.root, config.ignore, false);
  const roots: (Root & WalkRoot)[] = jar.map((path) => ({
    path,
    kind: 'jar',
    skip: jarSkip(config.root, path, rule, git),
  }));
  const plain = (kind: Root['kind'], paths: readonly string[]): void => {
    for (const path of paths) roots.push({ path, kind, skip: (entry, folder) => rule(entry, folder) });
  };
  // Named, so that an appdev.yaml inside of a build context is not taken for something that goes into the image.
  plain('config', config.files);
  const source = service.image?.source;
  if (source?.kind === 'containerfile') {
    plain('containerfile', [
      source.containerfile,
      ...dockerIgnoreFiles(source.context, source.containerfile),
    ]);
    roots.push(...contextRoots(config, source, service.jar !== undefined));
  }
  const deploy = service.deploy;
  switch (deploy.kind) {
    case 'helm':
      // `oci://…` and `repo/chart` are no folders of ours.
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
 * A short text of all settings that decide jar and image, and one of those that decide the manifests, with paths relative
 * to the project, so that they are the same wherever the project lies.
 */
export function settingsOf(
  root: string,
  service: ServiceConfig,
): { readonly build: string; readonly deploy: string } {
  const name = (path: string): string => (isAbsolute(path) ? relative(root, path) : path);
  const source = service.image?.source;
  const image =
    source?.kind === 'containerfile'
      ? { ...source, containerfile: name(source.containerfile), context: name(source.context) }
      : source;
  const deploy = service.deploy;
  const paths =
    deploy.kind === 'helm'
      ? { chart: name(deploy.chart), values: deploy.values.map(name) }
      : deploy.kind === 'kustomize'
        ? { path: name(deploy.path) }
        : { files: deploy.files.map(name) };
  return {
    build: JSON.stringify(sorted({ path: name(service.path), jar: service.jar, image })),
    deploy: JSON.stringify(sorted({ ...deploy, ...paths })),
  };
}

/** Whether a changed path may matter. A folder around an input counts as well: the input may have come or gone with it. */
export function concerns(path: string, inputs: Inputs): boolean {
  return inputs.roots.some(
    (root) => isWithin(root.path, path) || (isWithin(path, root.path) && !root.skip(path, false, new Set())),
  );
}

function jarSkip(base: string, root: string, rule: IgnoreRule, git: GitRule): WalkRoot['skip'] {
  const sources = isInSources(relative(base, root));
  return (path, folder, siblings) => {
    if (rule(path, folder)) return true;
    if (sources || isInSources(relative(root, path))) return false;
    return (folder && isOutputFolder(path, siblings)) || git.ignores(path, folder);
  };
}

type ContainerfileSource = Extract<ImageSource, { kind: 'containerfile' }>;

function contextRoots(
  config: ProjectConfig,
  source: ContainerfileSource,
  builtJar: boolean,
): (Root & WalkRoot)[] {
  const rule = projectRule(config.root, config.ignore, true);
  const docker = readDockerRule(source.context, source.containerfile);
  // With a jar of ours, what the build tool writes follows from the jar's inputs. Without one, a jar that the user
  // builds himself is the very thing to watch.
  const skip: WalkRoot['skip'] = (path, folder, siblings) =>
    rule(path, folder) || docker(path, folder) || (builtJar && folder && isOutputFolder(path, siblings));
  const copied = copySources(readText(source.containerfile), source.buildArgs);
  if (copied === 'all') return [{ path: source.context, kind: 'context', skip }];
  return copied
    .filter((pattern) => !(builtJar && copiesOutput(source.context, pattern)))
    .map((pattern) => globRoot('context', join(source.context, pattern), skip));
}

/** Whether a COPY source names what lies in a build tool's output folder: `target/*.jar`. */
function copiesOutput(context: string, pattern: string): boolean {
  const parts = pattern.split('/');
  return parts.some((part, index) => {
    const folder = join(context, ...parts.slice(0, index));
    const siblings = new Set(buildFiles.filter((name) => existsSync(join(folder, name))));
    return isOutputFolder(join(folder, part), siblings);
  });
}

function globRoot(kind: Root['kind'], pattern: string, skip: WalkRoot['skip']): Root & WalkRoot {
  const { base, isGlob } = picomatch.scan(pattern);
  if (!isGlob) return { path: pattern, kind, skip };
  const matches = picomatch(pattern, { dot: true });
  // What lies below a folder that matches is copied with it.
  const wanted = (path: string): boolean => {
    for (let at = path; at.length > base.length; at = dirname(at)) if (matches(at)) return true;
    return false;
  };
  return {
    path: base,
    kind,
    skip: (path, folder, siblings) => skip(path, folder, siblings) || (!folder && !wanted(path)),
  };
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** The same value with the keys of every object in order, so that equal settings have equal texts. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item)]));
}
