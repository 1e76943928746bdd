import { readEnvironment } from '../app/environment.ts';
import { keyOf, kindOf } from '../app/flags.ts';
import type { Variables } from '../config/text/variables.ts';
import { describe, expect, it } from 'vitest';
import { commands } from './table.ts';
import { commandHelp, flagsOf, parseCommandLine, programHelp, variableOf } from './parse.ts';

function parse(line: string, variables: Variables = {}): ReturnType<typeof parseCommandLine> {
  const environment = readEnvironment(variables);
  return parseCommandLine(line.split(' ').filter(Boolean), {
    environment,
    cwd: '/project',
    version: '1.2.3',
    docs: '/lib/appdev/docs',
  });
}

function invocation(line: string, variables: Variables = {}) {
  const parsed = parse(line, variables);
  if (parsed.kind !== 'ok' || parsed.value.kind !== 'run')
    throw new Error(`not a run: ${JSON.stringify(parsed)}`);
  return parsed.value.invocation;
}

describe('command line', () => {
  it('reads common and own flags and services', () => {
    const read = invocation(
      'dev orders stock -p kustomize -p -dev -n shop --kube-context kind-shop --cleanup=false',
    );
    expect(read.positionals).toEqual(['orders', 'stock']);
    expect(read.flags).toEqual({
      ...{ profile: ['kustomize', '-dev'], namespace: 'shop', kubeContext: 'kind-shop' },
      cleanup: false,
    });
  });

  it.each([
    ['--cleanup', true],
    ['--cleanup=true', true],
    ['--no-cleanup', false],
    ['--cleanup=false', false],
  ])('%s is %s', (flag, expected) => {
    expect(invocation(`dev ${flag}`).flags).toEqual({ cleanup: expected });
  });

  it('takes every flag of every command from its variable', () => {
    for (const command of commands) {
      for (const name of flagsOf(command).keys()) {
        if (name === 'help') continue;
        const samplesOf: Readonly<Record<string, string>> = { output: 'plain', namespace: 'shop' };
        const kind = kindOf(name);
        const value = kind === 'boolean' ? 'false' : (samplesOf[name] ?? 'x,y');
        const read = invocation(command.name, { [variableOf(name)]: value });
        const expected = { boolean: false, list: ['x', 'y'], string: value }[kind];
        expect([name, read.flags[keyOf(name)]]).toEqual([name, expected]);
      }
    }
  });

  it('takes the logins that a pipeline names in every command that asks registries', () => {
    for (const name of ['build', 'run', 'dev', 'doctor', 'deploy', 'render', 'verify', 'diff']) {
      expect(invocation(name, { APPDEV_AUTHFILE: 'ci.json' }).flags).toEqual({ authfile: 'ci.json' });
    }
  });

  it('lets the command line win over the variable', () => {
    expect(invocation('run -n typed', { APPDEV_NAMESPACE: 'variable' }).flags.namespace).toBe('typed');
  });

  it('refuses a variable that is neither true nor false', () => {
    expect(parse('dev', { APPDEV_CLEANUP: 'maybe' })).toMatchObject({
      kind: 'failed',
      error: { code: 'USAGE', message: "APPDEV_CLEANUP is 'maybe', but it must be true or false" },
    });
  });

  it('gives -f to the file, but to --follow in logs', () => {
    expect(invocation('run -f other.yaml').flags).toEqual({ file: 'other.yaml' });
    const logs = invocation('logs -f --file other.yaml --tail 5');
    expect(logs.flags).toEqual({ follow: true, file: 'other.yaml', tail: '5' });
  });

  it.each([
    ['dve', "there is no command 'dve'", 'did you mean: appdev dev'],
    ['frobnicate', "there is no command 'frobnicate'", 'type appdev --help to see the commands'],
    ['dev --namespce x', "appdev dev: Unknown option '--namespce'", 'did you mean: --namespace'],
    [
      'deploy --cleanup=false',
      "appdev deploy: Unknown option '--cleanup'",
      '--cleanup is a flag of dev, run; type appdev deploy --help to see the flags of deploy',
    ],
    [
      'status --no-cleanup',
      "appdev status: Unknown option '--no-cleanup'",
      '--cleanup is a flag of dev, run; type appdev status --help to see the flags of status',
    ],
    [
      'dev --cleanup=maybe',
      "appdev dev: Option '--cleanup' does not take an argument",
      'type appdev dev --help to see the flags',
    ],
    [
      '-p prod run',
      'the command comes first, and its flags after it, but here -p is first',
      'type: appdev run -p prod',
    ],
    [
      '--verison',
      'there is no command in this line, and --verison alone is no request',
      'did you mean: appdev --version',
    ],
    [
      '-x',
      'there is no command in this line, and -x alone is no request',
      'type appdev --help to see the commands',
    ],
    [
      'deploy --exit-code',
      '--exit-code means nothing to appdev deploy without --dry-run',
      'type: appdev deploy --dry-run --exit-code',
    ],
    [
      'config validate --origin',
      '--origin means nothing to appdev config without print',
      'type: appdev config print --origin',
    ],
    [
      'render --output json',
      'appdev render does not print json',
      'leave --output out, or type: --output plain',
    ],
    ['run --output tui', 'appdev run has no panel', 'leave --output out, or type: --output plain or json'],
    [
      'dev -n',
      "appdev dev: Option '-n, --namespace <value>' argument missing",
      'type appdev dev --help to see the flags',
    ],
  ])('%s: %s', (line, message, hint) => {
    expect(parse(line)).toEqual({ kind: 'failed', error: { code: 'USAGE', message, hint } });
  });

  it('refuses an output that does not exist, in every command', () => {
    for (const { name } of commands) {
      const tuy = { code: 'USAGE', hint: 'type: --output tui' };
      expect(parse(`${name} --output tuy`)).toMatchObject({
        error: { ...tuy, message: "--output takes one of auto, tui, plain, json, not 'tuy'" },
      });
      expect(parse(name, { APPDEV_OUTPUT: 'tuy' })).toMatchObject({
        error: { ...tuy, message: "APPDEV_OUTPUT takes one of auto, tui, plain, json, not 'tuy'" },
      });
    }
  });

  it('refuses a name that no namespace can have, in every command', () => {
    for (const { name } of commands) {
      const message = '"Shop_Dev" cannot be the name of a namespace';
      expect(parse(`${name} -n Shop_Dev`)).toMatchObject({ error: { code: 'USAGE', message } });
      expect(parse(name, { APPDEV_NAMESPACE: 'Shop_Dev' })).toMatchObject({
        error: { code: 'USAGE', message },
      });
    }
  });

  it('has no flag whose help names a condition that is not checked', () => {
    const conditional = commands.flatMap(({ name, flags }) =>
      Object.entries(flags).flatMap(([flag, { help, needs }]) => {
        const condition = /^(?:with (--[\w-]+)|(\w+)): /.exec(help);
        return condition === null ? [] : [[name, flag, condition[1] ?? condition[2], needs] as const];
      }),
    );
    expect(conditional).toEqual([
      ['deploy', 'exit-code', '--dry-run', { flag: 'dry-run' }],
      ['config', 'origin', 'print', { argument: 'print' }],
    ]);
  });

  it.each([
    ['deploy --dry-run --exit-code', {}],
    ['deploy --exit-code=false', {}],
    ['diff --exit-code', {}],
    ['config print --origin', {}],
    ['dev --output tui', {}],
    ['render --output plain', {}],
    // A variable is set for a whole pipeline, and may mean another command of it.
    ['deploy', { APPDEV_EXIT_CODE: 'true' }],
    ['render', { APPDEV_OUTPUT: 'json' }],
    ['run', { APPDEV_OUTPUT: 'tui' }],
  ])('takes %s with %j', (line, variables) => {
    expect(parse(line, variables)).toMatchObject({ kind: 'ok', value: { kind: 'run' } });
  });

  it('warns of a variable that is nearly that of a flag', () => {
    const variables = { APPDEV_OUTPTU: 'json', APPDEV_REGISTRY_USER: 'ann', APPDEV_MINE: 'x', OUTPTU: 'y' };
    expect(parse('run', variables)).toMatchObject({
      value: { warnings: ['appdev has no variable APPDEV_OUTPTU; did you mean APPDEV_OUTPUT?'] },
    });
  });

  it('prints help and version without a project', () => {
    expect(parse('--version')).toEqual({ kind: 'ok', value: { kind: 'print', text: '1.2.3' } });
    expect(parse('')).toEqual({
      kind: 'ok',
      value: { kind: 'print', text: programHelp('/lib/appdev/docs') },
    });
    for (const command of commands) {
      const help = commandHelp(command);
      expect(parse(`${command.name} --help`)).toEqual({ kind: 'ok', value: { kind: 'print', text: help } });
      expect(programHelp('/lib/appdev/docs')).toContain(`  ${command.name} `);
      for (const line of help.split('\n')) expect(line.length).toBeLessThanOrEqual(120);
    }
  });
});

it('lets every command that writes to a cluster go on beside a session, and no other', () => {
  const names = commands.filter((command) => flagsOf(command).has('ignore-lock')).map(({ name }) => name);
  expect(names).toEqual(['dev', 'run', 'deploy', 'delete']);
});
