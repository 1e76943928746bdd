import { describe, expect, it } from 'vitest';
import { mavenArguments, type MavenRequest } from './command.ts';

const request: MavenRequest = { modules: [], tests: false, offline: false, usesTestJar: false, args: [] };
const always = ['-B', '-ntp', '-Dstyle.color=never'];

describe('mavenArguments', () => {
  it.each([
    ['a single module', {}, ['-DskipTests', '-Dmaven.test.skip=true', 'package']],
    ['tests', { tests: true }, ['package']],
    ['modules', { modules: ['a', 'b/c'], tests: true }, ['-pl', 'a,b/c', '-am', 'package']],
    ['a jar of test classes', { usesTestJar: true }, ['-DskipTests', 'package']],
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
