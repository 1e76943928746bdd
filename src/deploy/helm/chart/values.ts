/**
 * The values that appdev adds to a chart's own: `set` and the image. They travel as a YAML file on helm's standard
 * input (`--values -`), so no value is read as syntax or appears in a process list. Pure.
 */
import type { HelmConfig, ImageValues } from '../../../config/model.ts';
import type { Artifact } from '../../../core/events.ts';
import { failed, ok, type Outcome } from '../../../core/outcome.ts';
import { isFields } from '../../../support/fields.ts';
import { byTagAlone, referenceOf, tagOf } from '../../objects/images.ts';
import { usualPlace } from './shapes.ts';

/** Text for one path of the values. */
export interface PathText {
  readonly path: string;
  readonly text: string;
}

/**
 * The argument that makes helm read a text from a file (`--set-file` takes the content as it is). Helm gives a meaning
 * to commas and backslashes in the file's name, so they are escaped.
 */
export function textArgument({ path }: PathText, file: string): string {
  return `--set-file=${path}=${file.replace(/[\\,]/g, '\\$&')}`;
}

/** The argument that makes helm read a values file. Helm reads a list in CSV here, so a name with a comma is quoted. */
export function valuesArgument(file: string): string {
  return `--values=${/[",]/.test(file) ? `"${file.replaceAll('"', '""')}"` : file}`;
}

/** The values to add, in the three ways in which they reach helm. */
export interface AddedValues {
  /** For `--values -`: JSON, which is YAML. */
  readonly stdin: string;
  /**
   * Values for paths that go into a list (`containers[0].image`), because a values file could only replace the whole
   * list. Numbers and booleans go as `--set-json` arguments. Text may be secret, so it must not be an argument.
   */
  readonly args: readonly string[];
  /** Texts for such paths, in order. */
  readonly texts: readonly PathText[];
}

/**
 * The values to add. The images come last so that they win.
 *
 * @param config its `imageValues` are where the service's own image goes; absent: where `helm create` has it
 * @param others images of other services; those that `otherImageValues` names are added.
 * @returns RENDER_FAILED if one path would have to be both a value and a mapping.
 */
export function addedValues(
  config: HelmConfig,
  artifact: Artifact | undefined,
  others: readonly Artifact[] = [],
): Outcome<AddedValues> {
  const pairs: [string, string | number | boolean][] = Object.entries(config.set);
  if (artifact !== undefined) {
    const places = [config.imageValues ?? usualPlace, ...(config.moreImageValues ?? [])];
    pairs.push(...places.flatMap((place) => imagePairs(place, artifact)));
  }
  for (const [service, paths] of Object.entries(config.otherImageValues ?? {})) {
    const other = others.find((one) => one.service === service);
    if (other !== undefined) pairs.push(...imagePairs(paths, other));
  }
  const tree: Record<string, unknown> = {};
  const args: string[] = [];
  const texts: PathText[] = [];
  for (const [path, value] of pairs) {
    if (path.includes('[')) {
      if (typeof value === 'string') texts.push({ path, text: value });
      else args.push(`--set-json=${path}=${JSON.stringify(value)}`);
      continue;
    }
    const clash = put(tree, path.split('.'), value);
    if (clash !== undefined) {
      return failed(
        'RENDER_FAILED',
        `the values path ${path} goes through ${clash}, which is set to a single value`,
        {
          hint: `in \`deploy.helm\`, set either ${clash} or the paths below it`,
        },
      );
    }
  }
  return ok({ stdin: JSON.stringify(tree), args, texts });
}

/**
 * The values of one place. If the repository and the tag have the same path, that path gets the whole reference: some
 * charts have a single value for the image.
 */
function imagePairs(place: ImageValues, whole: Artifact): [string, string][] {
  const artifact = place.tagOnly === true ? byTagAlone(whole) : whole;
  const { digest } = artifact;
  const reference = referenceOf(artifact);
  if (place.repository !== undefined && place.repository === place.tag)
    return [[place.repository, reference]];
  const slash = artifact.pullRepository.indexOf('/');
  const name = artifact.pullRepository.slice(place.registry === undefined ? 0 : slash + 1);
  const apart = place.digest !== undefined || place.sha !== undefined;
  const texts: [string | undefined, string][] = [
    [place.registry, artifact.pullRepository.slice(0, Math.max(slash, 0))],
    [place.repository, name],
    [place.tag, apart ? artifact.tag : tagOf(artifact)],
    [place.digest, digest],
    [place.sha, digest.replace(/^sha256:/, '')],
    [place.reference, reference],
  ];
  return texts.flatMap(([path, text]): [string, string][] => (path === undefined ? [] : [[path, text]]));
}

/** Sets a value in a tree of mappings. Returns the path that is in the way, if there is one. */
function put(tree: Record<string, unknown>, path: readonly string[], value: unknown): string | undefined {
  let node = tree;
  for (const [depth, key] of path.slice(0, -1).entries()) {
    const next = Object.hasOwn(node, key) ? node[key] : undefined;
    if (next !== undefined && !isFields(next)) return path.slice(0, depth + 1).join('.');
    const child = (next ?? {}) as Record<string, unknown>;
    define(node, key, child);
    node = child;
  }
  const last = path.at(-1) ?? '';
  if (Object.hasOwn(node, last) && isFields(node[last])) return path.join('.');
  define(node, last, value);
  return undefined;
}

/** Defines the property instead of assigning it, so that a key called `__proto__` is a key like any other. */
function define(node: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(node, key, { value, enumerable: true, writable: true, configurable: true });
}
