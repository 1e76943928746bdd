/**
 * What files look like from outside, so that a later look tells which of them were written in between. Opens none of
 * them.
 */
import { readdirSync, statSync, type BigIntStats } from 'node:fs';
import { join } from 'node:path';

/** Absolute path of a file → a text that differs whenever the file was written or replaced. */
export type FilePicture = ReadonlyMap<string, string>;

/**
 * File systems' clocks tick every few milliseconds, and a file may change twice within one tick. So a file that changed
 * less than this long before a picture looks different in the next one, in milliseconds.
 */
const tickMs = 20n;

let looks = 0;

/** Takes a picture of files and of all files in folders. Follows links. Leaves out what does not exist. */
export function takePicture(paths: readonly string[]): FilePicture {
  return look(paths, new Set(), signature);
}

/** A picture of sources, which people may edit at any moment. Leaves out the folders in `without`. */
export function takeInputPicture(paths: readonly string[], without: ReadonlySet<string>): FilePicture {
  looks += 1;
  const youngest = BigInt(Date.now()) - tickMs;
  return look(paths, without, (stat) =>
    stat.ctimeMs >= youngest ? `${signature(stat)} ${looks}` : signature(stat),
  );
}

/** The files that are new, gone or rewritten between two pictures. */
export function changesBetween(before: FilePicture, after: FilePicture): string[] {
  const gone = [...before.keys()].filter((path) => !after.has(path));
  return [...gone, ...[...after].filter(([path, seen]) => before.get(path) !== seen).map(([path]) => path)];
}

function look(
  paths: readonly string[],
  without: ReadonlySet<string>,
  describe: (stat: BigIntStats) => string,
): FilePicture {
  const picture = new Map<string, string>();
  const visited = new Set<string>();
  const visit = (path: string): void => {
    if (without.has(path)) return;
    const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
    if (stat === undefined) return;
    if (!stat.isDirectory()) {
      picture.set(path, describe(stat));
      return;
    }
    // A link may lead back to a folder above it.
    const folder = `${stat.dev} ${stat.ino}`;
    if (visited.has(folder)) return;
    visited.add(folder);
    for (const name of namesIn(path)) visit(join(path, name));
  };
  for (const path of paths) visit(path);
  return picture;
}

/** A file that is rewritten gets another inode or other times. The size helps with coarse clocks. */
function signature({ ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return `${ino} ${size} ${mtimeNs} ${ctimeNs}`;
}

/** The names in a folder; empty if it does not exist or cannot be read. */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
