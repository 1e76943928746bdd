/**
 * Recognises a full disk from an exception or from a tool's output, and says which path is full and what to do. It knows
 * the messages of operating systems, not those of single tools.
 */
import { statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname } from 'node:path';
import type { AppdevError } from '../../core/errors.ts';
import { failed, type NotOk, type Outcome } from '../../core/outcome.ts';
import { largeTempRoot } from '../system.ts';

const codes = new Set(['ENOSPC', 'EDQUOT']);
const texts = /No space left on device|Disk quota exceeded|not enough space on the disk/i;

/** True if an exception from Node's file functions says that no space is left. */
export function isDiskFull(error: unknown): boolean {
  return error instanceof Error && codes.has((error as NodeJS.ErrnoException).code ?? '');
}

/** True if a line of a tool's output says that no space is left. */
export function saysDiskFull(line: string): boolean {
  return texts.test(line);
}

/** A folder that may be full, and how to free space there. */
export interface FullFolder {
  readonly path: string;
  /** What to type or to remove, e.g. `buildah rmi --prune`. */
  readonly free: string;
}

/** Additional parts of the failure. */
export interface DiskFullDetails {
  /** The exit code, if it differs from that of DISK_FULL. */
  readonly exit?: number;
  readonly evidence?: readonly string[];
}

/**
 * Makes the failure DISK_FULL. It names the first candidate whose file system is full. If none seems full, it names all:
 * the tool that failed may have removed its half-written files.
 *
 * @param doing what failed, after the word "while": `writing X`
 */
export async function diskFull(
  doing: string,
  candidates: readonly FullFolder[],
  details: DiskFullDetails = {},
): Promise<NotOk> {
  const rooms = await Promise.all(candidates.map(async ({ path }) => await roomAt(path)));
  const full = candidates.filter((_, index) => rooms[index]?.isFull === true);
  const named = full.length > 0 ? full.slice(0, 1) : candidates;
  const room = rooms[candidates.indexOf(named[0] ?? { path: '', free: '' })];
  const left = full.length > 0 && room !== undefined ? ` (${room.freeMiB} MiB left)` : '';
  return failed(
    'DISK_FULL',
    `no space left on the disk of ${named.map(({ path }) => path).join(' or ')}${left} while ${doing}`,
    { hint: `make room: ${named.map(({ free }) => free).join('; or ')}`, ...details },
  );
}

/** A folder for temporary files as a candidate. It may hold files of running programs, so nobody is told to empty it. */
export function fullTemporary(path: string): FullFolder {
  return {
    path,
    free: `remove what you do not need below ${path}, or set TMPDIR to a folder with more room`,
  };
}

/**
 * The failure for an exception that no code expected, if it says that a disk is full. Undefined for any other one.
 * Node only says sometimes which file it was.
 */
export async function unexpectedDiskFull(error: unknown): Promise<AppdevError | undefined> {
  if (!isDiskFull(error)) return undefined;
  const { path } = error as NodeJS.ErrnoException;
  const candidates = [
    ...(path === undefined ? [] : [fullTemporary(dirname(path))]),
    ...[...new Set([tmpdir(), largeTempRoot()])].map(fullTemporary),
    { path: process.cwd(), free: `remove what you do not need below ${process.cwd()}` },
  ];
  const full = await diskFull(path === undefined ? 'writing a file' : `writing ${path}`, candidates);
  return full.kind === 'failed' ? full.error : undefined;
}

/**
 * Runs work that writes files, and turns an exception about a full disk into the failure DISK_FULL. Rethrows all
 * others.
 */
export async function orDiskFull<T>(
  doing: string,
  candidates: readonly FullFolder[],
  details: DiskFullDetails,
  work: () => Promise<Outcome<T>>,
): Promise<Outcome<T>> {
  try {
    return await work();
  } catch (error) {
    if (!isDiskFull(error)) throw error;
    return await diskFull(doing, candidates, details);
  }
}

/** A disk with less free space counts as full, because no tool can write its next file there. */
const fullBelowBytes = 4 * 1024 * 1024;

async function roomAt(path: string): Promise<{ isFull: boolean; freeMiB: number } | undefined> {
  for (let folder = path; ; folder = dirname(folder)) {
    try {
      const { bavail, bsize, ffree, files } = await statfs(folder);
      const free = bavail * bsize;
      return {
        isFull: free < fullBelowBytes || (files > 0 && ffree === 0),
        freeMiB: Math.floor(free / 1024 ** 2),
      };
    } catch {
      // The folder does not exist yet, so its parent decides.
      if (dirname(folder) === folder) return undefined;
    }
  }
}
