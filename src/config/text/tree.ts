/**
 * A YAML file as a tree that remembers where every value was written. Profiles merge and patch such trees, and each value
 * still knows its file, line, column and profile afterwards. Trees are never changed in place. Maps are real `Map`s, so
 * that no key, not even `__proto__`, can reach an object's prototype.
 */

/** A file that was read. Its lines are kept for excerpts. */
export interface SourceFile {
  /** Absolute path. */
  readonly path: string;
  /** The path as messages show it. */
  readonly shown: string;
  /** Its lines without line ends. */
  readonly lines: readonly string[];
}

/** Where a value or key was written. Line and column count from 1; `length` is the number of characters on that line. */
export interface Origin {
  readonly source: SourceFile;
  readonly line: number;
  readonly column: number;
  readonly length: number;
  /** The profile whose overlay or patch wrote it. Absent: no profile did. */
  readonly profile?: string;
}

/** A value with its origin: a map, a list or a single value. */
export type Tree = MapNode | ListNode | ScalarNode;

/** A map. Its keys are in the order of the file. */
export interface MapNode {
  readonly kind: 'map';
  readonly origin: Origin;
  readonly entries: ReadonlyMap<string, Entry>;
}

/** A value in a map, with the place of its key; the name of the key is the key of the map. */
export interface Entry {
  readonly key: Origin;
  readonly value: Tree;
}

/** An entry of a map with the name of its key. */
export type Named = readonly [string, Entry];

interface ListNode {
  readonly kind: 'list';
  readonly origin: Origin;
  readonly items: readonly Tree[];
}

/** A single value. */
export interface ScalarNode {
  readonly kind: 'scalar';
  readonly origin: Origin;
  readonly value: string | number | boolean | null;
  /** The text before variables were filled in. Absent: it has none. */
  readonly template?: string;
  /** A number as the file writes it, e.g. `1.10` for 1.1. */
  readonly written?: string;
  /** True if it was filled from a variable that looks like a secret. Only `template` may then be shown. */
  readonly secret?: true;
  /** True if one of its variables could not be filled in. That is reported; the value is not checked further. */
  readonly unfilled?: true;
}

/** The path from a document's root to a value: keys and positions in lists. */
export type TreePath = readonly (string | number)[];

/**
 * A path as messages show it, e.g. `services.orders.needs[0]`; empty for the root. Keys with odd characters are quoted.
 */
export function pathText(path: TreePath): string {
  return path
    .map((part, index) => {
      if (typeof part === 'number') return `[${part}]`;
      const key = /^[\w-]+$/.test(part) ? part : JSON.stringify(part);
      return index === 0 ? key : `.${key}`;
    })
    .join('');
}

/** The value at a path, or undefined if the tree has none. */
export function treeAt(tree: Tree | undefined, path: TreePath): Tree | undefined {
  let node = tree;
  for (const part of path) {
    if (node?.kind === 'map') node = node.entries.get(String(part))?.value;
    else if (node?.kind === 'list') node = typeof part === 'number' ? node.items[part] : undefined;
    else return undefined;
  }
  return node;
}

/** The entry at a path whose last part is a key, or undefined if the tree has none. */
export function entryAt(tree: Tree | undefined, path: TreePath): Entry | undefined {
  const parent = treeAt(tree, path.slice(0, -1));
  return parent?.kind === 'map' ? parent.entries.get(String(path.at(-1))) : undefined;
}

/** The entries of the map at a path; an empty list if there is no map. */
export function entriesAt(tree: Tree | undefined, path: TreePath): readonly Named[] {
  const node = treeAt(tree, path);
  return node?.kind === 'map' ? [...node.entries] : [];
}

/** The items of the list at a path; an empty list if there is no list. */
export function itemsAt(tree: Tree | undefined, path: TreePath): readonly Tree[] {
  const node = treeAt(tree, path);
  return node?.kind === 'list' ? node.items : [];
}

/** The string at a path with its origin; undefined if it is not a string, or its variables could not be filled in. */
export function stringAt(
  tree: Tree | undefined,
  path: TreePath,
): { readonly value: string; readonly origin: Origin } | undefined {
  const node = treeAt(tree, path);
  return node?.kind === 'scalar' && typeof node.value === 'string' && node.unfilled !== true
    ? { value: node.value, origin: node.origin }
    : undefined;
}

/** The tree as plain data, without origins. Its objects have no prototype, so that `__proto__` is an ordinary key. */
export function plainOf(tree: Tree): unknown {
  switch (tree.kind) {
    case 'scalar':
      return tree.value;
    case 'list':
      return tree.items.map(plainOf);
    case 'map': {
      const plain = Object.create(null) as Record<string, unknown>;
      for (const [key, entry] of tree.entries) plain[key] = plainOf(entry.value);
      return plain;
    }
  }
}

/** A copy of the tree in which the function has replaced every single value. */
export function mapScalars(tree: Tree, change: (scalar: ScalarNode) => ScalarNode): Tree {
  switch (tree.kind) {
    case 'scalar':
      return change(tree);
    case 'list':
      return { ...tree, items: tree.items.map((item) => mapScalars(item, change)) };
    case 'map':
      return {
        ...tree,
        entries: new Map(
          [...tree.entries].map(([key, entry]) => [
            key,
            { ...entry, value: mapScalars(entry.value, change) },
          ]),
        ),
      };
  }
}

/** A copy of the tree in which every origin names the profile. */
export function withProfile(tree: Tree, profile: string): Tree {
  const mark = (origin: Origin): Origin => ({ ...origin, profile });
  switch (tree.kind) {
    case 'scalar':
      return { ...tree, origin: mark(tree.origin) };
    case 'list':
      return {
        ...tree,
        origin: mark(tree.origin),
        items: tree.items.map((item) => withProfile(item, profile)),
      };
    case 'map':
      return {
        ...tree,
        origin: mark(tree.origin),
        entries: new Map(
          [...tree.entries].map(([key, entry]) => [
            key,
            { key: mark(entry.key), value: withProfile(entry.value, profile) },
          ]),
        ),
      };
  }
}

/** A copy of the map without the given keys. */
export function withoutKeys(map: MapNode, keys: readonly string[]): MapNode {
  return { ...map, entries: new Map([...map.entries].filter(([key]) => !keys.includes(key))) };
}
