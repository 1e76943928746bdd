/** Overlays: the table of what replaces what, and the properties that hold for any two trees. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseYaml, sourceFile } from '../config/text/parse.ts';
import { entryAt, plainOf, treeAt, type Tree, type TreePath } from '../config/text/tree.ts';
import { mergeOverlay } from './merge.ts';

function treeOf(text: string, file = 'appdev.yaml'): Tree {
  const { tree, diagnostics } = parseYaml(sourceFile(`/p/${file}`, file, text), text);
  if (tree === undefined) throw new Error(`not a tree: ${JSON.stringify(diagnostics)}`);
  return tree;
}

function merged(base: string, ...overlays: string[]): unknown {
  return plainOf(
    overlays.map((text) => treeOf(text)).reduce((tree, overlay) => mergeOverlay(tree, overlay), treeOf(base)),
  );
}

describe('mergeOverlay', () => {
  it.each([
    [
      'merges maps key by key',
      '{a: {b: 1, c: 2}, d: 3}',
      '{a: {c: 4, e: 5}}',
      { a: { b: 1, c: 4, e: 5 }, d: 3 },
    ],
    ['replaces lists', '{a: [1, 2, 3]}', '{a: [4]}', { a: [4] }],
    ['replaces by false', '{a: true}', '{a: false}', { a: false }],
    ['replaces by 0', '{a: 5}', '{a: 0}', { a: 0 }],
    ['replaces by an empty string', '{a: x}', '{a: ""}', { a: '' }],
    ['replaces by an empty list', '{a: [1]}', '{a: []}', { a: [] }],
    ['keeps a map under an empty map', '{a: {b: 1}}', '{a: {}}', { a: { b: 1 } }],
    ['removes by null', '{a: 1, b: {c: 1, d: 2}}', '{a: null, b: {c: ~}}', { b: { d: 2 } }],
    ['removes nothing that is not there', '{a: 1}', '{b: null, c: {d: null}}', { a: 1, c: {} }],
    [
      'replaces a value of another kind',
      '{a: 1, b: [1]}',
      '{a: {c: null, d: 1}, b: x}',
      { a: { d: 1 }, b: 'x' },
    ],
    [
      'puts one way to deploy in the place of another',
      '{services: {o: {deploy: {helm: {chart: c}, deadline: 5m}}}}',
      '{services: {o: {deploy: {kustomize: {path: k}}}}}',
      { services: { o: { deploy: { kustomize: { path: 'k' }, deadline: '5m' } } } },
    ],
    [
      'merges into the same way to deploy',
      '{services: {o: {deploy: {helm: {chart: c, values: [a]}}}}}',
      '{services: {o: {deploy: {helm: {values: [b]}}}}}',
      { services: { o: { deploy: { helm: { chart: 'c', values: ['b'] } } } } },
    ],
    [
      'replaces no way to deploy by a removed one',
      '{services: {o: {deploy: {helm: {chart: c}}}}}',
      '{services: {o: {deploy: {kustomize: null}}}}',
      { services: { o: { deploy: { helm: { chart: 'c' } } } } },
    ],
    [
      'keeps two ways that the overlay itself writes, for the check to complain about',
      '{services: {o: {deploy: {manifests: [m]}}}}',
      '{services: {o: {deploy: {helm: {chart: c}, kustomize: {path: k}}}}}',
      { services: { o: { deploy: { helm: { chart: 'c' }, kustomize: { path: 'k' } } } } },
    ],
    [
      'puts a base in the place of a Containerfile and what belongs to it',
      '{services: {o: {image: {repository: r, containerfile: C, context: x, buildArgs: {A: 1}}}}}',
      '{services: {o: {image: {base: b}}}}',
      { services: { o: { image: { repository: 'r', base: 'b' } } } },
    ],
    [
      'puts a Containerfile in the place of a base',
      '{services: {o: {image: {base: b}}}}',
      '{services: {o: {image: {containerfile: C}}}}',
      { services: { o: { image: { containerfile: 'C' } } } },
    ],
    [
      'carries no other name of an earlier registry over to a new one',
      '{registry: {push: localhost:5001, pull: localhost:5001, inCluster: x:1, insecure: true, copy: {}}}',
      '{registry: {push: registry.example.com/shop}}',
      { registry: { push: 'registry.example.com/shop' } },
    ],
    [
      'keeps the registry under an overlay of its other names',
      '{registry: {push: localhost:5001, insecure: true}}',
      '{registry: {pull: x:1}}',
      { registry: { push: 'localhost:5001', insecure: true, pull: 'x:1' } },
    ],
  ])('%s', (_, base, overlay, expected) => expect(merged(base, overlay)).toEqual(expected));

  it('knows file, line and profile of every value afterwards', () => {
    const base = treeOf('a: 1\nb:\n  c: 2\n  d: 3\n');
    const tree = mergeOverlay(base, treeOf('b: {c: 4, e: 5}\n', 'appdev.local.yaml'));
    const place = (...path: TreePath): string | undefined => {
      const origin = treeAt(tree, path)?.origin;
      return origin === undefined ? undefined : `${origin.source.shown}:${origin.line}:${origin.column}`;
    };
    expect(place('a')).toBe('appdev.yaml:1:4');
    expect(place('b', 'c')).toBe('appdev.local.yaml:1:8');
    expect(place('b', 'd')).toBe('appdev.yaml:4:6');
    expect(place('b', 'e')).toBe('appdev.local.yaml:1:14');
    // A map begins where it began: what it lacks is said there.
    expect(entryAt(tree, ['b'])?.key).toMatchObject({ line: 2, source: { shown: 'appdev.yaml' } });
  });
});

// Keys of the generated trees, some of those with a meaning included.
const key = fc.constantFrom('a', 'b', 'c', 'services', 'deploy', 'helm', '__proto__', 'constructor');
const { map } = fc.letrec<{ map: Record<string, unknown>; value: unknown }>((tie) => ({
  map: fc.dictionary(key, tie('value'), { maxKeys: 4, noNullPrototype: false }),
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom(true, false, 0, 1, '', 'x'),
    fc.array(fc.nat(3), { maxLength: 2 }),
    tie('map'),
  ),
}));
const tree = (file: string): fc.Arbitrary<Tree> => map.map((plain) => treeOf(JSON.stringify(plain), file));

/** Every path that leads to a value, maps that hold something left out. */
function leaves(node: Tree, path: TreePath = []): [TreePath, Tree][] {
  if (node.kind !== 'map' || node.entries.size === 0) return [[path, node]];
  return [...node.entries].flatMap(([name, { value }]) => leaves(value, [...path, name]));
}

