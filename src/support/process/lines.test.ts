import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hostileLines, untilDone } from '../../../test/support/hostile-lines.ts';
import { LineSplitter, maxLineLength, readLines, stripEscapes } from './lines.ts';

function split(...chunks: readonly (string | Buffer)[]): string[] {
  const lines: string[] = [];
  const splitter = new LineSplitter((line) => lines.push(line));
  for (const chunk of chunks) splitter.write(Buffer.from(chunk as string));
  splitter.end();
  return lines;
}

describe('LineSplitter', () => {
  it.each([
    ['lines', ['a\nb\n'], ['a', 'b']],
    ['an unfinished last line', ['a\nb'], ['a', 'b']],
    ['empty lines', ['\n\na\n'], ['', '', 'a']],
    ['Windows line ends, cut in the middle', ['a\r', '\nb\r\n'], ['a', 'b']],
    ['a line in pieces', ['he', 'll', 'o\n'], ['hello']],
    ['the last state of a progress line', ['10%\r', '50%\r100%\ndone\n'], ['100%', 'done']],
    ['nothing', [''], []],
  ])('hands out %s', (_name, chunks, lines) => {
    expect(split(...chunks)).toEqual(lines);
  });

  it('puts characters together that arrive in two chunks', () => {
    const bytes = Buffer.from('grün\n');
    expect(split(bytes.subarray(0, 3), bytes.subarray(3))).toEqual(['grün']);
  });

  it('keeps the beginning of an endless line and forgets the rest', () => {
    expect(split('x'.repeat(3000), 'y'.repeat(3000), '\nnext\n')).toEqual([
      'x'.repeat(3000) + 'y'.repeat(maxLineLength - 3000),
      'next',
    ]);
  });
});

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

describe('stripEscapes', () => {
  it.each([
    ['colours', '\x1b[1;31mred\x1b[m', 'red'],
    ['cursor moves', 'a\x1b[2K\x1b[1Gb', 'ab'],
    ['a window title with spaces', '\x1b]0;my title\x07text', 'text'],
    ['a title ended by ST', '\x1b]2;t\x1b\\text', 'text'],
    ['a clipboard write', '\x1b]52;c;ZXZpbA==\x07ok', 'ok'],
    ['an unfinished title', 'text\x1b]0;title', 'text'],
    ['8-bit forms', '\x9b31mred\x9d0;t\x9c!', 'red!'],
    ['device control', '\x1bP1$r q\x1b\\x', 'x'],
    ['bells and backspaces', 'a\x07\x08b\x00', 'ab'],
    ['a reset', '\x1bcx', 'x'],
    ['a title that begins anew', '\x1b]0;one\x9d0;two\x9ctext', '0;onetext'],
  ])('removes %s', (_name, text, clean) => {
    expect(stripEscapes(text)).toBe(clean);
  });

  it('keeps tabs and text in any language', () => {
    expect(stripEscapes('\tгрün 日本 ✓')).toBe('\tгрün 日本 ✓');
  });

  it('keeps text without control characters as it is, and leaves none in any other', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const clean = stripEscapes(text);
        expect(clean).not.toMatch(/[\x00-\x08\x0a-\x1f\x7f-\x9f]/);
        expect(stripEscapes(clean)).toBe(clean);
      }),
    );
  });

  it('takes a control string away whole, and nothing around it', () => {
    const short = ['\x90', '\x98', '\x9d', '\x9e', '\x9f'];
    const start = fc.constantFrom(...short, '\x1bP', '\x1bX', '\x1b]', '\x1b^', '\x1b_');
    const end = fc.constantFrom('\x07', '\x1b\\', '\x9c');
    const text = fc.string();
    fc.assert(
      fc.property(text, start, text, end, text, (before, begin, body, stop, after) => {
        expect(stripEscapes(before + begin + body + stop + after)).toBe(before + after);
      }),
    );
  });

  it('comes to the end of any line, however long it is and whatever it repeats', () => {
    const lines = hostileLines(64 * 1024);
    untilDone(() => lines.forEach(stripEscapes));
  });
});
