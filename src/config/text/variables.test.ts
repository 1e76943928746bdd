/** Variables: what is filled in, what is refused and where, and that a value can never become structure. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseYaml, sourceFile } from './parse.ts';
import { plainOf, treeAt, type Tree } from './tree.ts';
import { substituteVariables, withDotEnv, type Substituted } from './variables.ts';

function treeOf(text: string): Tree {
  const { tree } = parseYaml(sourceFile('/p/appdev.yaml', 'appdev.yaml', text), text);
  if (tree === undefined) throw new Error('no tree');
  return tree;
}

function substitute(value: string, env: Record<string, string | undefined>): Substituted {
  return substituteVariables(treeOf(JSON.stringify({ a: value })), env);
}

describe('substituteVariables', () => {
  it.each([
    ['${A}', 'x'],
    ['<${A}-${B}>', '<x->'],
    ['${B:-d}', 'd'],
    ['${C:-d}', 'd'],
    ['${A:-d}', 'x'],
    ['${C:-}', ''],
    ['${C:-a:-b c}', 'a:-b c'],
    ['$${A}', '${A}'],
    ['$$${A}', '$${A}'],
    ['$A $(A) $', '$A $(A) $'],
    ['${N}', '5'],
  ])('%s becomes %j', (text, expected) => {
    const { tree, diagnostics } = substitute(text, { A: 'x', B: '', N: '5' });
    expect(diagnostics).toEqual([]);
    expect(treeAt(tree, ['a'])).toMatchObject({ value: expected });
  });

  it.each([
    ['${C}', 'the variable C is not set'],
    ['${constructor}', 'the variable constructor is not set'],
    ['${}', '"${}" is not a variable'],
    ['${1A}', '"${1A}" is not a variable'],
    ['${A-x}', '"${A-x}" is not a variable'],
    ['x ${A', '"${A" has no closing }'],
  ])('%s is refused', (text, message) => {
    const { tree, diagnostics } = substitute(text, {});
    expect(diagnostics).toMatchObject([{ message, line: 1, column: 7 + text.indexOf('$') }]);
    expect(treeAt(tree, ['a'])).toMatchObject({ value: text, unfilled: true });
  });

  it('leaves keys, numbers and strings without variables alone', () => {
    const tree = treeOf('"${A}": 1\nb: true\nc: x\n');
    expect(substituteVariables(tree, {})).toEqual({ tree, diagnostics: [], secrets: [] });
  });

  it('puts any value into its string and nowhere else', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (value) => {
        const { tree } = substituteVariables(treeOf('a: "${V}"\nb: 1\n'), { V: value });
        expect(plainOf(tree)).toEqual({ a: value, b: 1 });
      }),
    );
    const { tree } = substituteVariables(treeOf('a: "${V}"\n'), { V: 'x\n  hostNetwork: true' });
    expect(plainOf(tree)).toEqual({ a: 'x\n  hostNetwork: true' });
  });

  it.each(['DB_PASSWORD', 'PGPASSWORD', 'TOKEN', 'my_secret', 'AWS_SECRET_ACCESS_KEY', 'API_KEY', 'DB_PASS'])(
    'takes %s for a secret',
    (name) => {
      const { tree, secrets } = substitute(`x-\${${name}}`, { [name]: 'hunter2' });
      expect(secrets).toEqual(['hunter2']);
      expect(treeAt(tree, ['a'])).toMatchObject({
        value: 'x-hunter2',
        template: `x-\${${name}}`,
        secret: true,
      });
    },
  );

  it.each(['HOME', 'COMPASS', 'KEY_COUNT'])('takes %s for no secret', (name) => {
    const { tree, secrets } = substitute(`\${${name}}`, { [name]: 'value' });
    expect(secrets).toEqual([]);
    expect(treeAt(tree, ['a'])).not.toHaveProperty('secret');
  });
});

describe('withDotEnv', () => {
  it('adds the variables of the file, below those of the process', () => {
    const env = withDotEnv('# comment\nA=file\nB="two words"\nexport C=3\n', { A: 'process' });
    expect({ ...env }).toEqual({ A: 'process', B: 'two words', C: '3' });
  });
});
