/** A unified diff says what changed, and no more: git itself applies it and gets the other text. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { unifiedDiff } from './unified-diff.ts';

const text = (...lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');

describe('a unified diff', () => {
  it('is empty for equal texts', () => {
    expect(unifiedDiff('a\n', 'a\n', 'x', 'y')).toBe('');
  });

  it('shows three lines around each change, and joins what is near', () => {
    const before = text('1', '2', '3', '4', '5', '6', '7', '8', '9', '10', '11', '12', '13', '14');
    const after = text('1', '2', '3', '4', 'five', '6', '7', '8', '9', '10', 'ten', '12', '13', '14', '15');
    expect(unifiedDiff(before, after, 'live', 'new')).toBe(
      text(
        ...[
          '--- live',
          '+++ new',
          '@@ -2,13 +2,14 @@',
          ' 2',
          ' 3',
          ' 4',
          '-5',
          '+five',
          ' 6',
          ' 7',
          ' 8',
          ' 9',
        ],
        ...[' 10', '-11', '+ten', ' 12', ' 13', ' 14', '+15'],
      ),
    );
    const far = text('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i');
    expect(unifiedDiff(far, `0\n${far}z\n`, 'live', 'new').match(/^@@.*$/gm)).toEqual([
      '@@ -1,3 +1,4 @@',
      '@@ -7,3 +8,4 @@',
    ]);
  });

  it('counts a side without lines from zero', () => {
    expect(unifiedDiff('', text('a', 'b'), 'x', 'y')).toBe(
      text('--- x', '+++ y', '@@ -0,0 +1,2 @@', '+a', '+b'),
    );
    expect(unifiedDiff(text('a'), '', 'x', 'y')).toBe(text('--- x', '+++ y', '@@ -1,1 +0,0 @@', '-a'));
  });

  it('is a patch that makes the one from the other', () => {
    const folder = mkdtempSync(join(tmpdir(), 'appdev-diff-'));
    const lines = fc.array(fc.constantFrom('a', 'b', 'c', 'd', ''), { minLength: 1, maxLength: 30 });
    try {
      fc.assert(
        fc.property(lines, lines, (one, other) => {
          const [before, after] = [text(...one), text(...other)];
          const patch = unifiedDiff(before, after, 'a/f', 'b/f');
          writeFileSync(join(folder, 'f'), before);
          if (patch !== '') {
            const options = {
              cwd: folder,
              input: patch,
              env: { ...process.env, GIT_CEILING_DIRECTORIES: tmpdir() },
            };
            execFileSync('git', ['apply', '--unidiff-zero', '--whitespace=nowarn', '-'], options);
          }
          expect(readFileSync(join(folder, 'f'), 'utf8')).toBe(after);
        }),
        { numRuns: 40 },
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
