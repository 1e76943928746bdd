/**
 * Applies JSON patches (RFC 6902) to trees, one by one. Pointers follow RFC 6901. A patch that cannot be applied
 * becomes a diagnostic at the pointer that the user wrote, and the hint proposes the nearest key.
 */
import type { Diagnostic } from '../core/diagnostic.ts';
import { diagnosticAt } from '../config/text/locate.ts';
import { nearest } from '../config/text/nearest.ts';
import { plainOf, type Entry, type Origin, type Tree } from '../config/text/tree.ts';

/** One patch, with the places where its parts were written. */
export interface LocatedPatch {
  readonly profile: string;
  readonly op: 'add' | 'remove' | 'replace' | 'move' | 'copy' | 'test';
  readonly path: { readonly value: string; readonly origin: Origin };
  /** The source of `move` and `copy`. */
  readonly from?: { readonly value: string; readonly origin: Origin };
  /** The value of `add`, `replace` and `test`. */
  readonly value?: Tree;
}

/** The result of patching: the new tree, or the error of the first patch that failed. */
export type Patched = { readonly tree: Tree } | { readonly diagnostic: Diagnostic };

/** Applies patches in order, and stops at the first that fails. The tree that is passed in is not changed. */
export function applyPatches(tree: Tree, patches: readonly LocatedPatch[]): Patched {
  let current = tree;
  for (const patch of patches) {
    try {
      current = applyPatch(current, patch);
    } catch (error) {
      if (!(error instanceof Misfit)) throw error;
      const what = `profile ${patch.profile}, patch ${patch.op} ${patch.path.value || '""'}`;
      return {
        diagnostic: diagnosticAt(error.origin ?? patch.path.origin, `${what}: ${error.message}`, error.hint),
      };
    }
  }
  return { tree: current };
}

/** Thrown in the recursion below if a patch cannot be applied. It never leaves this file. */
class Misfit extends Error {
  readonly hint: string | undefined;
  origin: Origin | undefined;

  constructor(message: string, hint?: string, origin?: Origin) {
    super(message);
    this.hint = hint;
    this.origin = origin;
  }
}

function applyPatch(tree: Tree, patch: LocatedPatch): Tree {
  const path = partsOf(patch.path.value);
  switch (patch.op) {
    case 'add':
      return change(tree, path, 'add', valueOf(patch), patch.path.origin);
    case 'replace':
      return change(tree, path, 'replace', valueOf(patch), patch.path.origin);
    case 'remove':
      return change(tree, path, 'remove');
    case 'copy':
      return change(tree, path, 'add', source(tree, patch).value, patch.path.origin);
    case 'move': {
      const { value, parts } = source(tree, patch);
      if (parts.length < path.length && parts.every((part, i) => part === path[i])) {
        throw new Misfit('it moves a value into itself');
      }
      return change(change(tree, parts, 'remove'), path, 'add', value, patch.path.origin);
    }
    case 'test': {
      const [found, wanted] = [get(tree, path), valueOf(patch)];
      if (same(found, wanted)) return tree;
      const text = (node: Tree): string => JSON.stringify(plainOf(node));
      throw new Misfit(`the value is ${text(found)}, not ${text(wanted)}`);
    }
  }
}

