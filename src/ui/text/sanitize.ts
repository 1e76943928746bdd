/**
 * Makes foreign text safe to show: application logs, output of tools, error messages, file names. The result has no
 * terminal escapes, no control characters and no bidirectional overrides; it is one line of at most 4 KB. All text for a
 * terminal goes through `paint`, which uses this file; so do the log files.
 */

/** The longest line that is shown or stored, in UTF-16 units. Longer lines make terminals and log viewers hang. */
export const maxLine = 4096;

/**
 * Escape sequences by ECMA-48: control strings (title, hyperlink, device control) with their text, CSI sequences, and all
 * other escapes. `util.stripVTControlCharacters` is not enough: it keeps the text of a title that contains a space. A
 * control string also ends where another one begins, as on a terminal. This keeps matching linear: a line of nothing but
 * beginnings would otherwise be scanned again from each of them.
 */
const escapes =
  /(?:\x1b[\]PX^_]|[\x90\x98\x9d\x9e\x9f])[^\x07\x1b\x90\x98\x9c-\x9f]*(?:\x07|\x1b\\|\x9c)|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|\x1b[ -/]*[0-~]/g;

/**
 * Control characters except the tab, and marks that change the order of what is read (bidirectional overrides and
 * isolates).
 */
const unsafe = /[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;
const everyUnsafe = new RegExp(unsafe, 'g');

/**
 * Makes a text one safe line. If carriage returns overwrite text (progress bars), the last state is kept. Tabs are kept.
 * Other line breaks become spaces. A line longer than `maxLine` is cut, and its end says by how much.
 */
export function cleanLine(raw: string): string {
  const short = cut(raw);
  if (!unsafe.test(short)) return short;
  // The lookbehind makes the match start only at the first of several line breaks, which keeps it linear.
  const text = short.replace(escapes, '').replace(/(?<![\r\n])[\r\n]+$/, '');
  const lastState = text.slice(text.lastIndexOf('\r') + 1);
  return lastState.replace(/[\n\v\f\u2028\u2029]+/g, ' ').replace(everyUnsafe, '');
}

/** The same for each line of a text. Its line breaks stay. */
export function cleanText(raw: string): string {
  return raw.split('\n').map(cleanLine).join('\n');
}

/**
 * Shows each character that `cleanLine` takes out, except line breaks, as `\u009d`. Nothing is lost or cut, and JSON stays
 * the same data.
 */
export function showUnsafe(text: string): string {
  return text.replace(everyUnsafe, (unit) =>
    unit === '\n' ? unit : `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** The safe lines of a text that may have line breaks, without empty lines at its end. */
export function cleanLines(raw: string): string[] {
  return raw.trimEnd().split(/\r?\n/).map(cleanLine);
}

function cut(text: string): string {
  if (text.length <= maxLine) return text;
  // A cut inside a surrogate pair would leave half a character, which cannot be written.
  const last = text.charCodeAt(maxLine - 1);
  const end = last >= 0xd800 && last <= 0xdbff ? maxLine - 1 : maxLine;
  return `${text.slice(0, end)} … (+${text.length - end} characters)`;
}
