/**
 * What has to be undone before the session ends, last thing first. One disposer that fails or hangs does not keep the
 * others from running, nor the process from ending.
 */

/** What became of a clean-up. */
export interface CleanupReport {
  /** Names of the disposers that threw, with what they said. */
  readonly failed: readonly { readonly name: string; readonly error: unknown }[];
  /** Names of those that were not done at the deadline; they may still be running. */
  readonly unfinished: readonly string[];
}

/** A LIFO list of disposers. */
export interface Cleanup {
  /** Adds a disposer; the returned function takes it off again, for what ended by itself. */
  add(name: string, dispose: () => Promise<void> | void): () => void;
  /** Runs them all, one after the other, within `deadlineMs` in total. A second call returns the first one's report. */
  run(deadlineMs: number): Promise<CleanupReport>;
}

/** Makes an empty list. */
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
    // What is added while this runs is undone as well.
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
