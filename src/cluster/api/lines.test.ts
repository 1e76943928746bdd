import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readLines } from './lines.ts';

async function linesOf(chunks: readonly Buffer[], maxLength?: number): Promise<string[]> {
  const lines: string[] = [];
  await readLines(Readable.from(chunks, { objectMode: false }), (line) => lines.push(line), maxLength);
  return lines;
}

describe('readLines', () => {
  it('finds the same lines wherever the bytes are cut', async () => {
    const text = fc.array(fc.constantFrom('a', 'ü', '漢', '😀', '\n', '\r\n'), { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(text, fc.integer({ min: 1, max: 7 }), async (parts, size) => {
        const bytes = Buffer.from(parts.join(''));
        const chunks: Buffer[] = [];
        for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
        const expected = parts.join('').split(/\r?\n/);
        if (expected.at(-1) === '') expected.pop();
        expect(await linesOf(chunks)).toEqual(expected);
      }),
    );
  });

  it('keeps the beginning of a line that is too long, and the next line whole', async () => {
    const chunks = [Buffer.from('abcdefgh'), Buffer.from('ijkl\nnext'), Buffer.from('\n')];
    expect(await linesOf(chunks, 10)).toEqual(['abcdefghij', 'next']);
  });

  it('drops the unfinished line of a stream that breaks off', async () => {
    const lines: string[] = [];
    const stream = new Readable({ read: () => undefined });
    stream.push('whole\nhal');
    const read = readLines(stream, (line) => {
      lines.push(line);
      stream.destroy(new Error('reset'));
    });
    await expect(read).rejects.toThrow('reset');
    expect(lines).toEqual(['whole']);
  });
});
