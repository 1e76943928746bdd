/** Reads a byte stream line by line, with bounded memory. Does not know what the lines mean. */
import type { Readable } from 'node:stream';

/**
 * Calls `onLine` for each line of UTF-8 text, without its line end, and for the rest after the last one. Keeps only the
 * beginning of a line longer than `maxLength` UTF-16 units. Resolves at the end. Rejects if the stream breaks, and then
 * drops the unfinished line, because nobody knows its rest.
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
