/**
 * Splits the output of a child process into lines that are safe to parse and to store: complete, of limited length, and
 * without terminal escapes. Pure, except for the state of the unfinished line.
 */
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

/** Splits one stream. It calls `onLine` with each line, without the line break. */
export class LineSplitter {
  readonly #onLine: (line: string) => void;
  readonly #decoder = new StringDecoder('utf8');
  #line = '';
  #overwrite = false;

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  /** Takes the next bytes of the stream. They may begin and end anywhere, even inside a character. */
  write(chunk: Buffer): void {
    this.#add(this.#decoder.write(chunk));
  }

  /** Ends the stream and passes on the last line, if it has no line break. */
  end(): void {
    this.#add(this.#decoder.end());
    if (this.#line !== '') this.#finish();
  }

  #add(text: string): void {
    for (const part of text.split(/([\r\n])/)) {
      if (part === '\n') {
        this.#finish();
      } else if (part === '\r') {
        // The following text overwrites the line, as on a terminal. So the last state of a progress bar is kept.
        this.#overwrite = true;
      } else if (part !== '') {
        if (this.#overwrite) this.#line = '';
        this.#overwrite = false;
        this.#line += part.slice(0, maxLineLength - this.#line.length);
      }
    }
  }

  #finish(): void {
    const line = stripEscapes(this.#line);
    this.#line = '';
    this.#overwrite = false;
    this.#onLine(line);
  }
}
