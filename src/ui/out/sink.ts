/**
 * Writing to a stream whose reader may go away (`appdev dev | head`): that ends the output, not the session, which
 * still has to clean up. Never throws.
 */

/** An output that forgets what cannot be written. */
export interface Sink {
  write(text: string): void;
  /** Resolves when everything has been handed to the system, or cannot be any more. */
  close(): Promise<void>;
}

/** Makes a sink; it watches the stream's errors for as long as there is a stream. */
export function createSink(stream: NodeJS.WritableStream): Sink {
  let gone = false;
  const onError = (): void => {
    gone = true;
  };
  stream.on('error', onError);
  return {
    write(text) {
      if (!gone && stream.writable) stream.write(text);
    },
    async close() {
      if (!gone && stream.writable) {
        // An empty write is a barrier: its callback comes after all writes before it, and with an error if one failed.
        await new Promise<void>((resolve) => stream.write('', () => resolve()));
      }
      // A write that fails late must not become an uncaught exception, so the listener stays.
    },
  };
}
