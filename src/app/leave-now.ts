/** The end without waiting, for the second Ctrl-C. */
import { killAllChildren } from '../support/process/children.ts';
import type { Reporter } from '../ui/out/reporter.ts';

/** How long the terminal may take to be given back, in milliseconds. A pipe whose reader is stuck takes nothing more. */
const stopMs = 500;

/**
 * Kills every child at once, lets the reporter give the terminal back, and calls `exit`: also when the reporter cannot
 * write what it still has.
 */
export async function leaveNow(reporter: Pick<Reporter, 'stop'>, exit: () => void): Promise<void> {
  killAllChildren('SIGKILL');
  const late = new Promise<void>((resolve) => {
    setTimeout(resolve, stopMs);
  });
  await Promise.race([reporter.stop(), late]).catch(() => undefined);
  exit();
}
