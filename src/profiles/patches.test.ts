/** JSON patches: the examples of RFC 6902's appendix A, the messages, and properties for any tree. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diagnosticLines } from '../core/diagnostic.ts';
import { parseYaml, sourceFile } from '../config/text/parse.ts';
import { plainOf, treeAt, type Tree } from '../config/text/tree.ts';
import { applyPatches, type LocatedPatch, type Patched } from './patches.ts';

function treeOf(value: unknown, file = 'base'): Tree {
  const text = typeof value === 'string' && file === 'base' ? value : JSON.stringify(value);
  const { tree } = parseYaml(sourceFile(`/p/${file}`, file, text), text);
  if (tree === undefined) throw new Error('no tree');
  return tree;
}

interface PlainPatch {
  op: LocatedPatch['op'];
  path: string;
  from?: string;
  value?: unknown;
}

/** A patch as it would come from a file `patch` with one line. */
function located({ op, path, from, value }: PlainPatch): LocatedPatch {
  const { origin } = treeOf([path], 'patch');
  return {
    profile: 'prod',
    op,
    path: { value: path, origin },
    ...(from === undefined ? {} : { from: { value: from, origin } }),
    ...(value === undefined ? {} : { value: treeOf(value, 'patch') }),
  };
}

function apply(base: unknown, ...patches: PlainPatch[]): Patched {
  return applyPatches(treeOf(JSON.stringify(base)), patches.map(located));
}

function result(patched: Patched): unknown {
  return 'tree' in patched ? plainOf(patched.tree) : patched.diagnostic.message;
}

/** Maps as sorted pairs: matchers do not see a key `__proto__` of an object. */
function canonical(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(canonical);
  const keys = Object.keys(value).sort();
  return {
    pairs: keys.map((key) => [key, canonical(Object.entries(value).find(([name]) => name === key)?.[1])]),
  };
}

