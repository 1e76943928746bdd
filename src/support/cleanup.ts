/**
 * A list of what must be undone before the session ends, the newest first. If one disposer fails or hangs, the others
 * still run and the process still ends.
 */

/** The result of a clean-up. */
export interface CleanupReport {
  /** Names of the disposers that threw, with their errors. */
  readonly failed: readonly { readonly name: string; readonly error: unknown }[];
  /** Names of the disposers that had not finished at the deadline. They may still be running. */
  readonly unfinished: readonly string[];
}

/** A list of disposers that runs the newest first. */
export interface Cleanup {
  /** Adds a disposer. The returned function removes it, if there is nothing left to undo. */
  add(name: string, dispose: () => Promise<void> | void): () => void;
  /**
   * Runs all disposers one after the other, within `deadlineMs` milliseconds in total. A second call returns the first
   * report.
   */
  run(deadlineMs: number): Promise<CleanupReport>;
}

/** Makes an empty list of disposers. */
export function createCleanup(): Cleanup {
  const entries: { readonly name: string; readonly dispose: () => Promise<void> | void }[] = [];
  let running: Promise<CleanupReport> | undefined;

  async function runAll(deadlineMs: number): Promise<CleanupReport> {
    const failed: { name: string; error: unknown }[] = [];
    const unfinished: string[] = [];
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<'late'>((resolve) => {
      timer = setTimeout(resolve, deadlineMs, 'late');
    });
    let late = false;
    // A disposer that is added while this runs is run too.
    for (let entry = entries.pop(); entry !== undefined; entry = entries.pop()) {
      const { name, dispose } = entry;
      if (late) {
        unfinished.push(name);
        continue;
      }
      const done = (async () => {
        await dispose();
      })().catch((error: unknown) => {
        failed.push({ name, error });
      });
      late = (await Promise.race([done, deadline])) === 'late';
      if (late) unfinished.push(name);
    }
    clearTimeout(timer);
    return { failed, unfinished };
  }

  return {
    add(name, dispose) {
      const entry = { name, dispose };
      entries.push(entry);
      return () => {
        const index = entries.indexOf(entry);
        if (index !== -1) entries.splice(index, 1);
      };
    },
    async run(deadlineMs) {
      return await (running ??= runAll(deadlineMs));
    },
  };
}
