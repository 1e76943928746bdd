/**
 * Packs a build context into a gzipped tar on disk. Equal content gives equal bytes at any place and time: entries by
 * name, one date, no owner. Does not know who reads it. The copy on disk is what gets built, so a file that changes
 * while it is sent cannot end up half old and half new in an image.
 */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, type Stats } from 'node:fs';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { pack, type Pack } from 'tar-stream';
import { codeOf } from '../../../support/fields.ts';

/** What to pack. */
export interface ContextSource {
  /** Absolute path of the folder. */
  readonly root: string;
  /** True for an entry to leave out. A folder that is left out is not looked into. */
  readonly skip: (path: string, folder: boolean) => boolean;
  /**
   * True for a file to include, by its path below the root with slashes. A folder comes with the files that are
   * included below it.
   */
  readonly wants: (name: string) => boolean;
  /** Files that are not part of the context itself, by their path in the tar. */
  readonly extra: ReadonlyMap<string, string>;
}

/** The result of packing. */
export interface ContextTar {
  /** `sha256` over the tar before compression, hex. Equal for equal content. */
  readonly hash: string;
  readonly files: number;
  /** Size of the gzipped tar in bytes. */
  readonly bytes: number;
}

/** A file changed or disappeared while it was packed. */
export class ContextChangedError extends Error {
  readonly path: string;

  constructor(path: string) {
    super(`${path} changed while it was packed`);
    this.path = path;
  }
}

/**
 * The date of every entry. Builds like to make zip files, which know nothing before 1980: zero would make them fail in
 * the middle of someone's RUN.
 */
const date = new Date('1980-01-01T00:00:00Z');

/** Files up to this size, in bytes, are read at once. */
const smallBytes = 1024 * 1024;

interface Entry {
  readonly name: string;
  readonly path: string;
  readonly stat: Stats;
}

/** Writes the tar to `file`. Throws ContextChangedError, or the file system's own error (no space, no permission). */
export async function packContext(source: ContextSource, file: string): Promise<ContextTar> {
  const entries = await list(source, source.root, '');
  const packer = pack();
  const flow = new Flow();
  const hash = createHash('sha256');
  let bytes = 0;
  const hashing = tap((chunk) => {
    hash.update(chunk);
    flow.passed(chunk.length);
  });
  const counting = tap((chunk) => {
    bytes += chunk.length;
  });
  const written = pipeline(
    Readable.from(packer as unknown as AsyncIterable<Buffer>),
    hashing,
    // Level 1, because the tar goes to a cluster nearby, and jars do not shrink any further.
    createGzip({ level: 1 }),
    counting,
    createWriteStream(file, { mode: 0o600 }),
  );
  written.catch((error: unknown) => flow.broke(error));
  const fill = async (): Promise<void> => {
    try {
      for (const [name, text] of source.extra) {
        await addBytes(packer, { name, mode: 0o644 }, Buffer.from(text));
      }
      for (const entry of entries) await add(packer, entry, flow);
      packer.finalize();
    } catch (error) {
      packer.destroy(asError(error));
      throw error;
    }
  };
  const [filled, wrote] = await Promise.allSettled([fill(), written]);
  // An error while writing also ends the filling, and says more.
  const reason: unknown = flow.reason ?? (filled.status === 'rejected' ? filled.reason : undefined);
  if (filled.status === 'rejected' || wrote.status === 'rejected') throw asError(reason);
  const files = entries.filter(({ stat }) => !stat.isDirectory()).length;
  return { hash: hash.digest('hex'), files, bytes };
}

/** If more than this is read but not yet written, in bytes, reading waits. The packer itself accepts everything. */
const windowBytes = 8 * 1024 * 1024;

/** Limits how much is read but not yet written. */
class Flow {
  /** Why writing ended, if it failed for a reason other than the filling. */
  reason: unknown;
  #ahead = 0;
  #wake = (): void => undefined;

  passed(bytes: number): void {
    this.#ahead -= bytes;
    this.#wake();
  }

