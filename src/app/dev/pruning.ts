/**
 * Removes older images during `dev`, so that a long session does not fill the disk. It starts after the first run and
 * again after every `runsBetween` runs, and it also removes images that a killed session left. It works only while
 * nothing runs, because a run may look for or make the very image that is about to be removed.
 */
import type { EventBody } from '../../core/events.ts';
import type { WorkParts } from '../../loop/work/types.ts';

/** The number of successful runs between two prunings. Each run leaves one image, or two if pods build it. */
export const runsBetween = 20;

/** The pruning of one session. */
export interface Pruning {
  /** Takes each event of the session, to know what runs. */
  seen(event: EventBody): void;
  /** Wraps the parts so that a run stops a running pruning before it looks for or builds an image. */
  guard(parts: WorkParts): WorkParts;
  /** Stops for good. Resolves when nothing is being pruned. */
  stop(): Promise<void>;
}

/**
 * Makes the pruning of a session. Nothing happens before the first run has ended.
 *
 * @param prune removes older images until the signal aborts; it never fails
 */
export function createPruning(prune: (signal: AbortSignal) => Promise<void>): Pruning {
  const running = new Set<number>();
  let runs = runsBetween;
  let stopped = false;
  let current: { readonly stop: AbortController; readonly done: Promise<void> } | undefined;

  function begin(): void {
    const stop = new AbortController();
    const done = prune(stop.signal).then(() => {
      current = undefined;
      // A pruning that was stopped is still due.
      if (!stop.signal.aborted) runs = 0;
    });
    current = { stop, done };
  }

  async function end(): Promise<void> {
    current?.stop.abort();
    await current?.done;
  }

  return {
    seen(event) {
      if (event.type === 'run.started') {
        running.add(event.run);
        // A run should not have to share the disk with a pruning.
        current?.stop.abort();
      }
      if (event.type !== 'run.finished') return;
      running.delete(event.run);
      if (event.outcome === 'ok') runs += 1;
      if (!stopped && running.size === 0 && current === undefined && runs >= runsBetween) begin();
    },
    guard: (parts) => ({
      ...parts,
      imageBuilder: {
        async build(request, context) {
          await end();
          return await parts.imageBuilder.build(request, context);
        },
      },
      manifests: {
        async has(artifact, signal) {
          await end();
          return await parts.manifests.has(artifact, signal);
        },
      },
    }),
    async stop() {
      stopped = true;
      await end();
    },
  };
}
