/**
 * Small JSON files that are never half-written: a temporary file is written beside it, synced and renamed. Its name is
 * random, because in containers the pid is the same each time, and a killed process leaves its file. Links are not
 * followed: reading one finds nothing, and writing replaces it. A file that cannot be read or parsed counts as absent. So
 * state files must only have data that can be made again.
 */
import { randomUUID } from 'node:crypto';
import { constants, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { failed, ok, type Outcome } from '../../core/outcome.ts';
import { diskFull, isDiskFull } from './disk-full.ts';

/** Reads a state file. Returns undefined if the file is absent or broken, or if `parse` returns undefined. */
export async function readState<T>(
  path: string,
  parse: (value: unknown) => T | undefined,
): Promise<T | undefined> {
  try {
    // The flag is undefined on Windows.
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition
    const flag = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0);
    return parse(JSON.parse(await readFile(path, { encoding: 'utf8', flag })));
  } catch {
    return undefined;
  }
}

/**
 * Replaces a state file with `value` as JSON. If that fails, the old file is unchanged.
 *
 * @returns fails with DISK_FULL, or with INTERNAL for any other error of the file system
 */
export async function writeState(path: string, value: unknown): Promise<Outcome<void>> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(`${JSON.stringify(value, null, 2)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    return ok(undefined);
  } catch (error) {
    // This fails if the parent is not a folder; then there is nothing to remove.
    await rm(temporary, { force: true }).catch(() => undefined);
    if (isDiskFull(error)) {
      const folder = dirname(path);
      return await diskFull(`writing ${path}`, [
        { path: folder, free: `remove what you do not need below ${folder}` },
      ]);
    }
    return failed('INTERNAL', `cannot write ${path}: ${(error as Error).message}`, {
      hint: `check that you may write to ${dirname(path)}`,
    });
  }
}
