/**
 * Lines that someone writes to keep a reader of escape sequences busy. A pattern that looks at each character a bounded
 * number of times is through with all of them in a second or two; one that looks again from every start takes minutes.
 */
import { runInNewContext } from 'node:vm';

/** How long `untilDone` waits, in milliseconds: below the time limit of a unit test. */
const patience = 15_000;

/** What begins an escape sequence, alone and with what may follow in it, and what a progress bar returns by. */
const starts = [
  ...['\x1b', '\x1b]', '\x1bP', '\x1b(', '\x1b[', '\x1b[1;'],
  ...['\x90', '\x98', '\x9d', '\x9e', '\x9f', '\x9d0;a title', '\x9b1 '],
  '\r',
];

/** How a line may end: cut, in the middle of an escape, by one that ends nothing, or by a proper end. */
const endings = ['', 'x', '\x1b', '\x1bx', '\x07'];

/** Every start alone and in turn with every other, over and over, with every ending; each of `length` UTF-16 units. */
export function hostileLines(length: number): string[] {
  return starts.flatMap((one) =>
    starts.flatMap((other) => {
      const pair = one === other ? one : one + other;
      const run = pair.repeat(Math.ceil(length / pair.length));
      return endings.map((ending) => run.slice(0, length - ending.length) + ending);
    }),
  );
}

/** Runs work that does not wait for anything. Unlike a test's own limit this one also ends work that never returns. */
export function untilDone(work: () => void): void {
  runInNewContext('work()', { work }, { timeout: patience });
}
