/** Takes over the console while the panel is on the screen: what libraries print goes above it, not through it. */
import { Console } from 'node:console';
import { Writable } from 'node:stream';

/** From now on, what is printed to the console goes to `write` (with its line ends); returns how to end that. */
export function captureConsole(write: (text: string) => void): () => void {
  const sink = new Writable({
    write(chunk: Buffer | string, _encoding, done) {
      write(chunk.toString());
      done();
    },
  });
  const own = Object.entries(new Console({ stdout: sink, stderr: sink, colorMode: false })).filter(
    ([, member]) => typeof member === 'function',
  );
  const before = { ...console };
  Object.assign(console, Object.fromEntries(own));
  return () => void Object.assign(console, before);
}
