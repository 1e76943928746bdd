/**
 * Merges an overlay into a tree. Maps are merged key by key. Lists and single values are replaced, also by `false`, `0`,
 * `""` and `[]`. `null` removes a key. Every value keeps the origin of the file and profile that wrote it.
 */
import { withoutKeys, type Entry, type MapNode, type Tree } from '../config/text/tree.ts';

/**
 * Keys that exclude each other. If the overlay sets `when`, the keys `drops` of the base are removed at the same place: a
 * service is deployed in one way only, an image has one source, and the other settings of a registry belong to its
 * `push`. A `*` in `at` stands for any key.
 */
const replacements: readonly { at: readonly string[]; when: string; drops: readonly string[] }[] = [
  { at: ['services', '*', 'deploy'], when: 'helm', drops: ['kustomize', 'manifests'] },
  { at: ['services', '*', 'deploy'], when: 'kustomize', drops: ['helm', 'manifests'] },
  { at: ['services', '*', 'deploy'], when: 'manifests', drops: ['helm', 'kustomize'] },
  { at: ['services', '*', 'image'], when: 'base', drops: ['containerfile', 'context', 'buildArgs'] },
  { at: ['services', '*', 'image'], when: 'containerfile', drops: ['base'] },
  {
    at: ['registry'],
    when: 'push',
    drops: ['pull', 'inCluster', 'multiLevel', 'insecure', 'copy', 'ca', 'harbor'],
  },
];

/**
 * Merges the overlay into a copy of the base. Neither argument is changed.
 *
 * @param path the place of both in appdev.yaml; the default is the root
 */
export function mergeOverlay(base: Tree | undefined, overlay: Tree, path: readonly string[] = []): Tree {
  if (overlay.kind !== 'map') return overlay;
  const under: MapNode = base?.kind === 'map' ? base : { ...overlay, entries: new Map() };
  const entries = new Map<string, Entry>(withoutKeys(under, droppedKeys(overlay, path)).entries);
  for (const [key, { key: place, value }] of overlay.entries) {
    const before = entries.get(key);
    if (value.kind === 'scalar' && value.value === null) {
      entries.delete(key);
    } else {
      const merged = mergeOverlay(before?.value, value, [...path, key]);
      // If both have a map here, the base's key is kept: it is the place where the map was first written.
      const kept = before !== undefined && before.value.kind === 'map' && value.kind === 'map';
      entries.set(key, { key: kept ? before.key : place, value: merged });
    }
  }
  return { ...under, entries };
}

function droppedKeys(overlay: MapNode, path: readonly string[]): string[] {
  return replacements
    .filter(({ at, when }) => {
      const value = overlay.entries.get(when)?.value;
      const here = at.length === path.length && at.every((part, i) => part === '*' || part === path[i]);
      return here && value !== undefined && !(value.kind === 'scalar' && value.value === null);
    })
    .flatMap(({ drops }) => drops);
}
