/**
 * The state of a set of files at one time: stat and content hash of each, the difference between two such states, and
 * one hash over a state that depends only on names, content and the exec bit. Reads content only if the stat does not
 * prove that it is unchanged. Snapshots are the truth for the loop; events only say when to take the next one.
 */
import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';

/** One file. */
export interface Entry {
  readonly size: number;
  /** Milliseconds since the epoch with a fraction, accurate to a quarter of a microsecond. */
  readonly mtimeMs: number;
  readonly ctimeMs: number;
  readonly inode: number;
  readonly executable: boolean;
  /** sha256 of the content, hex; `unreadableHash` if it cannot be read. */
  readonly hash: string;
  /** The stat cannot always tell a later write from this one, so the content is read again at the next look. */
  readonly racy: boolean;
  /** Wall clock of the first look that saw this state, in milliseconds. */
  readonly seenMs: number;
  /** It had content at an earlier look and is empty now: an editor may be between truncating and writing. */
  readonly emptied: boolean;
}

/** All files of a set, by absolute path. */
export type Snapshot = ReadonlyMap<string, Entry>;

/** Stands for the content of a file that cannot be read. */
export const unreadableHash = 'unreadable';

/** The difference between two snapshots. Paths are absolute and sorted. */
export interface SnapshotDiff {
  /** Added, removed, or with other content or exec bit. */
  readonly changed: readonly string[];
  /** Another inode or other times, but the same content. */
  readonly rewritten: readonly string[];
}

/**
 * Kernels stamp files by their tick (1 to 10 ms), so a second write of the same size within one tick leaves the same
 * stat. Git calls such entries racy. Like git, appdev reads them again.
 */
const tickMs = 20;
/** FAT and some network file systems store whole seconds; FAT only even ones. */
const coarseTickMs = 2_000;
/** How long a file must have been left alone before it is built, in milliseconds. */
const quietMs = 20;
/**
 * The same for an emptied file. It is longer, because editors that truncate and then write are slower than a rename.
 */
const emptiedMs = 500;
/** Milliseconds after which reading pauses for keys and processes. */
const sliceMs = 8;
// Windows has no such flag, and no FIFOs in its folders.
const openFlags = constants.O_RDONLY | ('O_NONBLOCK' in constants ? constants.O_NONBLOCK : 0);
/** Files up to this size, in bytes, are read at once; larger ones are hashed in pieces of this size. */
const chunkBytes = 1 << 20;

/**
 * Takes a snapshot of listed files. `known` contains what earlier looks saw. `nowMs` is the wall clock, in milliseconds
 * since the epoch, from before the files were listed.
 */
export async function takeSnapshot(
  files: ReadonlyMap<string, Stats>,
  known: Snapshot,
  nowMs: number,
): Promise<Snapshot> {
  const snapshot = new Map<string, Entry>();
  let sliceEnd = performance.now() + sliceMs;
  for (const [path, stat] of files) {
    const before = known.get(path);
    const entry =
      before !== undefined && vouches(before, stat) ? before : readEntry(path, stat, before, nowMs);
    if (entry !== undefined) snapshot.set(path, entry);
    if (performance.now() > sliceEnd) {
      await nextTurn();
      sliceEnd = performance.now() + sliceMs;
    }
  }
  return snapshot;
}

/** The difference between two snapshots. */
export function diffSnapshots(before: Snapshot, after: Snapshot): SnapshotDiff {
  const changed: string[] = [];
  const rewritten: string[] = [];
  for (const [path, entry] of after) {
    const old = before.get(path);
    if (old === entry) continue;
    if (old === undefined || old.hash !== entry.hash || old.executable !== entry.executable)
      changed.push(path);
    else if (!sameStat(old, entry)) rewritten.push(path);
  }
  for (const path of before.keys()) if (!after.has(path)) changed.push(path);
  return { changed: changed.sort(), rewritten: rewritten.sort() };
}

