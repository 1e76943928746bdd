/** How diagnostics name source files and quote their lines. */
import { readFileSync } from 'node:fs';
import { isAbsolute, relative, resolve } from 'node:path';
import type { TestFiles } from './test-report.ts';

/**
 * Files on disk. Names are relative to the project for files inside it.
 *
 * @param projectRoot folder of appdev.yaml.
 * @param top folder at which relative paths in a build tool's output start.
 * @param testSource finds the source file of a test class.
 */
export function sourceFiles(
  projectRoot: string,
  top: string,
  testSource: (className: string) => string | undefined,
): TestFiles {
  return {
    name(path) {
      const absolute = resolve(top, path);
      const short = relative(projectRoot, absolute);
      return short === '' || short.startsWith('..') || isAbsolute(short) ? absolute : short;
    },
    line(path, number) {
      try {
        return readFileSync(resolve(top, path), 'utf8').split(/\r?\n/)[number - 1];
      } catch {
        return undefined;
      }
    },
    testSource,
  };
}
