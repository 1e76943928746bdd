/**
 * A log file that never grows beyond its cap, never blocks and never fails the program: lines are queued and written
 * in the background, and when the disk is full they are dropped, which is said once.
 */
import { appendFileSync } from 'node:fs';
import { mkdir, open, rename, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';

/** What a rolling file is made of. */
export interface RollingFileOptions {
  /** Absolute path; the file before it is `path` + `.1`. */
  readonly path: string;
  /** Bytes after which a new file begins; at most twice as much is on disk. */
  readonly maxBytes: number;
  /** Bytes that may wait to be written; what comes beyond that is dropped. */
  readonly maxQueue: number;
  /** Told when writing begins to fail; not again before a write has succeeded. */
  readonly onProblem: (error: NodeJS.ErrnoException) => void;
}

/** The open end of a log. */
export interface RollingFile {
  /** Queues a line, given without its end. */
  append(line: string): void;
  /** Writes what is queued before it returns, if it can: for the exit of the process, which nothing else outlives. */
  writeNow(): void;
  /** Resolves when what was queued is written, or cannot be. */
  close(): Promise<void>;
}

/** Makes a rolling file; folder and file come with the first line. Lines of an earlier session stay. */
export function createRollingFile(options: RollingFileOptions): RollingFile {
  const { path, maxBytes, maxQueue, onProblem } = options;
  let queue: string[] = [];
  let queued = 0;
  let dropped = 0;
  let handle: FileHandle | undefined;
  let size = 0;
  let failing = false;
  let draining: Promise<void> | undefined;

  const take = (): string => {
    if (dropped > 0) queue.push(`… ${dropped} lines dropped: they came faster than the disk takes them\n`);
    const text = queue.join('');
    queue = [];
    queued = 0;
    dropped = 0;
    return text;
  };
  const openFile = async (): Promise<FileHandle> => {
    await mkdir(dirname(path), { recursive: true });
    // 0600: application logs may hold what is nobody else's business.
    const file = await open(path, 'a', 0o600);
    size = (await file.stat()).size;
    return file;
  };
  const closeFile = async (): Promise<void> => {
    const file = handle;
    handle = undefined;
    await file?.close();
  };
  const write = async (text: string): Promise<void> => {
    handle ??= await openFile();
    if (size >= maxBytes) {
      await closeFile();
      await rename(path, `${path}.1`);
      handle = await openFile();
    }
    await handle.appendFile(text);
    size += Buffer.byteLength(text);
  };
  const drain = async (): Promise<void> => {
    while (queue.length > 0) {
      try {
        await write(take());
        failing = false;
      } catch (error) {
        await closeFile().catch(() => undefined);
        if (!failing) onProblem(error as NodeJS.ErrnoException);
        failing = true;
      }
    }
  };

  return {
    append(line) {
      if (queued > maxQueue) {
        dropped += 1;
        return;
      }
      queue.push(`${line}\n`);
      queued += line.length;
      draining ??= drain().finally(() => {
        draining = undefined;
      });
    },
    writeNow() {
      try {
        if (queue.length > 0) appendFileSync(path, take());
      } catch {
        // Nobody is left to tell.
      }
    },
    async close() {
      await draining;
      await closeFile().catch(() => undefined);
    },
  };
}
