/**
 * The state of a set of files at one time: stat and content hash of each, what differs between two such states, and one
 * hash over a state that depends on names, content and the exec bit alone. Content is read only where the stat does not
 * vouch for it. The truth of the loop: events only say when to take the next snapshot.
 */
import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';

/** One file. */
export interface Entry {
  readonly size: number;
  /** Milliseconds since the epoch, with a fraction: fine to a quarter of a microsecond. */
  readonly mtimeMs: number;
  readonly ctimeMs: number;
  readonly inode: number;
  readonly executable: boolean;
  /** sha256 of the content, hex; `unreadableHash` when it may not be read. */
  readonly hash: string;
  /** The stat may not tell a later write from the one seen: read the content again at the next look. */
  readonly racy: boolean;
  /** Wall clock of the first look that saw it so, in milliseconds. */
  readonly seenMs: number;
  /** It had content at an earlier look and has none now: an editor may be between truncating and writing. */
  readonly emptied: boolean;
}

/** All files of a set, by absolute path. */
export type Snapshot = ReadonlyMap<string, Entry>;

/** Stands for the content of a file that may not be read. */
export const unreadableHash = 'unreadable';

/** What lies between two snapshots; paths are absolute and sorted. */
export interface SnapshotDiff {
  /** Added, removed, or with other content or exec bit. */
  readonly changed: readonly string[];
  /** Another inode or other times around the same content. */
  readonly rewritten: readonly string[];
}

/**
 * Kernels stamp files by their tick (1 to 10 ms), so a second write of the same size within one tick leaves the same
 * stat. Git calls such entries racy; like git, appdev reads them again.
 */
const tickMs = 20;
/** FAT and some network file systems keep seconds; FAT only even ones. */
const coarseTickMs = 2_000;
/** A file must have been left alone for so long before it is built. */
const quietMs = 20;
/** An emptied file gets longer: editors that truncate and then write are slower than a rename. */
const emptiedMs = 500;
/** Milliseconds after which reading lets keys and processes have a turn. */
const sliceMs = 8;
// Windows has no such flag, and no FIFOs in its folders.
const openFlags = constants.O_RDONLY | ('O_NONBLOCK' in constants ? constants.O_NONBLOCK : 0);
/** Read at once; larger files are hashed in pieces of this size. */
const chunkBytes = 1 << 20;

/**
 * Takes a snapshot of walked files. `known` gives what earlier looks saw. `nowMs` is the wall clock, in milliseconds since
 * the epoch, read before the files were listed.
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

/** What differs. */
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

/** One hash over files by the names given: relative ones, so that it does not depend on where they lie. */
export function hashFiles(files: Iterable<readonly [name: string, entry: Entry]>): string {
  const lines = [...files].map(
    ([name, entry]) => `${name}\0${entry.executable ? 'x' : '-'}\0${entry.hash}\n`,
  );
  const hash = createHash('sha256');
  for (const line of lines.sort()) hash.update(line);
  return hash.digest('hex');
}

/**
 * Milliseconds until all files may be taken as written; 0 when they may. A file counts as written when its time, or else
 * the first look that saw it so, is long enough ago: the latter for files whose time lies in the future, as another
 * machine's clock may have it.
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
  // The same object again where nothing differs, so that a later comparison is one of identity.
  const same = sameAsBefore && before.racy === entry.racy && before.executable === entry.executable;
  return same ? before : entry;
}

/** `undefined` when the file is gone or no regular file any more. */
function hashContent(path: string): string | undefined {
  let file: number;
  try {
    // Without O_NONBLOCK, opening a FIFO that took the file's place since the walk would wait for a writer for ever.
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
      // A regular file gives all that was asked for, until it ends.
      if (read < chunkBytes) return hash.digest('hex');
    }
  } catch {
    return unreadableHash;
  } finally {
    closeSync(file);
  }
}

const buffer = Buffer.allocUnsafe(chunkBytes);