describe('applyPatches', () => {
  it.each<[string, unknown, PlainPatch, unknown]>([
    ['A.1 adds a key', { foo: 'bar' }, { op: 'add', path: '/baz', value: 'qux' }, { baz: 'qux', foo: 'bar' }],
    [
      'A.2 adds an item',
      { foo: ['bar', 'baz'] },
      { op: 'add', path: '/foo/1', value: 'qux' },
      { foo: ['bar', 'qux', 'baz'] },
    ],
    ['A.3 removes a key', { baz: 'qux', foo: 'bar' }, { op: 'remove', path: '/baz' }, { foo: 'bar' }],
    [
      'A.4 removes an item',
      { foo: ['bar', 'qux', 'baz'] },
      { op: 'remove', path: '/foo/1' },
      { foo: ['bar', 'baz'] },
    ],
    [
      'A.5 replaces',
      { baz: 'qux', foo: 'bar' },
      { op: 'replace', path: '/baz', value: 'boo' },
      { baz: 'boo', foo: 'bar' },
    ],
    [
      'A.6 moves a key',
      { foo: { bar: 'baz', waldo: 'fred' }, qux: { corge: 'grault' } },
      { op: 'move', from: '/foo/waldo', path: '/qux/thud' },
      { foo: { bar: 'baz' }, qux: { corge: 'grault', thud: 'fred' } },
    ],
    [
      'A.7 moves an item',
      { foo: ['all', 'grass', 'cows', 'eat'] },
      { op: 'move', from: '/foo/1', path: '/foo/3' },
      { foo: ['all', 'cows', 'eat', 'grass'] },
    ],
    [
      'A.8 tests with success',
      { baz: 'qux', foo: ['a', 2, 'c'] },
      { op: 'test', path: '/foo/1', value: 2 },
      { baz: 'qux', foo: ['a', 2, 'c'] },
    ],
    [
      'A.10 adds a map',
      { foo: 'bar' },
      { op: 'add', path: '/child', value: { grandchild: {} } },
      { foo: 'bar', child: { grandchild: {} } },
    ],
    [
      'A.14 reads ~0 and ~1',
      { '/': 9, '~1': 10 },
      { op: 'test', path: '/~01', value: 10 },
      { '/': 9, '~1': 10 },
    ],
    [
      'A.16 appends a list as one item',
      { foo: ['bar'] },
      { op: 'add', path: '/foo/-', value: ['abc', 'def'] },
      { foo: ['bar', ['abc', 'def']] },
    ],
    ['adds at the end by its number', [1], { op: 'add', path: '/1', value: 2 }, [1, 2]],
    ['replaces an existing key by add', { a: 1 }, { op: 'add', path: '/a', value: 2 }, { a: 2 }],
    ['replaces an item', { a: [1, 2] }, { op: 'replace', path: '/a/0', value: 3 }, { a: [3, 2] }],
    ['replaces all', { a: 1 }, { op: 'replace', path: '', value: { b: 2 } }, { b: 2 }],
    ['copies', { a: { b: 1 } }, { op: 'copy', from: '/a', path: '/a/c' }, { a: { b: 1, c: { b: 1 } } }],
    [
      'compares maps whatever the order',
      { a: { b: 1, c: [{}] } },
      { op: 'test', path: '/a', value: { c: [{}], b: 1 } },
      { a: { b: 1, c: [{}] } },
    ],
    ['sets falsy values', { a: true }, { op: 'replace', path: '/a', value: false }, { a: false }],
    [
      'has a key __proto__ like any other',
      { a: 1 },
      { op: 'add', path: '/__proto__', value: 2 },
      JSON.parse('{"a": 1, "__proto__": 2}'),
    ],
  ])('%s', (_, base, patch, expected) => {
    expect(canonical(result(apply(base, patch)))).toEqual(canonical(expected));
  });

  it.each<[PlainPatch, string]>([
    [
      { op: 'test', path: '/name', value: 'store' },
      'profile prod, patch test /name: the value is "shop", not "store"',
    ],
    [
      { op: 'test', path: '/list/0', value: '1' },
      'profile prod, patch test /list/0: the value is 1, not "1"',
    ],
    [
      { op: 'replace', path: '/list/3', value: 1 },
      'profile prod, patch replace /list/3: there is no item 3 in the list /list: it has items 0 to 1',
    ],
    [
      { op: 'replace', path: '/list/-', value: 1 },
      'profile prod, patch replace /list/-: there is no item - in the list /list: it has items 0 to 1',
    ],
    [
      { op: 'add', path: '/list/3', value: 1 },
      'profile prod, patch add /list/3: there is no item 3 in the list /list: it has items 0 to 1',
    ],
    [
      { op: 'remove', path: '/list/01' },
      'profile prod, patch remove /list/01: there is no item 01 in the list /list: it has items 0 to 1',
    ],
    [
      { op: 'replace', path: '/none/0', value: 1 },
      'profile prod, patch replace /none/0: there is no item 0 in the list /none: it is empty',
    ],
    [
      { op: 'remove', path: '/cluster/x~1y' },
      'profile prod, patch remove /cluster/x~1y: there is no key "x/y" in /cluster',
    ],
    [
      { op: 'add', path: '/name/x', value: 1 },
      'profile prod, patch add /name/x: /name is a single value and has no "x"',
    ],
    [
      { op: 'add', path: '/name/x/y', value: 1 },
      'profile prod, patch add /name/x/y: /name is a single value and has no "x"',
    ],
    [
      { op: 'add', path: '/a/b/c', value: 1 },
      'profile prod, patch add /a/b/c: there is no key "a" in the file',
    ],
    [
      { op: 'move', from: '/nam', path: '/x' },
      'profile prod, patch move /x: there is no key "nam" in the file',
    ],
    [
      { op: 'move', from: '/cluster', path: '/cluster/x' },
      'profile prod, patch move /cluster/x: it moves a value into itself',
    ],
    [{ op: 'remove', path: '' }, 'profile prod, patch remove "": it would remove the whole file'],
    [{ op: 'add', path: '/x' }, 'profile prod, patch add /x: it has no `value`'],
    [{ op: 'copy', path: '/x' }, 'profile prod, patch copy /x: it has no `from`'],
  ])('%j does not fit', (patch, message) => {
    expect(result(apply({ name: 'shop', list: [1, 2], none: [], cluster: { context: 'x' } }, patch))).toBe(
      message,
    );
  });

  it('points at the path in the file and proposes the nearest key', () => {
    const patched = apply({ services: { orders: {} } }, { op: 'replace', path: '/services/ordrs', value: 1 });
    expect('diagnostic' in patched ? diagnosticLines(patched.diagnostic) : []).toEqual([
      'patch:1:1: error: profile prod, patch replace /services/ordrs: there is no key "ordrs" in /services',
      '  1 | ["/services/ordrs"]',
      '    | ^^^^^^^^^^^^^^^^^^^',
      '  hint: did you mean orders?',
    ]);
  });

  it('stops at the first patch that does not fit', () => {
    const patched = apply({ a: 1 }, { op: 'remove', path: '/b' }, { op: 'remove', path: '/c' });
    expect(result(patched)).toBe('profile prod, patch remove /b: there is no key "b" in the file');
  });
});

