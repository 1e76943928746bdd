/**
 * Small JSON files that must never be half-written: a temporary file beside it, fsync, rename. A file that cannot be read
 * or understood counts as absent, so that nothing kept in one may be irreplaceable.
 */
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { failed, ok, type Outcome } from '../../core/outcome.ts';
import { diskFull, isDiskFull } from './disk-full.ts';

let count = 0;

/** The value in a state file; undefined when there is none, or when `parse` rejects it by returning undefined. */
export async function readState<T>(
  path: string,
  parse: (value: unknown) => T | undefined,
): Promise<T | undefined> {
  try {
    return parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    return undefined;
  }
}

/** Replaces a state file, or leaves the old one as it was. Fails with DISK_FULL, or INTERNAL for what else a disk may say. */
export async function writeState(path: string, value: unknown): Promise<Outcome<void>> {
  count += 1;
  const temporary = `${path}.${process.pid}-${count}.tmp`;
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
    // Where its folder is no folder there is nothing to remove either.
    await rm(temporary, { force: true }).catch(() => undefined);
    if (isDiskFull(error)) {
      const folder = dirname(path);
      return await diskFull(`writing ${path}`, [
        { path: folder, free: `remove what is not needed below ${folder}` },
      ]);
    }
    return failed('INTERNAL', `cannot write ${path}: ${(error as Error).message}`, {
      hint: `check that ${dirname(path)} can be written`,
    });
  }
}
