import { describe, expect, it } from 'vitest';
import { parseDocuments, toYaml } from './documents.ts';

const written = { file: 'deploy/app.yaml', origin: 'written' } as const;
const generated = { file: 'chart', origin: 'generated' } as const;

describe('parseDocuments', () => {
  it('reads a stream, skips empty documents and opens lists', () => {
    const text = [
      '# a comment',
      '---',
      'apiVersion: v1',
      'kind: ConfigMap',
      'metadata: {name: a}',
      '---',
      '---',
      '{apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: Secret, metadata: {name: b}}]}',
    ].join('\n');
    const { objects, diagnostics } = parseDocuments(text, written);
    expect(diagnostics).toEqual([]);
    expect(objects.map(({ object, line }) => [object.kind, object.metadata.name, line])).toEqual([
      ['ConfigMap', 'a', 3],
      ['Secret', 'b', 8],
    ]);
  });

  it.each([
    ['yes', true],
    ['off', false],
    ['0755', 493],
    ['1_000', 1000],
    ['8080:80', '8080:80'],
    ['8080:30', '8080:30'],
    ['2001-12-14', '2001-12-14'],
    ['"yes"', 'yes'],
    ['1.10', 1.1],
  ])('reads %s as the Go tools do', (text, value) => {
    const { objects } = parseDocuments(
      `{apiVersion: v1, kind: A, metadata: {name: a}, value: ${text}}`,
      written,
    );
    expect(objects[0]?.object['value']).toEqual(value);
  });

  it.each([
    ['kind: A\nmetadata: {name: a}', '`apiVersion` is missing', 1, 1],
    ['apiVersion: v1\nkind: 3\nmetadata: {name: a}', '`kind` is missing or not a string', 2, 1],
    ['apiVersion: v1\nkind: A\nmetadata:\n  labels: {}', '`metadata.name` is missing', 3, 1],
    ['apiVersion: v1\nkind: A\nmetadata:\n  name: 7', '`metadata.name` is missing or not a string', 4, 3],
    [
      'apiVersion: v1\nkind: A\nmetadata:\n  generateName: x-',
      '`metadata.generateName` cannot be used',
      4,
      3,
    ],
    ['just text', 'this is not a Kubernetes object', 1, 1],
    ['a: b\n c: d', 'Nested mappings are not allowed', 1, 4],
    ['apiVersion: v1\nkind: A\nkind: B\nmetadata: {name: a}', 'Map keys must be unique', 3, 1],
    ['a:\n\t- b', 'Tabs are not allowed as indentation', 2, 1],
  ])('places the fault in %j', (text, message, line, column) => {
    const { diagnostics } = parseDocuments(text, written);
    expect(diagnostics[0]).toMatchObject({ severity: 'error', file: 'deploy/app.yaml', line, column });
    expect(diagnostics[0]?.message).toContain(message);
    expect(diagnostics[0]?.excerpt).toBe(text.split('\n')[line - 1]);
  });

  it('reports every fault of a stream, not the first only', () => {
    const text = 'kind: A\nmetadata: {name: a}\n---\napiVersion: v1\nmetadata: {name: b}\n---\n[1, 2]\n';
    expect(parseDocuments(text, written).diagnostics.map(({ line }) => line)).toEqual([1, 4, 7]);
  });

  it('names the first place of an object that is written twice', () => {
    const one = 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n';
    const { diagnostics } = parseDocuments(`${one}---\n${one.replace('apps/v1', 'apps/v1beta1')}`, written);
    expect(diagnostics).toMatchObject([{ message: 'Deployment/a is already written on line 1', line: 5 }]);
  });

  it('does not expand a few lines to gigabytes', () => {
    const levels = 'bcdefghij'.split('').map((name) => {
      const previous = String.fromCharCode(name.charCodeAt(0) - 1);
      return `${name}: &${name} [${Array.from({ length: 9 }, () => `*${previous}`).join(', ')}]`;
    });
    const bomb = `apiVersion: v1\nkind: A\nmetadata: {name: a}\na: &a [x, x]\n${levels.join('\n')}\n`;
    expect(parseDocuments(bomb, written).diagnostics[0]?.message).toContain('alias');
  });

  it('takes doubled keys and generated names in what Helm printed', () => {
    const { objects, diagnostics } = parseDocuments(
      'apiVersion: v1\nkind: Pod\nmetadata: {generateName: x-, labels: {a: b, a: c}}',
      generated,
    );
    expect(diagnostics).toEqual([]);
    expect(objects[0]?.object.metadata).toMatchObject({ name: 'x-', labels: { a: 'c' } });
  });
});

describe('toYaml', () => {
  it('writes what YAML 1.1 and 1.2 readers read alike', () => {
    const data = {
      a: 'yes',
      b: '0755',
      c: '0o17',
      d: '1e3',
      e: 'null',
      f: '8080:30',
      g: 'multi\nline\n',
      h: '1_000',
      i: '',
    };
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data };
    const yaml = toYaml([object, object]);
    for (const word of ['"yes"', '"0755"', '"0o17"', '"1e3"', '"1_000"']) expect(yaml).toContain(word);
    expect(parseDocuments(yaml, generated).objects.map((one) => one.object)).toEqual([object, object]);
  });
});
