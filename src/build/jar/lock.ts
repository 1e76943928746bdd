/** Allows one build of a project at a time on this machine, in this process or any other. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Outcome } from '../../core/outcome.ts';
import { userTempFolder } from '../../support/folders.ts';
import { describeLockHolder, waitForLock } from '../../support/files/lockfile.ts';

/**
 * Does work when nobody else builds there any more. Nobody else begins before it ends. Ends as cancelled if `signal`
 * aborts while it waits.
 *
 * @param tool which build tool: builds by different tools write to different folders.
 * @param top absolute folder of the build.
 * @param note called with a message for the user if there is someone to wait for.
 */
export async function whileLocked<T>(
  tool: 'maven' | 'gradle',
  top: string,
  signal: AbortSignal,
  note: (line: string) => void,
  work: () => Promise<Outcome<T>>,
): Promise<Outcome<T>> {
  const name = `${tool}-${createHash('sha256').update(top).digest('hex').slice(0, 16)}`;
  const path = join(userTempFolder(), 'locks', name);
  const lock = await waitForLock(path, `building ${top}`, signal, (by) => {
    note(`waiting for another build of ${top} (${describeLockHolder(by, path)})`);
  });
  if (lock.kind !== 'ok') return lock;
  try {
    return await work();
  } finally {
    await lock.value.release();
  }
}
