/**
 * Checks the places in a chart's values that receive an image: `imageValues`, `moreImageValues`, `otherImageValues`.
 * Together, the paths of a place must name the image, and say which one.
 */
import type { Diagnostic } from '../../core/diagnostic.ts';
import { diagnosticAt } from '../text/locate.ts';
import {
  entriesAt,
  entryAt,
  itemsAt,
  pathText,
  treeAt,
  type Named,
  type Origin,
  type Tree,
} from '../text/tree.ts';

interface Place {
  readonly path: readonly (string | number)[];
  readonly tree: Tree;
  readonly origin: Origin;
  /** True for `imageValues`, whose paths have defaults. */
  readonly own: boolean;
}

/** The errors in the image places of one service. */
export function checkImagePlaces([service, { value }]: Named): Diagnostic[] {
  return placesOf(value).flatMap(({ path, tree, origin, own }) => {
    if (tree.kind !== 'map') return [];
    const has = (key: string): boolean => tree.entries.has(key);
    const at = pathText(['services', service, ...path]);
    const digest = ['digest', 'sha'].find(has);
    if (digest !== undefined && isTrue(treeAt(tree, ['tagOnly']))) {
      const message = `${at} has ${digest} and tagOnly, but tagOnly means that no path gets the digest`;
      return [diagnosticAt(origin, message, 'remove one of the two')];
    }
    if (own || has('reference')) return [];
    const missing = has('repository')
      ? ['tag', 'digest', 'sha'].some(has)
        ? undefined
        : '`tag`, `digest` or `sha`'
      : '`repository` (or `reference`, for a chart with a single value)';
    return missing === undefined ? [] : [diagnosticAt(origin, `${at} is not complete`, `add ${missing}`)];
  });
}

function isTrue(node: Tree | undefined): boolean {
  return node?.kind === 'scalar' && node.value === true;
}

function placesOf(service: Tree): Place[] {
  const helm = ['deploy', 'helm'];
  const entry = entryAt(service, [...helm, 'imageValues']);
  const more = itemsAt(service, [...helm, 'moreImageValues']);
  const others = entriesAt(service, [...helm, 'otherImageValues']);
  return [
    ...(entry === undefined
      ? []
      : [{ path: [...helm, 'imageValues'], tree: entry.value, origin: entry.key, own: true }]),
    ...more.map((tree, index) => ({
      ...{ path: [...helm, 'moreImageValues', index], tree, origin: tree.origin, own: false },
    })),
    ...others.map(([name, { key, value }]) => ({
      ...{ path: [...helm, 'otherImageValues', name], tree: value, origin: key, own: false },
    })),
  ];
}
