/** Reads a byte stream line by line, with bounded memory. Knows nothing of what the lines say. */
import type { Readable } from 'node:stream';

/**
 * Calls `onLine` for each line of UTF-8 text, without its line end, and for the rest after the last one. Of a line longer
 * than `maxLength` UTF-16 units only the beginning is kept. Resolves at the end; rejects when the stream breaks off,
 * and then drops the unfinished line, because nobody knows how it would have gone on.
 */
export async function readLines(
  stream: Readable,
  onLine: (line: string) => void,
  maxLength: number = Number.POSITIVE_INFINITY,
): Promise<void> {
  stream.setEncoding('utf8');
  let parts: string[] = [];
  let length = 0;
  const add = (part: string): void => {
    if (length < maxLength)
      parts.push(part.length > maxLength - length ? part.slice(0, maxLength - length) : part);
    length += part.length;
  };
  const flush = (): void => {
    const line = parts.join('');
    parts = [];
    length = 0;
    onLine(line.endsWith('\r') ? line.slice(0, -1) : line);
  };
  for await (const chunk of stream) {
    const text = chunk as string;
    let from = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', from)) {
      add(text.slice(from, end));
      flush();
      from = end + 1;
    }
    if (from < text.length) add(text.slice(from));
  }
  if (length > 0) flush();
}
