/**
 * The files that an image is made from besides the jar: those of a Containerfile's context, or those of a command. Owns
 * which files of a context count; inputs.ts covers the service's other inputs.
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import picomatch from 'picomatch';
import type { CommandSource, ImageSource, ProjectConfig, ServiceConfig } from '../config/model.ts';
import { isWithin, type Root } from './classify.ts';
import { contextReads } from '../build/image/context/copy-sources.ts';
import { dockerIgnoreFiles, readDockerRule } from '../build/image/context/dockerignore.ts';
import { buildFiles, isOutputFolder, projectRule, type GitRule, type IgnoreRule } from './ignore.ts';
import type { WalkRoot } from './walk.ts';

/** What is needed to find the roots of an image. */
export interface ImageInputSources {
  readonly config: ProjectConfig;
  readonly service: ServiceConfig;
  /** Folders that the build of the jar writes. */
  readonly outputs: readonly string[];
  /** Files that are never inputs. */
  readonly rule: IgnoreRule;
  readonly git: GitRule;
}

/** The roots of a service's image. Empty for layers, which are made from the jar alone. */
export function imageRoots({
  config,
  service,
  outputs,
  rule,
  git,
}: ImageInputSources): readonly (Root & WalkRoot)[] {
  // If appdev builds the jar, the build tool's output follows from the jar's inputs. Otherwise the user builds it
  // himself, and that jar is exactly what to watch.
  const built = service.jar === undefined ? undefined : new Set(outputs);
  const source = service.image?.source;
  const named = (paths: readonly string[]): (Root & WalkRoot)[] =>
    paths.map((path) => ({ path, kind: 'containerfile', skip: (entry, folder) => rule(entry, folder) }));
  if (source?.kind === 'containerfile') {
    return [
      ...named([source.containerfile, ...dockerIgnoreFiles(source.context, source.containerfile)]),
      ...contextRoots(config, source, built),
    ];
  }
  if (source?.kind !== 'command') return [];
  const { containerfile, context, dependencies } = source;
  const ignoreFiles =
    dependencies === undefined
      ? dockerIgnoreFiles(context, containerfile ?? join(context, 'Containerfile'))
      : [];
  return [
    // Whichever program starts it, a script of the project is part of the command.
    ...named(scriptsOf(source, config.root)),
    ...named([...(containerfile === undefined ? [] : [containerfile]), ...ignoreFiles]),
    ...commandRoots(config, source, built ?? new Set(), rule, git),
  ];
}

type ContainerfileSource = Omit<Extract<ImageSource, { kind: 'containerfile' }>, 'kind'>;

/** `built`: the output folders of the jar's build. Absent if appdev builds no jar. */
function contextRoots(
  config: ProjectConfig,
  source: ContainerfileSource,
  built: ReadonlySet<string> | undefined,
): (Root & WalkRoot)[] {
  const rule = projectRule(config.root, config.ignore, true);
  const docker = readDockerRule(source.context, source.containerfile);
  const isBuilt = (path: string, siblings: ReadonlySet<string>): boolean =>
    built !== undefined && (built.has(path) || isOutputFolder(path, siblings));
  const shown: WalkRoot['skip'] = (path, folder, siblings) =>
    rule(path, folder) || (folder && isBuilt(path, siblings));
  const skip: WalkRoot['skip'] = (path, folder, siblings) =>
    shown(path, folder, siblings) || docker(path, folder);
  const reads = contextReads(readText(source.containerfile), source.buildArgs);
  const isWhole = reads.some(({ sources }) => sources === 'all');
  const roots = reads.flatMap(({ by, sources }) => {
    // The build sees what is mounted by name, whatever the ignore file says. What is copied is in the whole context.
    if (sources === 'all' || (by === 'copy' && isWhole)) return [];
    return sources
      .filter((path) => !copiesOutput(source.context, path, isBuilt))
      .map((path): Root & WalkRoot => {
        const below = join(source.context, path);
        return by === 'mount'
          ? { path: below, kind: 'context', skip: shown }
          : globRoot('context', below, skip);
      });
  });
  return isWhole ? [{ path: source.context, kind: 'context', skip }, ...roots] : roots;
}

/**
 * What decides the image of a command: what its author lists, or else what its Containerfile copies, or else its
 * context. Except for the first, files that git ignores or that build tools write are not inputs: the command itself
 * may write them, and the image would be built again for ever.
 */
function commandRoots(
  config: ProjectConfig,
  source: CommandSource,
  built: ReadonlySet<string>,
  rule: IgnoreRule,
  git: GitRule,
): (Root & WalkRoot)[] {
  const { context, containerfile, dependencies } = source;
  if (dependencies !== undefined) {
    return dependencies.map((pattern) => globRoot('context', pattern, (path, folder) => rule(path, folder)));
  }
  const roots =
    containerfile === undefined
      ? [wholeContext(config, context)]
      : contextRoots(config, { context, containerfile, buildArgs: {} }, built);
  return roots.map((root) => ({
    ...root,
    skip: (path, folder, siblings) =>
      root.skip(path, folder, siblings) ||
      (folder && (built.has(path) || isOutputFolder(path, siblings))) ||
      git.ignores(path, folder),
  }));
}

function wholeContext(config: ProjectConfig, context: string): Root & WalkRoot {
  const rule = projectRule(config.root, config.ignore, true);
  const docker = readDockerRule(context, join(context, 'Containerfile'));
  return {
    path: context,
    kind: 'context',
    skip: (path, folder) => rule(path, folder) || docker(path, folder),
  };
}

/** Words of the command line that are files of the project, as absolute paths. */
function scriptsOf({ run, context }: CommandSource, root: string): readonly string[] {
  const paths = run
    .filter((word) => word !== '' && !word.includes('\n'))
    .map((word) => resolve(context, word));
  return paths.filter((path) => isWithin(path, root) && isFile(path));
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** True if a COPY source names something in a build tool's output folder: `target/*.jar`. */
function copiesOutput(
  context: string,
  pattern: string,
  isBuilt: (path: string, siblings: ReadonlySet<string>) => boolean,
): boolean {
  const parts = pattern.split('/');
  return parts.some((part, index) => {
    const folder = join(context, ...parts.slice(0, index));
    const siblings = new Set(buildFiles.filter((name) => existsSync(join(folder, name))));
    return isBuilt(join(folder, part), siblings);
  });
}

/** The root of a pattern: the folder that contains everything it can match, or the one file that it names. */
export function globRoot(kind: Root['kind'], pattern: string, skip: WalkRoot['skip']): Root & WalkRoot {
  const { base, isGlob } = picomatch.scan(pattern);
  if (!isGlob) return { path: pattern, kind, skip };
  const matches = picomatch(pattern, { dot: true });
  // What is below a matching folder is copied with it.
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
