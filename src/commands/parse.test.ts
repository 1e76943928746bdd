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
        const kind = kindOf(name);
        const value = kind === 'boolean' ? 'false' : 'x,y';
        const read = invocation(command.name, { [variableOf(name)]: value });
        const expected = { boolean: false, list: ['x', 'y'], string: 'x,y' }[kind];
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
      'dev -n',
      "appdev dev: Option '-n, --namespace <value>' argument missing",
      'type appdev dev --help to see the flags',
    ],
  ])('%s: %s', (line, message, hint) => {
    expect(parse(line)).toEqual({ kind: 'failed', error: { code: 'USAGE', message, hint } });
  });

  it('prints help and version without a project', () => {
    expect(parse('--version')).toEqual({ kind: 'ok', value: { kind: 'print', text: '1.2.3' } });
    expect(parse('')).toEqual({ kind: 'ok', value: { kind: 'print', text: programHelp() } });
    for (const command of commands) {
      const help = commandHelp(command);
      expect(parse(`${command.name} --help`)).toEqual({ kind: 'ok', value: { kind: 'print', text: help } });
      expect(programHelp()).toContain(`  ${command.name} `);
      for (const line of help.split('\n')) expect(line.length).toBeLessThanOrEqual(120);
    }
  });
});
