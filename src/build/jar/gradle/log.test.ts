import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { GradleLog } from './log.ts';

const recorded = (name: string): string[] =>
  readFileSync(join(import.meta.dirname, '../../../../test/recorded/gradle', `${name}.txt`), 'utf8').split(
    '\n',
  );

/** The events of a log, each with the line that brought it. */
function events(lines: readonly string[], jars: readonly string[]): string[] {
  const log = new GradleLog(jars);
  return lines.flatMap((line) => {
    const event = log.read(line);
    return event === undefined ? [] : [`${event.type}: ${line}`];
  });
}

const shown = (lines: readonly string[]): string[] => {
  const log = new GradleLog([]);
  return lines.filter((line) => log.shows(line));
};

describe('GradleLog', () => {
  it('counts what is compiled, not what is up to date, and sees when the classes are there', () => {
    expect(events(recorded('success'), [':desk:bootJar'])).toEqual([
      'compiling: :desk:compileJava',
      'packs: :desk:classes',
    ]);
  });

  it('reads the task lines of later versions, where a task is named again when it prints', () => {
    const lines = [
      '> Task :postage:compileJava UP-TO-DATE',
      '> Task :desk:compileKotlin',
      '> Task :desk:compileJava',
      'warning: something',
      '> Task :desk:compileJava',
      '> Task :desk:compileTestJava',
      '> Task :desk:classes',
      '> Task :desk:bootJar',
    ];
    expect(events(lines, [':desk:bootJar'])).toEqual([
      'compiling: > Task :desk:compileKotlin',
      'compiling: > Task :desk:compileJava',
      'packs: > Task :desk:classes',
    ]);
  });

  it('packs when the classes of every service are there, and once', () => {
    const lines = [':a:classes', ':a:bootJar', ':b:c:classes UP-TO-DATE', ':b:c:bootJar', ':d:classes'];
    expect(events(lines, [':a:bootJar', ':b:c:bootJar'])).toEqual(['packs: :b:c:classes UP-TO-DATE']);
    expect(events([':classes', ':bootJar'], [':bootJar'])).toEqual(['packs: :classes']);
  });

  it.each<[string, string[], string[]]>([
    ['that ran', [':a:classes', ':a:bootJar'], []],
    ['with nothing to do', ['> Task :a:bootJar UP-TO-DATE'], []],
    ['from the cache', ['> Task :a:bootJar FROM-CACHE'], []],
    ['that is skipped', [':a:classes', ':a:bootJar SKIPPED'], [':a:bootJar']],
    ['that never came', [':a:classes'], [':a:bootJar']],
    ['if nothing is left to do', ['BUILD SUCCESSFUL in 1s'], [':a:bootJar']],
    ['in a quiet log', ['warning: something'], []],
  ])('tells a task for the jar that is left out: one %s', (_, lines, leftOut) => {
    const log = new GradleLog([':a:bootJar']);
    for (const line of lines) log.read(line);
    expect(log.leftOut()).toEqual(leftOut);
  });

  it('shows what the compiler says and nothing of Gradle’s own', () => {
    expect(shown(recorded('success'))).toEqual([]);
    expect(shown(recorded('compile-error'))).toEqual(
      recorded('compile-error').filter((line) => /^\/home|^ {8}return| \^$|^ {2}[a-z]|^3 errors/.test(line)),
    );
    expect(
      shown(['hello from a task', 'WARNING: mine', 'Note: Some input files use unchecked']),
    ).toHaveLength(3);
  });
});
