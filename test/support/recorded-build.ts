/** Recorded output of build tools (test/recorded), and what tests of reading it share. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { TestFiles } from '../../src/build/jar/test-report.ts';
import type { AppdevError } from '../../src/core/errors.ts';

/** The lines of one recording, by its name without ending. */
export function recordedBuild(tool: 'gradle' | 'maven', name: string): string[] {
  return readFileSync(join(import.meta.dirname, '../recorded', tool, `${name}.txt`), 'utf8').split('\n');
}

/**
 * Source files of the project that was recorded, as far as a test needs them: each line says which it is.
 *
 * @param root the project's folder in the recording, with a slash at its end.
 * @param tests folder of the test sources, below it.
 */
export function fakeSourceFiles(root: string, tests: string): TestFiles {
  return {
    name: (path) => (path.startsWith(root) ? path.slice(root.length) : path),
    line: (path, number) => `line ${number} of ${path.slice(path.lastIndexOf('/') + 1)}`,
    testSource: (name) => `${root}${tests}/${name.replaceAll('.', '/')}.java`,
  };
}

/** File, line and column of a diagnostic. */
export type Place = readonly [file: string, line: number, column: number | undefined];

/** The error is one of the sources, says so in these words, and names these places and what to do. */
export function expectPlaces(error: AppdevError, message: string | RegExp, places: readonly Place[]): void {
  expect(error.code).toBe('SOURCE_BUILD_FAILED');
  expectMessage(error, message);
  expect(error.diagnostics?.map(({ file, line, column }) => [file, line, column])).toEqual(places);
  expect(error.hint).toBeDefined();
}

/** The whole message, or what it matches. */
export function expectMessage(error: AppdevError, message: string | RegExp): void {
  if (typeof message === 'string') expect(error.message).toBe(message);
  else expect(error.message).toMatch(message);
}
