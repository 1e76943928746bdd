/**
 * A line of text with tones instead of colours, and `paint`, which turns it into the text that a terminal or a file gets.
 * A tone never carries a meaning alone: words and glyphs say the same.
 */
import { styleText } from 'node:util';
import { cleanLine } from './sanitize.ts';

/** What a piece of text means. `paint` chooses the colour. */
export type Tone = 'ok' | 'bad' | 'warn' | 'busy' | 'dim' | 'strong' | 'name';

/** A piece of a line in one tone. */
export interface Segment {
  readonly text: string;
  readonly tone?: Tone;
}

/** One line, without the line break. */
export type Line = readonly Segment[];

/** What the output supports. */
export interface Theme {
  readonly color: boolean;
  /** False: each glyph becomes one ASCII character, so that columns stay aligned. */
  readonly unicode: boolean;
}

const styles = {
  ok: 'green',
  bad: 'red',
  warn: 'yellow',
  busy: 'cyan',
  dim: 'dim',
  strong: 'bold',
  name: 'blue',
} as const satisfies Record<Tone, string>;

const asciiOf: Readonly<Record<string, string>> = {
  '✓': '+',
  '✗': 'x',
  '●': '*',
  '○': 'o',
  '◐': '|',
  '◓': '/',
  '◑': '-',
  '◒': '\\',
  '‖': '=',
  '–': '-',
  '─': '-',
  '│': '|',
  '▸': '>',
  '›': '>',
  '·': '-',
  '↻': '@',
  '…': '~',
};
const glyphs = new RegExp(`[${Object.keys(asciiOf).join('')}]`, 'g');

/** A segment with a text and, optionally, a tone. */
export function seg(text: string, tone?: Tone): Segment {
  return tone === undefined ? { text } : { text, tone };
}

/** The text of a line without its tones. */
export function lineText(line: Line): string {
  return line.map((segment) => segment.text).join('');
}

/** Replaces the glyphs that appdev draws with ASCII characters of the same width. */
export function toAscii(text: string): string {
  return text.replace(glyphs, (glyph) => asciiOf[glyph] ?? '?');
}

/**
 * The text to write for a line: sanitized and coloured. A tab becomes four spaces, so that excerpt and caret stay
 * aligned.
 */
export function paint(line: Line, theme: Theme): string {
  return line.map((segment) => paintSegment(segment, theme)).join('');
}

function paintSegment(segment: Segment, theme: Theme): string {
  const clean = cleanLine(segment.text).replaceAll('\t', '    ');
  const text = theme.unicode ? clean : toAscii(clean);
  if (!theme.color || segment.tone === undefined || text === '') return text;
  // Without this option, newer versions of Node check NO_COLOR and stdout; but the theme has already decided.
  return styleText(styles[segment.tone], text, { validateStream: false });
}
