import { describe, expect, test } from 'vitest';
import { appdevError } from '../../core/errors.ts';
import { compileError, rolloutError } from '../../../test/support/sample-events.ts';
import { cardLines, shortCard, type CardContext } from './card.ts';
import { errorLines } from './error-lines.ts';
import { lineText, paint, type Line } from '../text/line.ts';

const texts = (lines: readonly Line[]): string[] =>
  lines.map((line) => paint(line, { color: false, unicode: true }));
const logPath = '.appdev/logs/billing.log';

describe('the whole card', () => {
  test('shows message, place with caret, hint, code and page', async () => {
    const text = texts(cardLines(compileError)).join('\n');
    await expect(`${text}\n`).toMatchFileSnapshot('../golden/card.txt');
  });

  test('shows the evidence, most telling line last, and names the log', () => {
    const lines = texts(cardLines(rolloutError, { logPath }));
    expect(lines.slice(1, 6)).toEqual((rolloutError.evidence ?? []).map((line) => `│ ${line}`));
    expect(lines.at(-1)).toBe('ROLLOUT_FAILED  docs/errors.md#rollout_failed  log: .appdev/logs/billing.log');
  });

  test('falls back to the last lines of the tools when the error brings no evidence', () => {
    const bare = appdevError('IMAGE_BUILD_FAILED', 'buildah failed');
    expect(texts(cardLines(bare, { tail: ['STEP 2', 'no space left on device'] }))).toContain(
      '│ no space left on device',
    );
    expect(texts(cardLines(compileError, { tail: ['noise'] }))).not.toContain('│ noise');
  });

  test('keeps its size when an error brings thousands of lines', () => {
    const huge = appdevError('SOURCE_BUILD_FAILED', 'broken', {
      diagnostics: Array.from({ length: 300 }, (_, n) => ({ severity: 'error' as const, message: `e${n}` })),
      evidence: Array.from({ length: 500 }, (_, n) => `line ${n}`),
    });
    const lines = texts(cardLines(huge));
    expect(lines).toContain('… 250 more places');
    expect(lines).toContain('… 460 earlier lines');
    expect(lines).toContain('│ line 499');
    expect(lines.length).toBeLessThan(100);
  });

  test('a message of several lines stays several lines', () => {
    expect(texts(cardLines(appdevError('RENDER_FAILED', 'helm failed:\n  line 2\x1b[31m')))).toContain(
      '  line 2',
    );
  });
});

describe('the short card', () => {
  test('keeps message, hint and code, and as much evidence as has room', () => {
    expect(texts(shortCard(rolloutError, { logPath }))).toEqual([
      rolloutError.message,
      "│ Failed to configure a DataSource: 'url' attribute is not specified",
      '│ Action:',
      '│ Consider adding an embedded database to the classpath',
      'try: appdev render billing | grep -n DATASOURCE',
      'ROLLOUT_FAILED  docs/errors.md#rollout_failed  log: .appdev/logs/billing.log',
    ]);
  });

  test.each([1, 2, 3, 4, 5, 6])('has at most %i lines, the message first', (max) => {
    for (const error of [compileError, rolloutError, appdevError('INTERNAL', 'x')]) {
      const context: CardContext = { logPath, tail: ['a', 'b', 'c', 'd', 'e', 'f', 'g'] };
      const lines = shortCard(error, context, max);
      expect(lines.length).toBeLessThanOrEqual(max);
      expect(lineText(lines[0] ?? [])).toBe(error.message);
      if (max > 1 && error.hint !== undefined) expect(texts(lines)).toContain(`try: ${error.hint}`);
    }
  });
});

test('errorLines is the card as plain text', () => {
  const lines = errorLines(compileError);
  expect(lines[0]).toBe('error: orders does not compile: 1 error in OrderService.java');
  expect(lines[1]).toBe("  src/main/java/shop/OrderService.java:12:23: error: ';' expected");
  expect(errorLines(appdevError('USAGE', 'bad \x1b[31mflag'))[0]).toBe('error: bad flag');
});
