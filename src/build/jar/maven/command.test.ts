import { describe, expect, it } from 'vitest';
import { mavenArguments, type MavenRequest } from './command.ts';

const request: MavenRequest = {
  last: 'package',
  modules: [],
  tests: false,
  offline: false,
  usesTestJar: false,
  args: [],
  listener: '/cache/listener',
};
const always = ['-B', '-ntp', '-Dstyle.color=never', '-Dmaven.ext.class.path=/cache/listener'];

describe('mavenArguments', () => {
  it.each<[string, Partial<MavenRequest>, string[]]>([
    ['a single module', {}, ['-DskipTests', '-Dmaven.test.skip=true', 'package']],
    ['tests', { tests: true }, ['package']],
    ['modules', { modules: ['a', 'b/c'], tests: true }, ['-pl', 'a,b/c', '-am', 'package']],
    ['a jar of test classes', { usesTestJar: true }, ['-DskipTests', 'package']],
    [
      'classes alone',
      { last: 'compile', modules: ['a'], offline: true, args: ['-Pfast'] },
      ['-o', '-pl', 'a', '-am', '-DskipTests', '-Dmaven.test.skip=true', '-Pfast', 'process-classes'],
    ],
    [
      'classes alone, which need a jar of test classes',
      { last: 'compile', usesTestJar: true },
      ['-DskipTests', 'process-test-classes'],
    ],
    ['offline', { offline: true, tests: true }, ['-o', 'package']],
    ['arguments of the user', { tests: true, args: ['-Pfast', '-Da=b c'] }, ['-Pfast', '-Da=b c', 'package']],
    ['a user who wants updates', { offline: true, tests: true, args: ['-U'] }, ['-U', 'package']],
    [
      'a user who is offline himself',
      { offline: true, tests: true, args: ['--offline'] },
      ['--offline', 'package'],
    ],
  ])('for %s', (_name, part, expected) => {
    expect(mavenArguments({ ...request, ...part })).toEqual([...always, ...expected]);
  });

  it('never cleans and never trusts the compiler’s incremental mode', () => {
    const args = mavenArguments(request).join(' ');
    expect(args).not.toMatch(/\bclean\b|useIncrementalCompilation/);
  });
});
