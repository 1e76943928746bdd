import { describe, expect, it } from 'vitest';
import type { Jdk } from '../jdk.ts';
import { archiveName, blamesJvmOptions, planJvm } from './jvm.ts';

const jdk: Jdk = { major: 17, identity: 'a' };
const user = (mavenOpts: string, elsewhere = '') => ({ mavenOpts, all: `${mavenOpts} ${elsewhere}` });
const fast = '-XX:TieredStopAtLevel=1 -XX:+UseSerialGC';
const quiet = '-Xlog:cds=off -Xlog:cds+dynamic=off';

describe('planJvm', () => {
  it.each([
    ['nothing of the user’s', user(''), fast],
    ['memory', user('-Xmx2g'), `-Xmx2g ${fast}`],
    ['another collector', user('-XX:+UseG1GC'), '-XX:+UseG1GC -XX:TieredStopAtLevel=1'],
    ['another collector in .mvn/jvm.config', user('', '-XX:+UseZGC'), '-XX:TieredStopAtLevel=1'],
    ['a compiler choice', user('', '-XX:-TieredCompilation'), '-XX:+UseSerialGC'],
    [
      'both',
      user('-XX:TieredStopAtLevel=4 -XX:+UseParallelGC'),
      '-XX:TieredStopAtLevel=4 -XX:+UseParallelGC',
    ],
  ])('respects %s', (_name, options, expected) => {
    expect(planJvm(options, jdk).mavenOpts).toBe(expected);
  });

  it('uses an archive that is there, and writes one that is not', () => {
    const archive = { path: '/c/maven.jsa', draft: '/c/draft.jsa' };
    expect(planJvm(user(''), jdk, { ...archive, exists: true })).toEqual({
      mavenOpts: `${fast} -XX:SharedArchiveFile=/c/maven.jsa ${quiet}`,
    });
    expect(planJvm(user(''), jdk, { ...archive, exists: false })).toEqual({
      mavenOpts: `${fast} -XX:ArchiveClassesAtExit=/c/draft.jsa ${quiet}`,
      writes: { draft: '/c/draft.jsa', archive: '/c/maven.jsa' },
    });
  });

  it.each([
    ['a JVM that has none', user(''), { ...jdk, major: 11 }, '/c/maven.jsa'],
    ['an unknown JVM', user(''), undefined, '/c/maven.jsa'],
    ['a user with an archive of his own', user('-XX:SharedArchiveFile=/x'), jdk, '/c/maven.jsa'],
    ['an agent', user('', '-javaagent:/x.jar'), jdk, '/c/maven.jsa'],
    ['a path that MAVEN_OPTS cannot hold', user(''), jdk, '/my cache/maven.jsa'],
  ])('leaves the archive alone for %s', (_name, options, of, path) => {
    expect(planJvm(options, of, { path, exists: true, draft: '/d' }).mavenOpts).not.toContain('/maven.jsa');
  });
});

describe('archiveName', () => {
  it('differs between Mavens and between JVMs', () => {
    const maven = { tool: 'mvn', args: [], identity: 'm' };
    const names = [
      archiveName(maven, jdk),
      archiveName({ ...maven, identity: 'n' }, jdk),
      archiveName(maven, { ...jdk, identity: 'b' }),
    ];
    expect(new Set(names).size).toBe(3);
    expect(archiveName(maven, jdk)).toBe(names[0]);
  });
});

describe('blamesJvmOptions', () => {
  it.each([
    ['Error: Could not create the Java Virtual Machine.', true],
    ['Error occurred during initialization of VM', true],
    ['An error has occurred while processing the shared archive file.', true],
    ['[ERROR] COMPILATION ERROR : ', false],
  ])('%s: %s', (line, expected) => {
    expect(blamesJvmOptions([line])).toBe(expected);
  });
});
