/** A stand-in for standard output that remembers what was written, and whose reader can go away. */
import { Writable } from 'node:stream';

export class FakeOutput extends Writable {
  text = '';
  #gone = false;

  /** From now on each write fails as into a closed pipe. */
  goAway(): void {
    this.#gone = true;
  }

  /** What was written, line by line. */
  lines(): string[] {
    return this.text === '' ? [] : this.text.replace(/\n$/, '').split('\n');
  }

  override _write(chunk: Buffer | string, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    if (this.#gone) {
      done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
      return;
    }
    this.text += chunk.toString();
    done();
  }
}
