/**
 * Where a chart's values hold images, told from the values themselves: `helm create` has `image.repository` and
 * `image.tag`, Bitnami's charts have `registry` and `digest` beside them, other charts have one text. Pure.
 */
import type { ImageValues } from '../../../config/model.ts';
import { fieldAt, isFields, type Fields } from '../../../support/fields.ts';

/** Where charts made by `helm create` have the image. */
export const usualPlace: ImageValues = { repository: 'image.repository', tag: 'image.tag' };

/**
 * The places that the values show for the chart's own image, the likeliest first. The place of `helm create` is always
 * among them, because values may have keys that no template reads.
 */
export function placesShown(values: unknown): ImageValues[] {
  return distinct([...placesAt(values, ['image']), usualPlace]);
}

/** Every place of the values that looks like one of an image, by the names of the keys: in the order of the values. */
export function allPlaces(values: unknown): ImageValues[] {
  const found: ImageValues[] = [];
  const visit = (node: unknown, path: readonly string[]): void => {
    if (!isFields(node) || path.length > maxDepth) return;
    for (const [key, value] of Object.entries(node)) {
      if (!isPathPart(key)) continue;
      const at = [...path, key];
      const looksSo =
        /image$/i.test(key) && (typeof value === 'string' || nameKeys.some((name) => isText(value, name)));
      if (looksSo) found.push(...placesAt(values, at).slice(0, 1));
      else visit(value, at);
    }
  };
  visit(values, []);
  return distinct(found);
}

/** The places that the values show at a path: a map of parts, or a text. None if there is neither. */
export function placesAt(values: unknown, path: readonly string[]): ImageValues[] {
  const node = fieldAt(values, ...path);
  const at = path.join('.');
  if (typeof node === 'string') {
    const beside = fieldsBeside(values, path);
    const tag = [`${path.at(-1) ?? ''}Tag`, 'tag'].find((key) => isText(beside, key));
    if (tag === undefined || /[:@]/.test(node.slice(node.lastIndexOf('/') + 1))) return [{ reference: at }];
    return [{ repository: at, tag: [...path.slice(0, -1), tag].join('.') }, { reference: at }];
  }
  if (!isFields(node)) return [];
  const pathOf = (key: string): string => `${at}.${key}`;
  const has = (key: string): boolean => isText(node, key);
  const tag = { tag: pathOf(!has('tag') && has('version') ? 'version' : 'tag') };
  // Some charts write `@{{ digest }}`, others `@sha256:{{ digest }}`.
  const digests: ImageValues[] = has('digest')
    ? [{ digest: pathOf('digest') }, { sha: pathOf('digest') }]
    : [has('sha') ? { sha: pathOf('sha') } : {}];
  const name = pathOf(!has('repository') && has('name') ? 'name' : 'repository');
  if (has('registry')) {
    return digests.map((digest) => ({ registry: pathOf('registry'), repository: name, ...tag, ...digest }));
  }
  const whole = digests.map((digest) => ({ repository: name, ...tag, ...digest }));
  if (!has('repository') || !has('name')) return whole;
  // Some charts write `repository/name:tag`.
  const parted = { registry: pathOf('repository'), repository: pathOf('name'), ...tag };
  return [...whole, ...digests.map((digest) => ({ ...parted, ...digest }))];
}

/** The place as the value of a key in appdev.yaml: `{repository: image.repository, tag: image.tag}`. */
export function placeText(place: ImageValues): string {
  const parts = ['registry', 'repository', 'tag', 'digest', 'sha', 'reference', 'tagOnly'] as const;
  const written = parts.flatMap((part) => {
    const value = place[part];
    return value === undefined || value === false ? [] : [`${part}: ${String(value)}`];
  });
  return `{${written.join(', ')}}`;
}

/** Deeper than this, no chart has its images. It ends the search in values that refer to themselves. */
const maxDepth = 8;

/** Keys of which an image in parts has at least one. */
const nameKeys = ['repository', 'registry', 'name'];

/** True for a key that is one step of a dotted path. */
function isPathPart(key: string): boolean {
  return /^[A-Za-z0-9_][\w-]*$/.test(key);
}

/** True if a map has the key and leaves room for a text: an empty value counts, too. */
function isText(node: unknown, key: string): boolean {
  if (!isFields(node) || !Object.hasOwn(node, key)) return false;
  const value = node[key];
  return value === null || typeof value === 'string' || typeof value === 'number';
}

function fieldsBeside(values: unknown, path: readonly string[]): Fields {
  const parent = path.length > 1 ? fieldAt(values, ...path.slice(0, -1)) : values;
  return isFields(parent) ? parent : {};
}

function distinct(places: readonly ImageValues[]): ImageValues[] {
  const byText = new Map(places.map((place) => [placeText(place), place]));
  return [...byText.values()];
}
