/**
 * Splits the output of a child process into lines that are safe to parse and to store: complete, of limited length, and
 * without terminal escapes. Pure, except for the state of the unfinished line.
 */
import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

/** The longest line that is kept, in UTF-16 units. The rest of a longer line is dropped. */
export const maxLineLength = 4096;

/**
 * Escape sequences by ECMA-48: control strings (window titles, links) with their text, control sequences (colours,
 * cursor) and all other escapes, each in its 7-bit and its 8-bit form. A control string also ends where another one
 * begins, as on a terminal. This keeps matching linear: a line of nothing but beginnings would otherwise be scanned
 * again from each.
 */
const escapes =
  /(?:\x1b[\]PX^_]|[\x90\x98\x9d\x9e\x9f])[^\x07\x1b\x90\x98\x9c-\x9f]*(?:\x07|\x1b\\|\x9c|$)|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|\x1b[ -/]*[0-~]/g;
const controls = /[\x00-\x08\x0a-\x1f\x7f-\x9f]/g;

/** The text without terminal escapes and without control characters, except the tab. */
export function stripEscapes(text: string): string {
  return text.replace(escapes, '').replace(controls, '');
}

/** What a splitter does to lines. */
interface LineRules {
  /** Longest line that is kept, in UTF-16 units. */
  readonly maxLength: number;
  /** A carriage return goes back to the beginning of its line, and escapes are taken out, as for a terminal. */
  readonly terminal: boolean;
}

/** Splits one stream, by default a child's output; `onLine` gets each line without its end. */
export class LineSplitter {
  readonly #onLine: (line: string) => void;
  readonly #rules: LineRules;
  readonly #decoder = new StringDecoder('utf8');
  /** The line under way: its beginning in pieces, and the length of all that came of it. */
  #parts: string[] = [];
  #length = 0;
  #overwrite = false;

  constructor(
    onLine: (line: string) => void,
    rules: LineRules = { maxLength: maxLineLength, terminal: true },
  ) {
    this.#onLine = onLine;
    this.#rules = rules;
  }

  /** Takes the next bytes of the stream. They may begin and end anywhere, even inside a character. */
  write(chunk: Buffer): void {
    this.#add(this.#decoder.write(chunk));
  }

  /** Ends the stream and passes on the last line, if it has no line break. */
  end(): void {
    this.#add(this.#decoder.end());
    if (this.#length > 0) this.#finish();
  }

  #add(text: string): void {
    let from = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', from)) {
      this.#extend(text.slice(from, end));
      this.#finish();
      from = end + 1;
    }
    this.#extend(text.slice(from));
  }

  #extend(text: string): void {
    if (!this.#rules.terminal) {
      this.#keep(text);
      return;
    }
    text.split('\r').forEach((part, index) => {
      // What follows overwrites what stood there, as on a terminal: of a progress bar the last state stays.
      if (index > 0) this.#overwrite = true;
      if (part === '') return;
      if (this.#overwrite) this.#clear();
      this.#keep(part);
    });
  }

  #keep(text: string): void {
    const room = this.#rules.maxLength - this.#length;
    if (room > 0 && text !== '') this.#parts.push(text.slice(0, room));
    this.#length += text.length;
  }

  #clear(): void {
    this.#parts = [];
    this.#length = 0;
    this.#overwrite = false;
  }

  #finish(): void {
    const line = this.#parts.join('');
    this.#clear();
    if (this.#rules.terminal) this.#onLine(stripEscapes(line));
    else this.#onLine(line.endsWith('\r') ? line.slice(0, -1) : line);
  }
}

/**
 * Calls `onLine` for each line of a stream of UTF-8 text, and for the rest after the last one; of a line longer than
 * `maxLength` UTF-16 units only the beginning is kept. Resolves at the end; rejects when the stream breaks off, and then drops
 * the unfinished line, because nobody knows how it would have gone on.
 */
export async function readLines(
  stream: Readable,
  onLine: (line: string) => void,
  maxLength: number = Number.POSITIVE_INFINITY,
): Promise<void> {
  const splitter = new LineSplitter(onLine, { maxLength, terminal: false });
  for await (const chunk of stream) splitter.write(chunk as Buffer);
  splitter.end();
}
