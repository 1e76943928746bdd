import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { logPosition } from './position.ts';

interface Line {
  readonly second: number;
  readonly nanos: number;
}

function stamped({ second, nanos }: Line, index: number): string {
  const time = new Date(Date.UTC(2026, 10, 21) + second * 1000).toISOString().replace(/\.000Z$/, '');
  return `${time}.${String(nanos).padStart(9, '0')}Z line ${index}`;
}

/** What a server sends that honours `sinceTime` by whole seconds only. */
function sentFrom(lines: readonly string[], sinceTime: string | undefined): readonly string[] {
  if (sinceTime === undefined) return lines;
  const second = sinceTime.slice(0, 19);
  return lines.filter((line) => line.slice(0, 19) >= second);
}

describe('logPosition', () => {
  it('gives each line once and in order, however often and wherever the stream is cut', () => {
    const line = fc.record({ second: fc.integer({ min: 0, max: 4 }), nanos: fc.integer({ min: 0, max: 3 }) });
    fc.assert(
      fc.property(
        fc.array(line, { maxLength: 30 }),
        fc.array(fc.nat(40), { maxLength: 6 }),
        (drawn, cuts) => {
          const sorted = [...drawn].sort((a, b) => a.second - b.second || a.nanos - b.nanos);
          const lines = sorted.map(stamped);
          const position = logPosition();
          const taken: string[] = [];
          const read = (upTo: number): void => {
            const sent = sentFrom(lines, position.sinceTime);
            position.again();
            for (const one of sent.slice(0, upTo)) {
              const text = position.take(one);
              if (text !== undefined) taken.push(text);
            }
          };
          for (const cut of cuts) read(cut);
          read(lines.length);
          expect(taken).toEqual(lines.map((_line, index) => `line ${index}`));
        },
      ),
    );
  });

  it('compares fractions of any length and zones other than UTC', () => {
    const position = logPosition();
    expect(position.take('2026-11-21T07:00:00.5+02:00 a')).toBe('a');
    position.again();
    expect(position.take('2026-11-21T05:00:00.50Z a')).toBeUndefined();
    expect(position.take('2026-11-21T05:00:00.500000001Z b')).toBe('b');
    expect(position.take('2026-11-21T05:00:01Z c')).toBe('c');
  });

  it("passes on the node's own remarks, which carry no time", () => {
    const position = logPosition();
    expect(position.take('failed to watch file: too many open files')).toBe(
      'failed to watch file: too many open files',
    );
    expect(position.sinceTime).toBeUndefined();
  });

  it('never goes back for a line that is out of order', () => {
    const position = logPosition();
    position.take('2026-11-21T05:00:05Z a');
    expect(position.take('2026-11-21T05:00:01Z late')).toBe('late');
    expect(position.sinceTime).toBe('2026-11-21T05:00:05Z');
  });

  it('keeps an empty line', () => {
    expect(logPosition().take('2026-11-21T05:00:05Z ')).toBe('');
  });
});
