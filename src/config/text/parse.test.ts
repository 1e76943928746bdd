/** The reader on texts that are wrong, hostile or merely unusual: it always answers, and with places. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseYaml, sourceFile, type Parsed } from './parse.ts';
import { entryAt, plainOf, treeAt } from './tree.ts';

function parse(text: string): Parsed {
  return parseYaml(sourceFile('/p/appdev.yaml', 'appdev.yaml', text), text);
}

function messages(text: string): string[] {
  return parse(text).diagnostics.map(({ line, column, message }) => `${line}:${column} ${message}`);
}

describe('parseYaml', () => {
  it('remembers where every key and value stands', () => {
    const { tree } = parse('a:\n  b: [1, "two"]\nc: {d: ~}\n');
    expect(treeAt(tree, ['a', 'b', 1])?.origin).toMatchObject({ line: 2, column: 10, length: 5 });
    expect(entryAt(tree, ['c', 'd'])?.key).toMatchObject({ line: 3, column: 5, length: 1 });
    expect(treeAt(tree, ['c', 'd'])?.origin).toMatchObject({ line: 3, column: 8, length: 1 });
  });

  it('places a value that is not there at its key', () => {
    expect(treeAt(parse('a: 1\njar:\n').tree, ['jar'])?.origin).toMatchObject({
      line: 2,
      column: 1,
      length: 3,
    });
  });

  it('marks a value of several lines on its first line only', () => {
    const origin = treeAt(parse('a: "one\n  two"\n').tree, ['a'])?.origin;
    expect(origin).toMatchObject({ line: 1, column: 4, length: 4 });
  });

  it('counts lines that end in CRLF', () => {
    const { tree } = parse('a: 1\r\nb: two\r\n');
    const origin = treeAt(tree, ['b'])?.origin;
    expect(origin).toMatchObject({ line: 2, column: 4, length: 3 });
    expect(origin?.source.lines[1]).toBe('b: two');
  });

  it('reads YAML 1.2: yes and 08:30 are strings, and 1.10 is kept as it was written', () => {
    const { tree } = parse('a: yes\nb: 8080:8080\nc: 1.10\n1: x\n');
    expect(plainOf(tree ?? { kind: 'list', items: [], origin: undefined as never })).toEqual({
      a: 'yes',
      b: '8080:8080',
      c: 1.1,
      '1': 'x',
    });
    expect(treeAt(tree, ['c'])).toMatchObject({ value: 1.1, written: '1.10' });
  });

  it('follows aliases to the place of the value', () => {
    const { tree } = parse('a: &x {b: 1}\nc: *x\n');
    expect(treeAt(tree, ['c', 'b'])).toMatchObject({ value: 1, origin: { line: 1, column: 11 } });
  });

  it.each([
    ['a: &x {b: 1, c: 1}\nd: {<<: *x, b: 2}\n', { b: 2, c: 1 }],
    ['a: &x {b: 1}\ne: &y {b: 2, c: 2}\nd: {b: 3, <<: [*x, *y]}\n', { b: 3, c: 2 }],
    ['a: &x {b: 1}\ne: &y {b: 2, c: 2}\nd: {<<: [*x, *y]}\n', { b: 1, c: 2 }],
    ['d: {"<<": 1}\n', { '<<': 1 }],
  ])('merges the keys of maps after <<, of which its own and the first win: %j', (text, expected) => {
    const { tree, diagnostics } = parse(text);
    expect(diagnostics).toEqual([]);
    const merged = treeAt(tree, ['d']);
    expect(merged === undefined ? undefined : plainOf(merged)).toEqual(expected);
  });

  it('keeps the place of a merged value', () => {
    const { tree } = parse('a: &x {b: 1}\nc: {<<: *x}\n');
    expect(treeAt(tree, ['c', 'b'])).toMatchObject({ value: 1, origin: { line: 1, column: 11 } });
  });

  it.each([
    ['', 'nothing'],
    ['# a comment\n', 'nothing but a comment'],
  ])('has no tree and no complaint for %j (%s)', (text) => {
    expect(parse(text)).toMatchObject({ diagnostics: [] });
    expect(['undefined', 'scalar']).toContain(parse(text).tree?.kind ?? 'undefined');
  });

  it.each([
    ['a: *x\n', ['1:4 there is no anchor &x before this alias']],
    ['a: &x [*x]\n', ['1:7 with its aliases expanded, the file has more than 20000 values or 64 levels']],
    ['a: {<<: 1}\n', ['1:5 << takes the alias of a map, or a list of them']],
    ['? [a]\n: 1\n', ['1:3 this key is not a plain name']],
    ['a: !secret x\n', ['1:4 unresolved tag: !secret']],
    ['a: "x\nb: 1\n', ['3:1 missing closing "quote']],
  ])('complains about %j', (text, expected) => expect(messages(text)).toEqual(expected));

  it('does not expand aliases of aliases without end', () => {
    const levels = ['a0: &a0 [x, x, x, x, x, x, x, x, x]'];
    for (let level = 1; level < 9; level += 1) {
      levels.push(
        `a${level}: &a${level} [${Array(9)
          .fill(`*a${level - 1}`)
          .join(', ')}]`,
      );
    }
    const found = parse(levels.join('\n'));
    expect(found.diagnostics.map(({ message }) => message)).toEqual([
      'with its aliases expanded, the file has more than 20000 values or 64 levels',
    ]);
  });

  // The parser recurses; at such depths it has ended the whole process inside the engine, beyond any catch.
  it.each([
    ['lists', '['.repeat(30_000)],
    ['maps', '{a: '.repeat(30_000)],
    ['blocks', '- '.repeat(30_000)],
    ['indented keys', Array.from({ length: 1000 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')],
  ])('refuses %s nested without end', (_, text) => {
    expect(parse(text).diagnostics.map(({ message }) => message)).toEqual([
      'values are nested more than 64 levels deep',
    ]);
  });

  it('answers on any text, with places inside of the text', () => {
    const piece = fc.constantFrom(
      'a',
      ': ',
      '\n',
      '  ',
      '- ',
      '[',
      ']',
      '{',
      '}',
      '"',
      "'",
      '&x ',
      '*x',
      '!t ',
      '#',
      '|',
      '\t',
      '---\n',
      '? ',
      ',',
      '%',
      '\u0000',
      '\uD800',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const text = pieces.join('');
        const lines = text.split(/\r\n|\n|\r/);
        for (const { line = 0, column = 0, excerpt } of parse(text).diagnostics) {
          expect(excerpt).toBe(lines[line - 1]);
          expect(column).toBeGreaterThanOrEqual(1);
          expect(column).toBeLessThanOrEqual((excerpt ?? '').length + 1);
        }
      }),
      { numRuns: 500 },
    );
  });
});
