import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compilerErrors, maxDiagnostics, plainCompilerErrors, type SourceFiles } from './compiler-output.ts';

const files: SourceFiles = { name: (path) => path, line: () => undefined };

describe('compilerErrors', () => {
  it.each([
    ['javac', '[ERROR] /p/My App/A.java:[20,16] cannot find symbol', '/p/My App/A.java', 20, 16],
    ['javac without a column', '[ERROR] /p/A.java:[20] cannot find symbol', '/p/A.java', 20, undefined],
    ['javac on Windows', '[ERROR] C:\\p\\A.java:[20,16] cannot find symbol', 'C:\\p\\A.java', 20, 16],
    ['kotlinc 1', '[ERROR] /p/A.kt: (20, 16) cannot find symbol', '/p/A.kt', 20, 16],
    ['kotlinc 2', '[ERROR] file:///p/A.kt:20:16 cannot find symbol', '/p/A.kt', 20, 16],
  ])('reads the format of %s', (_name, text, file, line, column) => {
    const [found] = compilerErrors([text], files);
    expect(found).toEqual({
      severity: 'error',
      message: 'cannot find symbol',
      file,
      line,
      ...(column === undefined ? {} : { column }),
    });
  });

  it('takes no warning for an error', () => {
    const text = readFileSync(join(import.meta.dirname, '../../../test/recorded/maven/warnings.txt'), 'utf8');
    expect(text).toContain('[WARNING] /home/dev/shop/src');
    expect(compilerErrors(text.split('\n'), files)).toEqual([]);
  });

  it('keeps so many that they can be read', () => {
    const lines = Array.from({ length: 500 }, (_, index) => `[ERROR] /p/A.java:[${index + 1},1] wrong`);
    expect(compilerErrors(lines, files)).toHaveLength(maxDiagnostics);
  });
});

describe('plainCompilerErrors', () => {
  it.each([
    [
      'kotlinc',
      'e: file:///p/A.kt:20:16 Unresolved reference: x',
      ['/p/A.kt', 20, 16, 'Unresolved reference: x'],
    ],
    [
      'kotlinc before 1.8',
      'e: /p/A.kt: (20, 16): Unresolved reference: x',
      ['/p/A.kt', 20, 16, 'Unresolved reference: x'],
    ],
    [
      'javac without a place in the line',
      '/p/A.java:3: error: class X is public',
      ['/p/A.java', 3, undefined, 'class X is public'],
    ],
  ])('reads %s', (_name, line, expected) => {
    const files = { name: (path: string) => path, line: () => undefined };
    const found = plainCompilerErrors(['> Task :compile', line, '1 error'], files);
    expect(found.map(({ file, line: row, column, message }) => [file, row, column, message])).toEqual([
      expected,
    ]);
  });
});
