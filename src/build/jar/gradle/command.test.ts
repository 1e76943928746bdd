import { describe, expect, it } from 'vitest';
import { gradleArguments, type GradleRequest } from './command.ts';

const request: GradleRequest = {
  tasks: [':app:bootJar'],
  offline: false,
  initScript: '/c/i.gradle',
  answer: '/c/a.json',
  asks: false,
  daemon: ['-Dregistry'],
  args: [],
};
const always = ['-Dregistry', '-I', '/c/i.gradle', '-Dappdev.gradle.answer=/c/a.json'];

describe('gradleArguments', () => {
  it.each([
    ['a build', {}, ['--daemon', ...always, ':app:bootJar']],
    ['offline', { offline: true }, ['--daemon', ...always, '--offline', ':app:bootJar']],
    [
      'a user who wants updates',
      { offline: true, args: ['--refresh-dependencies'] },
      ['--daemon', ...always, '--refresh-dependencies', ':app:bootJar'],
    ],
    [
      'arguments of the user, which come before the tasks',
      { args: ['-Pa=b c', '--no-daemon'], tasks: [':a:test', ':a:bootJar'] },
      [...always, '-Pa=b c', '--no-daemon', ':a:test', ':a:bootJar'],
    ],
  ])('for %s', (_name, part, expected) => {
    expect(gradleArguments({ ...request, ...part })).toEqual(['--console=plain', ...expected]);
  });

  it('makes a question be answered by the build and not by the configuration cache', () => {
    const args = gradleArguments({ ...request, asks: true });
    expect(args).toContain('-Dorg.gradle.configuration-cache=false');
    expect(gradleArguments(request).join(' ')).not.toContain('configuration-cache');
  });
});
