import { expect, test } from 'vitest';
import { lineText, paint, seg, toAscii } from './line.ts';

const line = [seg('✓', 'ok'), seg(' orders '), seg('\x1b[5mblinks\x07\tx', 'bad')];

test('without colour, only text is left, and it is sanitized', () => {
  expect(paint(line, { color: false, unicode: true })).toBe('✓ orders blinks    x');
});

test('with colour, each tone is set and reset, whatever the environment says', () => {
  expect(paint(line, { color: true, unicode: true })).toBe(
    '\x1b[32m✓\x1b[39m orders \x1b[31mblinks    x\x1b[39m',
  );
});

test('ASCII glyphs have the width of those that they stand for', () => {
  const glyphs = '✓✗●○◐◓◑◒‖–─│▸›·↻…';
  expect(toAscii(glyphs)).toMatch(/^[\x20-\x7e]+$/);
  expect(toAscii(glyphs)).toHaveLength(glyphs.length);
  expect(paint(line, { color: false, unicode: false })).toBe('+ orders blinks    x');
});

test('lineText joins the segments', () => {
  expect(lineText([seg('a', 'ok'), seg('b')])).toBe('ab');
});