  broke(error: unknown): void {
    if (!(error instanceof ContextChangedError)) this.reason ??= error;
    this.#wake();
  }

  /** Wait for this before passing `bytes` to the packer. */
  async room(bytes: number): Promise<void> {
    this.#ahead += bytes;
    while (this.#ahead > windowBytes && this.#ahead > bytes && this.reason === undefined) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.reason !== undefined) throw asError(this.reason);
  }
}

function tap(see: (chunk: Buffer) => void): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      see(chunk);
      done(null, chunk);
    },
  });
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

/** Every included entry below a folder, sorted by name, each folder before its contents. */
async function list(source: ContextSource, folder: string, prefix: string): Promise<Entry[]> {
  const found: Entry[] = [];
  for (const child of (await readdir(folder)).sort(byCode)) {
    const path = join(folder, child);
    const name = `${prefix}${child}`;
    const stat = await statOf(path);
    if (stat === undefined || source.skip(path, stat.isDirectory())) continue;
    if (stat.isDirectory()) {
      const below = await list(source, path, `${name}/`);
      if (below.length > 0 || source.wants(name)) found.push({ name, path, stat }, ...below);
    } else if ((stat.isFile() || stat.isSymbolicLink()) && source.wants(name))
      found.push({ name, path, stat });
  }
  return found;
}

async function statOf(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function add(packer: Pack, { name, path, stat }: Entry, flow: Flow): Promise<void> {
  // Windows has no such bits. Docker's tools send everything from there as executable.
  const mode = process.platform === 'win32' ? 0o755 : stat.mode & 0o7777;
  if (stat.isDirectory()) {
    await settled((done) => packer.entry({ ...common, name: `${name}/`, mode, type: 'directory' }, done));
  } else if (stat.isSymbolicLink()) {
    const linkname = await unchanged(path, async () => await readlink(path));
    await settled((done) => packer.entry({ ...common, name, mode: 0o777, type: 'symlink', linkname }, done));
  } else if (stat.size <= smallBytes) {
    const bytes = await unchanged(path, async () => await readFile(path));
    if (bytes.length !== stat.size) throw new ContextChangedError(path);
    await flow.room(bytes.length);
    await addBytes(packer, { name, mode }, bytes);
  } else await addLarge(packer, { name, path, stat }, mode, flow);
}

const common = { mtime: date, uid: 0, gid: 0, uname: '', gname: '' } as const;

async function addBytes(
  packer: Pack,
  { name, mode }: { readonly name: string; readonly mode: number },
  bytes: Buffer,
): Promise<void> {
  await settled((done) =>
    packer.entry({ ...common, name, mode, type: 'file', size: bytes.length }, bytes, done),
  );
}

async function addLarge(packer: Pack, { name, path, stat }: Entry, mode: number, flow: Flow): Promise<void> {
  await unchanged(path, async () => {
    let sent = 0;
    await settled((done) => {
      const sink = packer.entry({ ...common, name, mode, type: 'file', size: stat.size }, done);
      // It receives every error of the packer, including the one that ended it.
      sink.on('error', () => undefined);
      const send = async (): Promise<void> => {
        for await (const chunk of createReadStream(path)) {
          const bytes = chunk as Buffer;
          sent += bytes.length;
          if (sent > stat.size) throw new ContextChangedError(path);
          await flow.room(bytes.length);
          sink.write(bytes);
        }
        if (sent !== stat.size) throw new ContextChangedError(path);
        sink.end(undefined);
      };
      send().catch((error: unknown) => done(asError(error)));
    });
  });
}

/** Runs `read` on one file. If the file is gone, or is something else by now, that counts as a change too. */
async function unchanged<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (['ENOENT', 'EINVAL', 'EISDIR', 'ENOTDIR'].includes(codeOf(error)))
      throw new ContextChangedError(path);
    throw error;
  }
}

async function settled(work: (done: (error?: Error | null) => void) => unknown): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    work((error) => {
      if (error === undefined || error === null) resolve();
      else reject(error);
    });
  });
}

function byCode(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