/**
 * One hash over files under the given names. The names are relative, so the hash does not depend on where the files
 * are.
 */
export function hashFiles(files: Iterable<readonly [name: string, entry: Entry]>): string {
  const lines = [...files].map(
    ([name, entry]) => `${name}\0${entry.executable ? 'x' : '-'}\0${entry.hash}\n`,
  );
  const hash = createHash('sha256');
  for (const line of lines.sort()) hash.update(line);
  return hash.digest('hex');
}

/**
 * Milliseconds until all files may be considered completely written; 0 if they are. A file counts as written if its
 * time, or the first look that saw this state, is long enough ago. The latter is for files whose time is in the future,
 * because another machine's clock may differ.
 */
export function settlesInMs(snapshot: Snapshot, nowMs: number): number {
  let wait = 0;
  for (const entry of snapshot.values()) {
    const needed = entry.emptied ? emptiedMs : quietMs;
    const ageMs = nowMs - Math.min(entry.seenMs, Math.max(entry.mtimeMs, entry.ctimeMs));
    if (ageMs < needed) wait = Math.max(wait, needed - Math.max(0, ageMs));
  }
  return Math.ceil(wait);
}

type FileStat = Pick<Entry, 'size' | 'mtimeMs' | 'ctimeMs' | 'inode'>;

function vouches(entry: Entry, stat: Stats): boolean {
  return (
    !entry.racy &&
    entry.mtimeMs === stat.mtimeMs &&
    entry.ctimeMs === stat.ctimeMs &&
    entry.inode === stat.ino &&
    entry.size === stat.size
  );
}

function sameStat(a: FileStat, b: FileStat): boolean {
  return a.mtimeMs === b.mtimeMs && a.ctimeMs === b.ctimeMs && a.inode === b.inode && a.size === b.size;
}

function readEntry(path: string, stat: Stats, before: Entry | undefined, nowMs: number): Entry | undefined {
  const hash = hashContent(path);
  if (hash === undefined) return undefined;
  const { size, mtimeMs, ctimeMs, ino: inode, mode } = stat;
  const wholeSecond = mtimeMs % 1_000 === 0 && ctimeMs % 1_000 === 0;
  const sameAsBefore = before?.hash === hash && sameStat(before, { size, mtimeMs, ctimeMs, inode });
  const entry: Entry = {
    size,
    mtimeMs,
    ctimeMs,
    inode,
    executable: process.platform !== 'win32' && (mode & 0o100) !== 0,
    hash,
    racy: nowMs - Math.max(mtimeMs, ctimeMs) < (wholeSecond ? coarseTickMs : tickMs),
    seenMs: sameAsBefore ? before.seenMs : nowMs,
    emptied: size === 0 && before !== undefined && (before.emptied || before.size > 0),
  };
  // Returns the same object if nothing differs, so that a later comparison is one of identity.
  const same = sameAsBefore && before.racy === entry.racy && before.executable === entry.executable;
  return same ? before : entry;
}

/** The hash; undefined if the file is gone or is no longer a regular file. */
function hashContent(path: string): string | undefined {
  let file: number;
  try {
    // Without O_NONBLOCK, opening a FIFO that replaced the file since the walk would wait for a writer for ever.
    file = openSync(path, openFlags);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    return code === 'EACCES' || code === 'EPERM' ? unreadableHash : undefined;
  }
  try {
    if (!fstatSync(file).isFile()) return undefined;
    const hash = createHash('sha256');
    for (;;) {
      const read = readSync(file, buffer, 0, chunkBytes, null);
      hash.update(buffer.subarray(0, read));
      // A regular file returns everything that was requested, until its end.
      if (read < chunkBytes) return hash.digest('hex');
    }
  } catch {
    return unreadableHash;
  } finally {
    closeSync(file);
  }
}

const buffer = Buffer.allocUnsafe(chunkBytes);
