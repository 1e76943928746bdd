import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { hostileLines, untilDone } from '../../../test/support/hostile-lines.ts';
import { cleanLine, cleanLines, cleanText, maxLine, showUnsafe } from './sanitize.ts';

describe('cleanLine', () => {
  test.each([
    ['plain text stays', 'GET /orders 200', 'GET /orders 200'],
    ['tabs stay', '\tat shop.Orders.main', '\tat shop.Orders.main'],
    ['colours go', '\x1b[31mERROR\x1b[0m done', 'ERROR done'],
    ['cursor movement goes', 'a\x1b[2J\x1b[1;1Hb', 'ab'],
    ['titles go with their text', '\x1b]0;a title with blanks\x07text', 'text'],
    ['hyperlinks leave their words', '\x1b]8;;http://example.com\x1b\\link\x1b]8;;\x1b\\', 'link'],
    ['device control strings go', 'a\x1bP1;2|data\x1b\\b', 'ab'],
    ['one-byte CSI goes', 'a\x9b31mb', 'ab'],
    ['an unfinished control string keeps its text', '\x1b]0;never ended', '0;never ended'],
    ['a lone escape goes', 'a\x1b', 'a'],
    ['charset switches go', '\x1b(0qqq', 'qqq'],
    ['a progress bar shows its last state', '10 %\r20 %\r30 %\r\n', '30 %'],
    ['line breaks inside become blanks', 'one\ntwo\u2028three', 'one two three'],
    ['bells and backspaces go', 'a\x07b\bc', 'abc'],
    ['text that reorders itself is laid bare', 'if (admin\u202e)) {\u2066', 'if (admin)) {'],
    ['a title that begins anew shows its first text', '\x1b]0;one\x9d0;two\x9ctext', '0;onetext'],
    ['letters of any script stay', 'größe 注文 🚀', 'größe 注文 🚀'],
  ])('%s', (_, raw, clean) => {
    expect(cleanLine(raw)).toBe(clean);
  });

  test('a long line is cut and says by how much', () => {
    expect(cleanLine('x'.repeat(maxLine + 5))).toBe(`${'x'.repeat(maxLine)} … (+5 characters)`);
  });

  test('the cut does not halve a character', () => {
    const clean = cleanLine(`${'x'.repeat(maxLine - 1)}🚀`);
    expect(clean).toBe(`${'x'.repeat(maxLine - 1)} … (+2 characters)`);
  });

  test('whatever comes in, no control character comes out', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('\x1b[', '\x1b]', '\x9d', '\r', '\x07', 'm', ';1'),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        expect(cleanLine(pieces.join(''))).not.toMatch(
          /[\x00-\x08\x0a-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/,
        );
      }),
    );
  });
});

test('comes to the end of a log of hostile lines', () => {
  // A longer line is cut before it is looked at, but there may be any number of lines.
  const log = [1, 2, 3, 4].flatMap(() => hostileLines(maxLine));
  untilDone(() => log.forEach(cleanLine));
});

test('comes to the end of a log of lines that are all carriage returns', () => {
  const line = `${'\r'.repeat(maxLine - 1)}x`;
  untilDone(() => {
    for (let lines = 0; lines < 4000; lines += 1) cleanLine(line);
  });
});

test('cleanLines splits at line breaks and drops empty lines at the end', () => {
  expect(cleanLines('one\r\n\x1b[1mtwo\x1b[0m\n\n')).toEqual(['one', 'two']);
});

describe('showUnsafe', () => {
  test('shows what a terminal would obey, and keeps lines and tabs', () => {
    expect(showUnsafe('a: "\x9d0;t\x07\x1b[2J"\n\tb\u202e\n')).toBe(
      'a: "\\u009d0;t\\u0007\\u001b[2J"\n\tb\\u202e\n',
    );
  });

  test('of JSON is the same data', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(JSON.parse(showUnsafe(JSON.stringify({ text })))).toEqual({ text });
      }),
    );
  });
});

test('cleanText cleans each line and keeps the breaks', () => {
  expect(cleanText('  one\x1b[2J\n\ntwo\x9d0;t\x9c\u202e\n')).toBe('  one\n\ntwo\n');
});
