/** Ctrl-Z: gives the terminal back to the shell, stops, and takes it again on `fg`. Not on Windows. */
import type { Screen } from './screen.ts';

/** What suspending needs. */
export interface SuspendOptions {
  readonly stdin: NodeJS.ReadStream;
  readonly screen: Screen;
  /** Called when the process runs again and has the keyboard back. */
  readonly onResumed: () => void;
}

/**
 * Stops the process's whole group, as the terminal itself would have done: a shell in front of us (npm, a wrapper
 * script) must stop too, or the prompt does not come back. Builds run in groups of their own and go on.
 */
export function suspend(options: SuspendOptions): void {
  const { stdin, screen, onResumed } = options;
  screen.leave();
  stdin.setRawMode(false);
  process.kill(0, 'SIGTSTP');
  // Node runs on from here only after SIGCONT (or at once where no shell could continue us and the stop is void).
  setImmediate(() => {
    stdin.setRawMode(true);
    onResumed();
  });
}
