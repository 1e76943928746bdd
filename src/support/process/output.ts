/** Collects the output of a child process: the end of each stream, and the lines of both in the order of arrival. */
import type { Readable } from 'node:stream';
import { LineSplitter } from './lines.ts';

/**
 * How many bytes of each stream, and characters of the lines, are kept. It is the last part, where tools say why they
 * failed.
 */
const maxKept = 8 * 1024 * 1024;

type StreamName = 'stdout' | 'stderr';

/** The output of one child process. */
export class Output {
  /** Number of bytes received so far on both streams. */
  bytes = 0;
  readonly #onLine: ((stream: StreamName, line: string) => void) | undefined;
  readonly #streams = { stdout: new Tail<Buffer>(), stderr: new Tail<Buffer>() };
  readonly #lines = new Tail<string>();
  readonly #splitters: LineSplitter[] = [];

  constructor(onLine: ((stream: StreamName, line: string) => void) | undefined) {
    this.#onLine = onLine;
  }

  /** Starts to read a stream. An error of the stream counts as its end. */
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

  /** Finishes the last line of each stream, and returns everything that was kept. */
  end(): { readonly stdout: string; readonly stderr: string; readonly lines: readonly string[] } {
    for (const splitter of this.#splitters) splitter.end();
    const text = (name: StreamName): string => Buffer.concat(this.#streams[name].parts()).toString('utf8');
    return { stdout: text('stdout'), stderr: text('stderr'), lines: this.#lines.parts() };
  }
}

/** A list that drops its oldest parts, so that the total length of the rest is at most `maxKept`. */
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
    // Removing single parts from the front of an array would copy it each time.
    if (this.#first > 1000 && this.#first * 2 > this.#parts.length) {
      this.#parts = this.#parts.slice(this.#first);
      this.#first = 0;
    }
  }

  parts(): Part[] {
    return this.#parts.slice(this.#first);
  }
}
