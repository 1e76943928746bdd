/**
 * A log file with a maximum size that never blocks the program and never makes it fail. Lines are queued and written in
 * the background. If the disk is full, lines are dropped, and that is reported once.
 */
import { appendFileSync, closeSync, constants, openSync } from 'node:fs';
import { mkdir, open, rename, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Path and limits of a rolling file. */
export interface RollingFileOptions {
  /** Absolute path. The previous file has the same path with `.1` at the end. */
  readonly path: string;
  /** Size in bytes after which a new file begins. At most twice as much is on disk. */
  readonly maxBytes: number;
  /** Number of characters that may wait to be written. Lines beyond that are dropped. */
  readonly maxQueue: number;
  /** Called when a write fails. It is not called again before a write has succeeded. */
  readonly onProblem: (error: NodeJS.ErrnoException) => void;
}

/** A log file that lines can be added to. */
export interface RollingFile {
  /** Queues a line, which has no line break. */
  append(line: string): void;
  /**
   * Writes the queued lines synchronously, if it can. It is for the exit of the process, when nothing else still works.
   */
  writeNow(): void;
  /** Resolves when the queued lines are written, or writing them has failed. */
  close(): Promise<void>;
}

/**
 * Opens for appending, and fails with ELOOP on a link. The file is in a folder of the project, whose builds run programs
 * of others. Windows has no such flag.
 */
const appendNoLink =
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- the flag is undefined on Windows
  constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | (constants.O_NOFOLLOW ?? 0);

/** Application logs may contain private data. */
const fileMode = 0o600;

/** Makes a rolling file. Its folder and file are created with the first line. Lines of earlier sessions are kept. */
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
    if (dropped > 0)
      queue.push(`… ${dropped} lines dropped: they came faster than the disk could write them\n`);
    const text = queue.join('');
    queue = [];
    queued = 0;
    dropped = 0;
    return text;
  };
  const openFile = async (): Promise<FileHandle> => {
    await mkdir(dirname(path), { recursive: true });
    const file = await open(path, appendNoLink, fileMode);
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
        if (queue.length === 0) return;
        const file = openSync(path, appendNoLink, fileMode);
        appendFileSync(file, take());
        closeSync(file);
      } catch {
        // The process is ending, so there is nowhere to report this.
      }
    },
    async close() {
      await draining;
      await closeFile().catch(() => undefined);
    },
  };
}