describe('mergeOverlay, for any trees', () => {
  it('changes nothing by an empty overlay, nor by the same tree again', () => {
    fc.assert(
      fc.property(tree('base'), (base) => {
        expect(plainOf(mergeOverlay(base, treeOf('{}')))).toEqual(plainOf(base));
        expect(plainOf(mergeOverlay(base, base))).toEqual(plainOf(base));
      }),
    );
  });

  it('lets the later one win', () => {
    fc.assert(
      fc.property(tree('base'), tree('first'), tree('last'), (base, first, last) => {
        const result = mergeOverlay(mergeOverlay(base, first), last);
        for (const [path, leaf] of leaves(last)) {
          const found = treeAt(result, path);
          // An empty map over a map leaves that map in place.
          if (leaf.kind === 'map') expect(found?.kind).toBe('map');
          else expect(found).toEqual(leaf);
        }
      }),
    );
  });

  it('gives every value the origin of the tree that it was written in', () => {
    fc.assert(
      fc.property(tree('base'), tree('overlay'), (base, overlay) => {
        for (const [path, leaf] of leaves(mergeOverlay(base, overlay))) {
          const source = leaf.origin.source.shown === 'base' ? base : overlay;
          const written = treeAt(source, path);
          expect(written?.origin).toEqual(leaf.origin);
          if (leaf.kind !== 'map') expect(written).toEqual(leaf);
        }
      }),
    );
  });

  it('leaves both trees as they were', () => {
    fc.assert(
      fc.property(tree('base'), tree('overlay'), (base, overlay) => {
        const before = [plainOf(base), plainOf(overlay)];
        mergeOverlay(base, overlay);
        expect([plainOf(base), plainOf(overlay)]).toEqual(before);
      }),
    );
  });
});