function partsOf(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function valueOf(patch: LocatedPatch): Tree {
  if (patch.value === undefined) throw new Misfit('it has no `value`', 'add `value: …`');
  return patch.value;
}

function source(tree: Tree, patch: LocatedPatch): { value: Tree; parts: string[] } {
  if (patch.from === undefined) throw new Misfit('it has no `from`', 'add `from: /path/of/the/source`');
  const parts = partsOf(patch.from.value);
  try {
    return { value: get(tree, parts), parts };
  } catch (error) {
    if (error instanceof Misfit) error.origin = patch.from.origin;
    throw error;
  }
}

function get(tree: Tree, parts: readonly string[]): Tree {
  let node = tree;
  for (const [i, part] of parts.entries()) node = child(node, part, parts.slice(0, i));
  return node;
}

function child(node: Tree, part: string, above: readonly string[]): Tree {
  if (node.kind === 'map') {
    const entry = node.entries.get(part);
    if (entry !== undefined) return entry.value;
    const keys = [...node.entries.keys()];
    const proposal = nearest(part, keys);
    const hint =
      proposal === undefined ? `its keys: ${keys.join(', ') || 'none'}` : `did you mean ${proposal}?`;
    throw new Misfit(`there is no key "${part}" in ${pointerText(above)}`, hint);
  }
  if (node.kind === 'list') {
    const item = node.items[indexIn(part)];
    if (item === undefined) throw noItem(part, node.items.length, above);
    return item;
  }
  throw new Misfit(`${pointerText(above)} is a single value and has no "${part}"`);
}

function noItem(part: string, length: number, above: readonly string[]): Misfit {
  const has = length === 0 ? 'it is empty' : `it has items 0 to ${length - 1}`;
  return new Misfit(`there is no item ${part} in the list ${pointerText(above)}: ${has}`);
}

/** The index that a part of a pointer stands for, or -1 if it is none: RFC 6901 allows no sign and no leading zero. */
function indexIn(part: string): number {
  return /^(0|[1-9]\d*)$/.test(part) ? Number(part) : -1;
}

function pointerText(parts: readonly string[]): string {
  if (parts.length === 0) return 'the file';
  return parts.map((part) => `/${part.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

type Change = 'add' | 'replace' | 'remove';

/** A copy of the tree with one value added, replaced or removed. `place` becomes the origin of a new key. */
function change(
  node: Tree,
  parts: readonly string[],
  how: Change,
  value?: Tree,
  place?: Origin,
  above: readonly string[] = [],
): Tree {
  const [part, ...rest] = parts;
  if (part === undefined) {
    if (value === undefined) throw new Misfit('it would remove the whole file');
    return value;
  }
  if (rest.length > 0) {
    const changed = change(child(node, part, above), rest, how, value, place, [...above, part]);
    return withChild(node, part, changed);
  }
  if (how !== 'add') child(node, part, above);
  if (node.kind === 'map') {
    const entries = new Map<string, Entry>(node.entries);
    if (value === undefined) entries.delete(part);
    else entries.set(part, { key: place ?? value.origin, value });
    return { ...node, entries };
  }
  if (node.kind === 'list') {
    const index = part === '-' ? node.items.length : indexIn(part);
    if (index < 0 || index > node.items.length) throw noItem(part, node.items.length, above);
    const added = value === undefined ? [] : [value];
    return { ...node, items: node.items.toSpliced(index, how === 'add' ? 0 : 1, ...added) };
  }
  throw new Misfit(`${pointerText(above)} is a single value and has no "${part}"`);
}

/** A copy of the node in which an existing child is replaced. */
function withChild(node: Tree, part: string, value: Tree): Tree {
  if (node.kind === 'list') return { ...node, items: node.items.with(indexIn(part), value) };
  if (node.kind !== 'map') return node;
  const key = node.entries.get(part)?.key ?? value.origin;
  return { ...node, entries: new Map([...node.entries, [part, { key, value }]]) };
}

function same(a: Tree, b: Tree): boolean {
  if (a.kind === 'scalar') return b.kind === 'scalar' && a.value === b.value;
  if (a.kind === 'list') {
    return (
      b.kind === 'list' &&
      a.items.length === b.items.length &&
      a.items.every((item, i) => {
        const other = b.items[i];
        return other !== undefined && same(item, other);
      })
    );
  }
  if (b.kind !== 'map' || a.entries.size !== b.entries.size) return false;
  return [...a.entries].every(([key, { value }]) => {
    const other = b.entries.get(key);
    return other !== undefined && same(value, other.value);
  });
}
