import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Finished, RunProcess } from '../../../support/process/process.ts';
import { GradleDaemons } from './daemons.ts';
import { runGradle, type GradleRun } from './run.ts';

const recorded = (name: string): string[] =>
  readFileSync(join(import.meta.dirname, '../../../../test/recorded/gradle', `${name}.txt`), 'utf8').split(
    '\n',
  );

const exited = (exitCode: number, lines: readonly string[] = []): Finished => ({
  kind: 'exited',
  exitCode,
  stdout: '',
  stderr: '',
  lines,
  ms: 1,
});

/** A Gradle that ends as it is told, in this order: something cannot be made to vanish from a real cache on demand. */
function fakeGradle(...ends: readonly Finished[]) {
  const calls: (readonly string[])[] = [];
  const notes: string[] = [];
  const run: RunProcess = ({ args }) => {
    calls.push(args);
    return Promise.resolve(ends[calls.length - 1] ?? exited(0));
  };
  const build = (tryOffline: boolean, args: readonly string[] = []): GradleRun => ({
    run,
    gradle: { tool: 'gradle', args: [], identity: '' },
    root: '/',
    daemons: new GradleDaemons(run),
    env: {},
    request: { tasks: [':bootJar'], initScript: '/i', answer: '/a', asks: false, args },
    tryOffline,
    onLine: () => undefined,
    note: (line) => notes.push(line),
  });
  return { calls, notes, build };
}

const signal = new AbortController().signal;

describe('runGradle', () => {
  it('asks the network when something is missing offline, once', async () => {
    const fake = fakeGradle(exited(1, recorded('offline-dependency')), exited(0));
    expect(await runGradle(fake.build(true), signal)).toMatchObject({ value: { exitCode: 0, online: true } });
    expect(fake.calls.map((args) => args.includes('--offline'))).toEqual([true, false]);
    expect(fake.notes).toHaveLength(1);
  });

  it.each([
    ['an error of the compiler', true, [], 'compile-error'],
    ['what the repositories do not have', false, [], 'missing-dependency'],
    ['what a user who is offline himself does not have', true, ['--offline'], 'offline-dependency'],
  ] as const)('does not repeat %s', async (_name, tryOffline, args, output) => {
    const fake = fakeGradle(exited(1, recorded(output)));
    expect(await runGradle(fake.build(tryOffline, args), signal)).toMatchObject({ value: { exitCode: 1 } });
    expect(fake.calls).toHaveLength(1);
  });

  it('says when the wrapper has gone meanwhile', async () => {
    const fake = fakeGradle({ kind: 'missing', tool: 'gradle' });
    expect(await runGradle(fake.build(false), signal)).toMatchObject({ error: { code: 'TOOL_MISSING' } });
  });
});
