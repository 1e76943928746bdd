/**
 * The init script for Gradles that the tests do not run: what newer ones took away or deprecated stands in the block
 * "versions" alone, on the side of the older ones, and what older ones have not got on the other side. The names and
 * versions are those of Gradle's upgrading guides and of the `@since` and `@deprecated` of its API.
 */
import { describe, expect, it } from 'vitest';
import { gradleInitScript } from './init-script.ts';

/** What only Gradles before a version have, or have without a warning. */
const older: readonly (readonly [name: string, before: string])[] = [
  ['archivePath', '5.1'],
  ['dependencyProject', '8.11'],
  ['\\.all', '4.9'],
];

/** What only Gradles from a version on have. */
const newer: readonly (readonly [name: string, since: string])[] = [
  ['archiveFile', '5.1'],
  ['dependency\\.path', '8.11'],
  ['configureEach', '4.9'],
];

/** What was removed or deprecated up to Gradle 9 and is not needed at all. */
const banned = [
  ...['buildDir', 'setBuildDir', 'convention', 'getConvention', 'archivesBaseName', 'libsDirName'],
  ...['archiveName', 'destinationDir', 'baseName', 'appendix', 'classifier', 'classesDir', 'classesDirs'],
  ...['buildFinished', 'useLogger', 'addListener', 'taskGraph', 'startParameter', 'buildIdentifier'],
  ...['exec', 'javaexec', 'task', 'properties', 'getProperties', 'resolve', 'resolvedConfiguration'],
  ...['fileMode', 'dirMode', 'ConfigureUtil', 'CollectionUtils', 'VersionNumber', 'reports', 'internal'],
];

const code = gradleInitScript
  .split('\n')
  .map((line) => line.trim())
  .filter((line) => line !== '' && (!line.startsWith('//') || line.startsWith('// ---')));
const first = code.findIndex((line) => line.startsWith('// --- versions'));
const last = code.findIndex((line, at) => at > first && line.startsWith('// ---'));
const versions = code.slice(first + 1, last);
const rest = [...code.slice(0, first), ...code.slice(last + 1)];

/** The two sides of a line that asks for the version. */
function sidesOf(line: string): { since: string; then: string; otherwise: string } | undefined {
  const [, since, then, otherwise] = /since\('([\d.]+)'\) \? (.+) : (.+)$/.exec(line) ?? [];
  return since === undefined || then === undefined || otherwise === undefined
    ? undefined
    : { since, then, otherwise };
}

describe('the init script', () => {
  it('has one block for the versions', () => {
    expect(first).toBeGreaterThan(0);
    expect(last).toBeGreaterThan(first);
    expect(rest.filter((line) => /\bsince\(/.test(line))).toEqual([]);
  });

  it.each([...older, ...newer])('says %s in that block alone, and asks for %s', (name, version) => {
    const word = new RegExp(`(?<![\\w])${name}\\b`);
    expect(rest.filter((line) => word.test(line))).toEqual([]);
    const uses = versions.filter((line) => word.test(line));
    expect(uses).toHaveLength(1);
    const sides = sidesOf(uses[0] ?? '');
    expect(sides?.since).toBe(version);
    const isOld = older.some(([one]) => one === name);
    expect([word.test(sides?.then ?? ''), word.test(sides?.otherwise ?? '')]).toEqual([!isOld, isOld]);
  });

  it.each(banned)('does without %s, on every Gradle', (name) => {
    const used = new RegExp(`\\.${name}\\b|^${name}\\b`);
    expect(code.filter((line) => used.test(line))).toEqual([]);
  });
});
