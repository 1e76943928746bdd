/**
 * A line of text with tones instead of colours, and the one function that turns it into what a terminal or file gets.
 * Tones are never the only carrier of a meaning: words and glyphs say the same.
 */
import { styleText } from 'node:util';
import { cleanLine } from './sanitize.ts';

/** What a piece of text means to the reader; `paint` knows the colour. */
export type Tone = 'ok' | 'bad' | 'warn' | 'busy' | 'dim' | 'strong' | 'name';

/** A piece of a line. */
export interface Segment {
  readonly text: string;
  readonly tone?: Tone;
}

/** One line, without its end. */
export type Line = readonly Segment[];

/** What the output can show. */
export interface Theme {
  readonly color: boolean;
  /** False: glyphs become ASCII, one for one, so that columns stay where they are. */
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

/** Makes a segment. */
export function seg(text: string, tone?: Tone): Segment {
  return tone === undefined ? { text } : { text, tone };
}

/** The line's text alone. */
export function lineText(line: Line): string {
  return line.map((segment) => segment.text).join('');
}

/** Replaces the glyphs that appdev draws by ASCII characters of the same width. */
export function toAscii(text: string): string {
  return text.replace(glyphs, (glyph) => asciiOf[glyph] ?? '?');
}

/** The line as it is written: sanitized, tabs as four spaces (so that excerpt and caret stay aligned), coloured. */
export function paint(line: Line, theme: Theme): string {
  return line.map((segment) => paintSegment(segment, theme)).join('');
}

function paintSegment(segment: Segment, theme: Theme): string {
  const clean = cleanLine(segment.text).replaceAll('\t', '    ');
  const text = theme.unicode ? clean : toAscii(clean);
  if (!theme.color || segment.tone === undefined || text === '') return text;
  // Newer Nodes would otherwise look at NO_COLOR and stdout themselves; the theme has decided that already.
  return styleText(styles[segment.tone], text, { validateStream: false });
}