const key = fc.constantFrom('a', 'b', 'a/b', '~', '', '0', '__proto__');
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom(true, 0, 'x', null),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(key, tie('value'), { maxKeys: 3, noNullPrototype: false }),
  ),
}));

/** Every pointer into a tree, the root left out. */
function pointers(node: Tree, above = ''): string[] {
  if (node.kind === 'scalar') return [];
  const children: [string, Tree][] =
    node.kind === 'list'
      ? node.items.map((item, index) => [String(index), item])
      : [...node.entries].map(([name, entry]) => [
          name.replaceAll('~', '~0').replaceAll('/', '~1'),
          entry.value,
        ]);
  return children.flatMap(([part, child]) => [`${above}/${part}`, ...pointers(child, `${above}/${part}`)]);
}

/** Any tree with any pointer into it. */
const pointed = fc
  .array(value, { minLength: 1, maxLength: 3 })
  .map((plain) => treeOf(plain, 'any'))
  .chain((base) => fc.constantFrom(...pointers(base)).map((path) => ({ base, path })));

function applied(base: Tree, ...patches: PlainPatch[]): unknown {
  return result(applyPatches(base, patches.map(located)));
}

describe('applyPatches, for any tree', () => {
  it('undoes an added key or item by removing it', () => {
    fc.assert(
      fc.property(pointed, value, ({ base, path }, added) => {
        const parent = path.slice(0, path.lastIndexOf('/'));
        const list = parent === '' || Array.isArray(at(base, parent));
        const target = list ? path : `${parent}/new`;
        expect(
          applied(base, { op: 'add', path: target, value: added }, { op: 'remove', path: target }),
        ).toEqual(plainOf(base));
      }),
    );
  });

  it('finds by test what replace has put there', () => {
    fc.assert(
      fc.property(pointed, value, ({ base, path }, put) => {
        const patched = applyPatches(base, [
          located({ op: 'replace', path, value: put }),
          located({ op: 'test', path, value: put }),
        ]);
        expect('tree' in patched && treeAt(patched.tree, [])?.kind).toBe('list');
      }),
    );
  });

  it('moves as it removes and adds, and changes no other value', () => {
    fc.assert(
      fc.property(pointed, ({ base, path }) => {
        const moved = applied(base, { op: 'move', from: path, path: '/-' });
        const added = applied(base, { op: 'copy', from: path, path: '/-' }, { op: 'remove', path });
        expect(moved).toEqual(added);
      }),
    );
  });

  it('leaves the tree that it was given as it was, and keeps the origins of what it does not touch', () => {
    fc.assert(
      fc.property(pointed, value, ({ base, path }, put) => {
        const before = plainOf(base);
        const patched = applyPatches(base, [located({ op: 'replace', path, value: put })]);
        expect(plainOf(base)).toEqual(before);
        if (!('tree' in patched)) throw new Error(patched.diagnostic.message);
        for (const pointer of pointers(patched.tree)) {
          const file = originAt(patched.tree, pointer);
          expect(file).toBe(pointer === path || pointer.startsWith(`${path}/`) ? 'patch' : 'any');
        }
      }),
    );
  });
});

function nodeAt(tree: Tree, pointer: string): Tree | undefined {
  const parts = pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  return parts.reduce<Tree | undefined>(
    (node, part) => treeAt(node, [node?.kind === 'list' ? Number(part) : part]),
    tree,
  );
}

function at(tree: Tree, pointer: string): unknown {
  const node = nodeAt(tree, pointer);
  return node === undefined ? undefined : plainOf(node);
}

function originAt(tree: Tree, pointer: string): string | undefined {
  return nodeAt(tree, pointer)?.origin.source.shown;
}
