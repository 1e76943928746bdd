/** What each kind of value takes and refuses. */
import { describe, expect, it } from 'vitest';
import * as grammar from './grammar.ts';

const digest = `sha256:${'0a'.repeat(32)}`;
const label63 = 'a'.repeat(63);

const table: readonly [name: string, judge: grammar.Grammar, good: string[], bad: string[]][] = [
  [
    'dnsLabel',
    grammar.dnsLabel,
    ['a', 'a-1', '0', label63],
    ['', '-a', 'a-', 'A', 'a.b', 'a_b', `${label63}a`],
  ],
  ['releaseName', grammar.releaseName, ['orders', 'orders.v1'], ['Orders', '-x', 'x'.repeat(54), 'a..b']],
  ['argument', grammar.argument, ['kind-x', 'arn:aws/x y'], ['', '-x', '--kubeconfig=/x', 'a\nb', 'a\u0000']],
  ['path', grammar.path, ['.', '../x', 'a b', '/x', './-x'], ['', '-x', 'a\nb']],
  [
    'repository',
    grammar.repository,
    ['orders', 'shop/orders', 'a__b', 'a--b', 'a.b'],
    ['', 'Orders', 'a:1', 'a@b', '/a', 'a/', 'a..b', '-a', 'x'.repeat(256)],
  ],
  [
    'imageReference',
    grammar.imageReference,
    [
      'eclipse-temurin:17-jre',
      'localhost:5001/base',
      `registry.example.com/a/b:1@${digest}`,
      `a@${digest}`,
      '[::1]:5000/x',
      '198.18.0.1:5001/x:v',
    ],
    ['', '-x', 'a/B', 'a:', 'a:-x', 'a b', 'http://h/a', 'a@sha256:12', '$(id)', 'a:`id`'],
  ],
  [
    'registry',
    grammar.registry,
    ['localhost:5001', 'registry.example.com/shop', '198.18.0.1:5001', '[fd00::1]:5000'],
    ['', '-x', 'http://h', 'h/Shop', 'h:port', 'h/', 'a b'],
  ],
  [
    'chart',
    grammar.chart,
    ['deploy/chart', '/x', 'oci://registry.example.com/charts/x'],
    ['', '-x', 'https://h/x.tgz', 'file:///x'],
  ],
  [
    'valuesPath',
    grammar.valuesPath,
    ['image.tag', 'a', 'containers[0].image', 'x-y.z'],
    ['', '-x', 'a b', 'a..b', 'a=b', 'a,b', '.a'],
  ],
  ['buildArgName', grammar.buildArgName, ['A', '_x1'], ['', '1A', 'A B', '-A', 'A=B']],
  ['jarModule', grammar.jarModule, ['app', ':app', 'g:a', ':a:b', 'x/y'], ['', '-x', '!x', 'a,b', '+x']],
  [
    'duration',
    grammar.duration,
    ['90s', '5m', '1h30m', '1h2m3s'],
    ['', '0s', '5', '5 m', '-5m', '1.5m', '5M', '30m1h'],
  ],
  [
    'forward',
    grammar.forward,
    ['8080:80', '1:65535'],
    ['', '8080', '0:1', '1:65536', 'a:b', '1:2:3', '-1:2'],
  ],
  [
    'envCondition',
    grammar.envCondition,
    ['CI=true', 'CI=', 'CI=!', 'CI=!x.*', 'A=b=c'],
    ['', 'CI', '=x', '1A=x', 'A=(', 'A=!('],
  ],
  ['pattern', grammar.pattern, ['', 'kind-.*', '!kind-.*'], ['[', '!(']],
  ['pointer', grammar.pointer, ['', '/', '/a/0', '/a~1b/~0'], ['a', '/a~b', 'a/b']],
  ['profileName', grammar.profileName, ['prod', 'a.b-c_1'], ['', '-prod', 'a b']],
];

describe('grammar', () => {
  it.each(table.flatMap(([name, judge, good]) => good.map((text) => [name, text, judge] as const)))(
    '%s takes %j',
    (_, text, judge) => expect(judge(text)).toBeUndefined(),
  );

  it.each(table.flatMap(([name, judge, , bad]) => bad.map((text) => [name, text, judge] as const)))(
    '%s refuses %j',
    (_, text, judge) => expect(judge(text)?.message).toMatch(/^(is|holds|begins) /),
  );

  it.each([
    [grammar.dnsLabel, 'My Shop!', 'write my-shop'],
    [grammar.path, '-x', 'write ./-x'],
    [grammar.repository, 'Orders', 'write orders'],
    [grammar.registry, 'https://h', 'leave out https://'],
    [grammar.forward, '8080', 'write "8080:8080"'],
  ])('proposes what to write (%#)', (judge, text, hint) => expect(judge(text)).toMatchObject({ hint }));

  it.each([
    ['90s', 90_000],
    ['5m', 300_000],
    ['1h30m', 5_400_000],
    ['1h2m3s', 3_723_000],
  ])('%s is %d ms', (text, ms) => expect(grammar.durationMs(text)).toBe(ms));
});
