/**
 * Reads zip archives, that is, jars: the list at their end, and single entries. Supports what jars use: stored and
 * deflated entries, and ZIP64. An archive that is cut off or inconsistent is an error, never a shorter list.
 */
import { createHash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { promisify } from 'node:util';
import { crc32, inflateRaw } from 'node:zlib';

/** One entry. */
export interface ZipEntry {
  /** Path with `/`. The name of a folder ends with one. */
  readonly name: string;
  /** Unpacked size in bytes. */
  readonly size: number;
  readonly crc: number;
  readonly compressedSize: number;
  readonly method: number;
  /** Where its local header begins. */
  readonly offset: number;
}

/** Why an archive cannot be read. */
export class ZipError extends Error {}

const inflate = promisify(inflateRaw);
const endSize = 22;
const maxComment = 65_535;
const locatorSize = 20;
const end64Size = 56;

/** An open archive. */
export class ZipFile {
  readonly path: string;
  /** The entries, in the order of the archive's own list. */
  readonly entries: readonly ZipEntry[];
  readonly #file: FileHandle;

  private constructor(path: string, file: FileHandle, entries: readonly ZipEntry[]) {
    this.path = path;
    this.#file = file;
    this.entries = entries;
  }

  /** Opens an archive. The caller closes it. @throws ZipError, or the file system's error. */
  static async open(path: string): Promise<ZipFile> {
    const file = await open(path, 'r');
    try {
      return new ZipFile(path, file, await readEntries(path, file));
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** The entry of that name. */
  find(name: string): ZipEntry | undefined {
    return this.entries.find((entry) => entry.name === name);
  }

  /** The bytes of an entry, checked against its checksum. @throws ZipError */
  async read(entry: ZipEntry): Promise<Buffer> {
    const start = await this.#startOf(entry);
    const packed = await readAt(this.#file, start, entry.compressedSize);
    const bytes = entry.method === 0 ? packed : await this.#inflate(entry, packed);
    if (bytes.length !== entry.size || crc32(bytes) !== entry.crc) {
      throw new ZipError(`${this.path}: ${entry.name} does not match its checksum`);
    }
    return bytes;
  }

  /** The text of the entry of that name; undefined if there is none. @throws ZipError */
  async readText(name: string): Promise<string | undefined> {
    const entry = this.find(name);
    return entry === undefined ? undefined : (await this.read(entry)).toString('utf8');
  }

  /** `sha256` over the packed bytes of an entry, hex. Cheaper than unpacking it, and just as good for comparing. */
  async sha256(entry: ZipEntry): Promise<string> {
    const hash = createHash('sha256');
    let at = await this.#startOf(entry);
    const end = at + entry.compressedSize;
    while (at < end) {
      const part = await readAt(this.#file, at, Math.min(1024 * 1024, end - at));
      hash.update(part);
      at += part.length;
    }
    return hash.digest('hex');
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async #startOf(entry: ZipEntry): Promise<number> {
    const header = await readAt(this.#file, entry.offset, 30);
    if (header.readUInt32LE(0) !== 0x04034b50)
      throw new ZipError(`${this.path}: ${entry.name} has no header`);
    // Name and extra field of the local header may be longer than those in the list.
    return entry.offset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
  }

  async #inflate(entry: ZipEntry, packed: Buffer): Promise<Buffer> {
    if (entry.method !== 8)
      throw new ZipError(
        `${this.path}: ${entry.name} uses compression method ${entry.method}, which is not supported`,
      );
    try {
      return await inflate(packed, { maxOutputLength: Math.max(1, entry.size) });
    } catch (error) {
      throw new ZipError(`${this.path}: ${entry.name} cannot be unpacked: ${(error as Error).message}`);
    }
  }
}

async function readEntries(path: string, file: FileHandle): Promise<ZipEntry[]> {
  const { size } = await file.stat();
  const { at, count, listSize, listOffset } = await readEnd(path, file, size);
  const listStart = at - listSize;
  // A shell script may come before the archive (Boot's "executable" jars): then all positions are relative to its end.
  const shift = listStart - listOffset;
  if (shift < 0) throw new ZipError(`${path} is damaged: its list of entries is not where it should be`);
  const list = await readAt(file, listStart, listSize);
  const entries: ZipEntry[] = [];
  for (let position = 0; entries.length < count;) {
    if (position + 46 > list.length || list.readUInt32LE(position) !== 0x02014b50) {
      throw new ZipError(`${path} is damaged: its list holds ${entries.length} of ${count} entries`);
    }
    const nameEnd = position + 46 + list.readUInt16LE(position + 28);
    const next = nameEnd + list.readUInt16LE(position + 30) + list.readUInt16LE(position + 32);
    if (next > list.length) throw new ZipError(`${path} is damaged: its list ends within an entry`);
    const entry = {
      name: list.toString('utf8', position + 46, nameEnd),
      size: list.readUInt32LE(position + 24),
      crc: list.readUInt32LE(position + 16),
      compressedSize: list.readUInt32LE(position + 20),
      method: list.readUInt16LE(position + 10),
      offset: list.readUInt32LE(position + 42) + shift,
    };
    if (entry.offset + entry.compressedSize > size)
      throw new ZipError(`${path} is cut off within ${entry.name}`);
    entries.push(entry);
    position = next;
  }
  return entries;
}

/** Where the list of entries ends, and what the end record says about it. */
interface End {
  readonly at: number;
  readonly count: number;
  readonly listSize: number;
  readonly listOffset: number;
}

async function readEnd(path: string, file: FileHandle, size: number): Promise<End> {
  const tailSize = Math.min(size, endSize + maxComment + locatorSize);
  const tailStart = size - tailSize;
  const tail = await readAt(file, tailStart, tailSize);
  let end = tail.length - endSize;
  // The comment after the record states its length. A cut-off comment does not match it.
  while (
    end >= 0 &&
    !(tail.readUInt32LE(end) === 0x06054b50 && tail.readUInt16LE(end + 20) === tail.length - end - endSize)
  ) {
    end -= 1;
  }
  if (end < 0) throw new ZipError(`${path} is not a complete zip archive: it has no end record`);
  const locator = end - locatorSize;
  if (locator >= 0 && tail.readUInt32LE(locator) === 0x07064b50) {
    const at = tailStart + locator - end64Size;
    const record = await readAt(file, at, end64Size);
    if (record.readUInt32LE(0) !== 0x06064b50)
      throw new ZipError(`${path} is damaged: its end record is not where it should be`);
    const number = (position: number): number => Number(record.readBigUInt64LE(position));
    return { at, count: number(32), listSize: number(40), listOffset: number(48) };
  }
  return {
    at: tailStart + end,
    count: tail.readUInt16LE(end + 10),
    listSize: tail.readUInt32LE(end + 12),
    listOffset: tail.readUInt32LE(end + 16),
  };
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await file.read(buffer, done, length - done, position + done);
    if (bytesRead === 0) throw new ZipError('the archive ends too early');
    done += bytesRead;
  }
  return buffer;
}
