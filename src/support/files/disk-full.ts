/**
 * Recognises a full disk, in an exception or in a tool's words, and says which path is full and what to do. Knows the
 * operating system's texts, not the tools'.
 */
import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { failed, type NotOk, type Outcome } from '../../core/outcome.ts';

const codes = new Set(['ENOSPC', 'EDQUOT']);
const texts = /No space left on device|Disk quota exceeded|not enough space on the disk/i;

/** Whether an exception of Node's file functions says that there is no space left. */
export function isDiskFull(error: unknown): boolean {
  return error instanceof Error && codes.has((error as NodeJS.ErrnoException).code ?? '');
}

/** Whether a tool's line says so. */
export function saysDiskFull(line: string): boolean {
  return texts.test(line);
}

/** A folder that may be full, and what may be removed there. */
export interface FullFolder {
  readonly path: string;
  /** What to type or remove, e.g. `buildah rmi --prune`. */
  readonly free: string;
}

/** What else the failure says. */
export interface DiskFullDetails {
  /** Exit code where that of DISK_FULL does not fit. */
  readonly exit?: number;
  readonly evidence?: readonly string[];
}

/**
 * The failure DISK_FULL. It names the first candidate whose file system has no room, and all candidates when each seems to
 * have some (a tool that failed may have removed its half-written files).
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

/** Does work that writes files of ours, and turns an exception that says "no space left" into the failure. */
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

/** Less than this counts as full: enough for no tool to write its next file. */
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
      // Not there yet: its parent decides.
      if (dirname(folder) === folder) return undefined;
    }
  }
}
