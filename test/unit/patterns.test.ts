/**
 * No text keeps a pattern busy. Logs of pods, output of tools and answers of servers may hold anything, and a pattern that
 * looks again from each place freezes the session: no keys, no Ctrl-C. So every pattern of src is tried with texts that are
 * made of its own parts, and its steps are counted.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import ts from 'typescript';
import { expect, it } from 'vitest';
import { compile, hostileTexts, stepsOf, written, type Counted } from '../support/pattern-steps.ts';

const src = resolve(import.meta.dirname, '../../src');

/** Length of a pod's longest line, in UTF-16 units. Nothing that a pattern sees at once is longer by kind. */
const full = 64 * 1024;

/** Length at which the texts that take most steps are chosen. */
const short = 512;

/** How many texts of a pattern, those that take most steps, are tried at full length. */
const tried = 1;

/** The patterns of a file, each with its place. Those that are put together from pieces are not read. */
function patternsOf(
  file: string,
): { readonly place: string; readonly source: string; readonly flags: string }[] {
  const source = ts.createSourceFile(
    file,
    readFileSync(join(src, file), 'utf8'),
    ts.ScriptTarget.Latest,
    true,
  );
  const found: ReturnType<typeof patternsOf> = [];
  const visit = (node: ts.Node): void => {
    if (ts.isRegularExpressionLiteral(node)) {
      const end = node.text.lastIndexOf('/');
      const line = source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1;
      found.push({
        place: `${file}:${line} ${node.text}`,
        source: node.text.slice(1, end),
        flags: node.text.slice(end + 1),
      });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** A pattern without a loop looks at a bounded number of characters from each place, whatever the text. */
function hasLoop({ program }: Pick<Counted, 'program'>): boolean {
  return program.some((op) => op.do === 'mark' || (op.do === 'look' && hasLoop({ program: op.body })));
}

/** Numbers from 0 to 1 that are the same in every run (Park and Miller's generator). */
function sequence(): () => number {
  let state = 7;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}

/**
 * The text that makes a pattern look more often than its own length at each character of a long text; undefined if none
 * does. A pattern that looks again from each place is above that by far.
 */
function busyWith(pattern: Counted): string | undefined {
  const texts = hostileTexts(pattern, sequence())
    .map((text) => ({ text, steps: stepsOf(pattern, written(text, short), short * short) }))
    .sort((a, b) => b.steps - a.steps)
    .slice(0, tried);
  const most = 2 * pattern.program.length * full;
  return texts
    .map(({ text }) => written(text, full))
    .find((text) => stepsOf(pattern, text, most) > most)
    ?.slice(0, 80);
}

it.each([
  ['of a run up to an end that is not there', '-+$', ''],
  ['from each beginning to an end that is not there', 'a.*b', ''],
  ['of a control string that begins again and again', '\\x9d[^\\x07]*\\x07', ''],
  ['of two loops over the same characters', '^\\s*(.*)\\s*x$', ''],
  ['of a search for all matches', '[\\w-]+:\\d+', 'g'],
])('a pattern %s is found out', (_, source, flags) => {
  expect(busyWith(compile(source, flags))).toBeDefined();
});

it.each([
  ['a run from its first character', '(?<!-)-+$', ''],
  ['up to a bounded length', 'a.{0,50}b', ''],
  ['up to the next beginning', '\\x9d[^\\x07\\x9d]*\\x07', ''],
])('a pattern that looks at %s is not', (_, source, flags) => {
  expect(busyWith(compile(source, flags))).toBeUndefined();
});

it.each([
  ['a(b|c)*d', '', 'xxabcbcd'],
  ['(["\'])(.*?)\\1', '', 'say "it\'s"'],
  ['(?<=a)b(?!c)', '', 'bc abc abd'],
])('the counter comes to the end of %s as the engine does', (source, flags, text) => {
  const counted = compile(source, flags);
  const own = new RegExp(source, flags).exec(text);
  const before = stepsOf(counted, text.slice(0, own?.index), 1e6);
  expect(own).not.toBeNull();
  // It stops at the match: what stands behind it costs nothing.
  expect(stepsOf(counted, `${text}${'abc'.repeat(1000)}`, 1e6)).toBe(stepsOf(counted, text, 1e6));
  expect(stepsOf(counted, text, 1e6)).toBeGreaterThanOrEqual(before === 0 ? 1 : (own?.index ?? 0));
});

const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.tsx?$/.test(name) && !/\.test\.tsx?$/.test(name))
  .map((name) => name.replaceAll('\\', '/'))
  .sort();

it('no pattern of src is busy longer than its text is long', { timeout: 120_000 }, () => {
  const busy = files.flatMap(patternsOf).flatMap(({ place, source, flags }) => {
    const counted = compile(source, flags);
    const text = hasLoop(counted) ? busyWith(counted) : undefined;
    return text === undefined ? [] : [`${place}  by ${JSON.stringify(text)}`];
  });
  expect(busy).toEqual([]);
});
