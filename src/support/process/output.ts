/** Collects what a child writes: the end of each stream, and the lines of both in the order in which they arrived. */
import type { Readable } from 'node:stream';
import { LineSplitter } from './lines.ts';

/** So much of each stream, and of the lines, is kept: the last part, where tools say why they failed. */
const maxKept = 8 * 1024 * 1024;

type StreamName = 'stdout' | 'stderr';

/** Output of one child. */
export class Output {
  /** Bytes seen so far on both streams. */
  bytes = 0;
  readonly #onLine: ((stream: StreamName, line: string) => void) | undefined;
  readonly #streams = { stdout: new Tail<Buffer>(), stderr: new Tail<Buffer>() };
  readonly #lines = new Tail<string>();
  readonly #splitters: LineSplitter[] = [];

  constructor(onLine: ((stream: StreamName, line: string) => void) | undefined) {
    this.#onLine = onLine;
  }

  /** Reads a stream from now on. A broken pipe is its end. */
  follow(name: StreamName, stream: Readable): void {
    const splitter = new LineSplitter((line) => {
      this.#lines.push(line);
      this.#onLine?.(name, line);
    });
    this.#splitters.push(splitter);
    stream.on('data', (chunk: Buffer) => {
      this.bytes += chunk.length;
      this.#streams[name].push(chunk);
      splitter.write(chunk);
    });
    stream.on('error', () => undefined);
  }

  /** Finishes the last lines and returns everything that was kept. */
  end(): { readonly stdout: string; readonly stderr: string; readonly lines: readonly string[] } {
    for (const splitter of this.#splitters) splitter.end();
    const text = (name: StreamName): string => Buffer.concat(this.#streams[name].parts()).toString('utf8');
    return { stdout: text('stdout'), stderr: text('stderr'), lines: this.#lines.parts() };
  }
}

/** A list of parts that forgets its oldest ones, so that the rest stays below `maxKept`. */
class Tail<Part extends { readonly length: number }> {
  #parts: Part[] = [];
  #first = 0;
  #length = 0;

  push(part: Part): void {
    this.#parts.push(part);
    this.#length += part.length;
    for (let oldest = this.#parts[this.#first]; oldest !== undefined && this.#length > maxKept;) {
      this.#length -= oldest.length;
      this.#first += 1;
      oldest = this.#parts[this.#first];
    }
    // Dropping single parts from the front of an array would cost its length each time.
    if (this.#first > 1000 && this.#first * 2 > this.#parts.length) {
      this.#parts = this.#parts.slice(this.#first);
      this.#first = 0;
    }
  }

  parts(): Part[] {
    return this.#parts.slice(this.#first);
  }
}
