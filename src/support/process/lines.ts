/**
 * Turns the bytes of a child's output into lines that are safe to parse and to keep: complete, of bounded length, without
 * terminal escapes. Pure apart from the state of the line under way.
 */
import { StringDecoder } from 'node:string_decoder';

/** Longest line that is kept, in UTF-16 units; the rest of a longer one is dropped. */
export const maxLineLength = 4096;

/**
 * Escape sequences by ECMA-48: control strings (window titles, links) with their text, control sequences (colours, cursor),
 * and the other escapes, each in its 7-bit and its 8-bit form. A control string ends unfinished where another one begins,
 * as on a terminal; were the beginnings part of its text, a line of nothing else would be read anew from each of them.
 */
const escapes =
  /(?:\x1b[\]PX^_]|[\x90\x98\x9d\x9e\x9f])[^\x07\x1b\x90\x98\x9c-\x9f]*(?:\x07|\x1b\\|\x9c|$)|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|\x1b[ -/]*[0-~]/g;
const controls = /[\x00-\x08\x0a-\x1f\x7f-\x9f]/g;

/** Text without terminal escapes and without control characters other than the tab. */
export function stripEscapes(text: string): string {
  return text.replace(escapes, '').replace(controls, '');
}

/** Splits one stream; `onLine` gets each line without its end. */
export class LineSplitter {
  readonly #onLine: (line: string) => void;
  readonly #decoder = new StringDecoder('utf8');
  #line = '';
  #overwrite = false;

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  /** Takes the next bytes of the stream, cut anywhere. */
  write(chunk: Buffer): void {
    this.#add(this.#decoder.write(chunk));
  }

  /** The stream is over: hands out the unfinished last line. */
  end(): void {
    this.#add(this.#decoder.end());
    if (this.#line !== '') this.#finish();
  }

  #add(text: string): void {
    for (const part of text.split(/([\r\n])/)) {
      if (part === '\n') {
        this.#finish();
      } else if (part === '\r') {
        // What follows overwrites what stood there, as on a terminal: of a progress bar the last state stays.
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
