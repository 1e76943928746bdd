/** Ends the process at once, for the second Ctrl-C. */
import { killAllChildren } from '../support/process/children.ts';
import type { Reporter } from '../ui/out/reporter.ts';

/** Milliseconds to wait for the reporter to stop. Writing to a pipe whose reader is stuck would never finish. */
const stopMs = 500;

/**
 * Kills every child, lets the reporter restore the terminal, and calls `exit`. It calls `exit` even if the reporter
 * cannot write its last lines.
 */
export async function leaveNow(reporter: Pick<Reporter, 'stop'>, exit: () => void): Promise<void> {
  killAllChildren('SIGKILL');
  const late = new Promise<void>((resolve) => {
    setTimeout(resolve, stopMs);
  });
  await Promise.race([reporter.stop(), late]).catch(() => undefined);
  exit();
}
