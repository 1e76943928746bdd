/** Ctrl-Z: gives the terminal back to the shell, stops the process, and continues after `fg`. Not on Windows. */
import type { Screen } from './screen.ts';

/** The keyboard and the screen to give back. */
export interface SuspendOptions {
  readonly stdin: NodeJS.ReadStream;
  readonly screen: Screen;
  /** Called when the process runs again and reads the keyboard. */
  readonly onResumed: () => void;
}

/**
 * Stops the whole process group, as the terminal itself would do. A parent such as npm or a wrapper script must stop too,
 * or the prompt does not come back. Builds run in their own process groups and continue.
 */
export function suspend(options: SuspendOptions): void {
  const { stdin, screen, onResumed } = options;
  screen.leave();
  stdin.setRawMode(false);
  process.kill(0, 'SIGTSTP');
  // Node continues here only after SIGCONT, or at once if the stop has no effect because no shell could continue us.
  setImmediate(() => {
    stdin.setRawMode(true);
    onResumed();
  });
}
