/**
 * The one place where text that others wrote (application logs, tools' output, error messages, file names) is made
 * safe to show: no terminal escapes, no control or bidirectional-override characters, one line, at most 4 KB.
 * Whatever reaches a terminal goes through `paint`, and `paint` goes through here; the log files do too.
 */

/** Longest line that is shown or kept, in UTF-16 units. A longer one makes terminals and log viewers hang. */
export const maxLine = 4096;

/**
 * Escape sequences by ECMA-48: control strings (title, hyperlink, device control) with their text, CSI sequences, and
 * all other escapes. `util.stripVTControlCharacters` leaves the text of a title that contains a space behind. A control
 * string ends unfinished where another one begins, as on a terminal; were the beginnings part of its text, a line of
 * nothing else would be read anew from each of them.
 */
const escapes =
  /(?:\x1b[\]PX^_]|[\x90\x98\x9d\x9e\x9f])[^\x07\x1b\x90\x98\x9c-\x9f]*(?:\x07|\x1b\\|\x9c)|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|\x1b[ -/]*[0-~]/g;

/** Control characters but the tab, and the marks that reorder what is read (bidirectional overrides and isolates). */
const unsafe = /[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;
const everyUnsafe = new RegExp(unsafe, 'g');

/**
 * One harmless line. Of text that a carriage return overwrites (progress bars) the last state stays; tabs stay; other
 * line breaks become spaces. A line longer than `maxLine` is cut and says by how much.
 */
export function cleanLine(raw: string): string {
  const short = cut(raw);
  if (!unsafe.test(short)) return short;
  // Tried from the first line break of a row alone, not again from each one.
  const text = short.replace(escapes, '').replace(/(?<![\r\n])[\r\n]+$/, '');
  const lastState = text.slice(text.lastIndexOf('\r') + 1);
  return lastState.replace(/[\n\v\f\u2028\u2029]+/g, ' ').replace(everyUnsafe, '');
}

/** The harmless lines of a text that may hold line breaks, without empty lines at its end. */
export function cleanLines(raw: string): string[] {
  return raw.trimEnd().split(/\r?\n/).map(cleanLine);
}

function cut(text: string): string {
  if (text.length <= maxLine) return text;
  // A cut between the halves of a surrogate pair would leave a character that cannot be written.
  const last = text.charCodeAt(maxLine - 1);
  const end = last >= 0xd800 && last <= 0xdbff ? maxLine - 1 : maxLine;
  return `${text.slice(0, end)} … (+${text.length - end} characters)`;
}
