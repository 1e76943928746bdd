/**
 * Whether standard output took what was written. A command that decides something must not end with 0 if its answer is
 * lost. So every error of the stream is kept, and the end of the program asks for it.
 */
import { fstatSync, writeSync } from 'node:fs';
import type { AppdevError } from '../core/errors.ts';
import { diskFull, isDiskFull } from '../support/files/disk-full.ts';
import { unexpectedError } from './fail.ts';

/** What is known of standard output at the end. */
export interface StandardOutput {
  /**
   * Waits until everything is written, or can no longer be. Returns the failure: DISK_FULL, or INTERNAL for an error that
   * nothing expects. Undefined if all went well, or if the reader went away: `head` closes the pipe when it has enough.
   */
  failure(): Promise<AppdevError | undefined>;
}

type Stream = NodeJS.WriteStream & { readonly fd: number };

/**
 * Follows the errors of standard output, from now to the end of the program. Errors of `stderr` change nothing: what was
 * said there is for people, and there is no other place to say it.
 */
export function followOutput(stdout: Stream, stderr: Pick<Stream, 'on'>): StandardOutput {
  let error: NodeJS.ErrnoException | undefined;
  stdout.on('error', (found: NodeJS.ErrnoException) => (error ??= found));
  stderr.on('error', () => undefined);
  if (isFile(stdout.fd)) writeWhole(stdout);
  return {
    async failure() {
      // The callback of an empty write comes after all earlier writes.
      await new Promise<void>((resolve) => stdout.write('', () => resolve()));
      if (error === undefined || error.code === 'EPIPE') return undefined;
      if (!isDiskFull(error)) return await unexpectedError(error);
      const free = 'make room there, or send the output to another disk';
      const full = await diskFull('writing it', [{ path: 'standard output', free }]);
      return full.kind === 'failed' ? full.error : undefined;
    },
  };
}

/** Node writes to a file once and takes a short write for a whole one, so the end of an output is lost unnoticed. */
function writeWhole(stdout: Stream): void {
  stdout._write = (chunk: Buffer | string, encoding, done) => {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk;
    try {
      for (let from = 0; from < bytes.length;) from += writeSync(stdout.fd, bytes, from);
    } catch (error) {
      done(error as Error);
      return;
    }
    done();
  };
}

function isFile(fd: number): boolean {
  try {
    return fstatSync(fd).isFile();
  } catch {
    // It is closed. The first write says so.
    return false;
  }
}
