/** Redirects the console while the panel is on the screen, so that what libraries print appears above the panel. */
import { Console } from 'node:console';
import { Writable } from 'node:stream';

/**
 * Sends everything that is printed to the console to `write`, with its line breaks. Returns a function that undoes
 * this.
 */
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
