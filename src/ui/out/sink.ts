/**
 * Writes to a stream whose reader may go away (`appdev dev | head`). Then only the output ends, because the session still
 * has to clean up. Never throws.
 */

/** An output that drops what it cannot write. */
export interface Sink {
  write(text: string): void;
  /** Resolves when everything is written, or can no longer be written. */
  close(): Promise<void>;
}

/**
 * Makes a sink for a stream. It listens for the stream's errors and never stops listening.
 *
 * @param onGone called once if the reader has gone away
 */
export function createSink(stream: NodeJS.WritableStream, onGone: () => void = () => undefined): Sink {
  let gone = false;
  const onError = (): void => {
    if (gone) return;
    gone = true;
    onGone();
  };
  stream.on('error', onError);
  return {
    write(text) {
      if (!gone && stream.writable) stream.write(text);
    },
    async close() {
      if (!gone && stream.writable) {
        // The callback of an empty write comes after all earlier writes, with an error if one failed.
        await new Promise<void>((resolve) => stream.write('', () => resolve()));
      }
      // The listener stays, because an error that comes late must not become an uncaught exception.
    },
  };
}
