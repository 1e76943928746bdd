/** Allows one build of a project at a time on this machine, in this process or any other. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Outcome } from '../../core/outcome.ts';
import { userTempFolder } from '../../support/files/folders.ts';
import { waitForLock, type Lock } from '../../support/files/lockfile.ts';

/**
 * Waits until nobody else builds there. The value releases the lock.
 *
 * @param tool which build tool: builds by different tools write to different folders.
 * @param top absolute folder of the build.
 * @param note called with a message for the user if there is someone to wait for.
 */
export async function lockBuild(
  tool: 'maven' | 'gradle',
  top: string,
  signal: AbortSignal,
  note: (line: string) => void,
): Promise<Outcome<Lock>> {
  const name = `${tool}-${createHash('sha256').update(top).digest('hex').slice(0, 16)}`;
  return await waitForLock(join(userTempFolder(), 'locks', name), `building ${top}`, signal, ({ pid }) => {
    note(`waiting for another build of ${top} (process ${pid})`);
  });
}
