/**
 * Lays an overlay over a tree. Maps are merged key by key; lists and single values are replaced, by `false`, `0`, `""`
 * and `[]` as well; `null` removes a key. Every value keeps the origin of the file and profile that wrote it.
 */
import { withoutKeys, type Entry, type MapNode, type Tree } from '../config/text/tree.ts';

/**
 * Keys that stand for each other: when the overlay writes `when`, the base's `drops` at the same place make way, as a
 * service is deployed in one way only, an image has one source, and the other names of a registry belong to its
 * `push`. A `*` in `at` is any key.
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
 * The base with the overlay on top. Neither is changed.
 *
 * @param path where both stand in appdev.yaml; the default is the root.
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
      // A map that both have keeps the base's key: it says where the map began.
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
