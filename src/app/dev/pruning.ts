/**
 * Prunes older images in the course of `dev`, so that a long day does not fill the disk and what a killed session left
 * goes: once after the first run, and again after so many. Only while nothing runs, and never beside a run that looks
 * for an image or makes one, which may be the very image that is about to go.
 */
import type { EventBody } from '../../core/events.ts';
import type { WorkParts } from '../../loop/work/types.ts';

/** Runs that succeed between two prunings: each leaves at most one image. */
export const runsBetween = 20;

/** The pruning of one session. */
export interface Pruning {
  /** To be told of each event: they tell what runs. */
  seen(event: EventBody): void;
  /** The same parts; a run that comes to its image ends a pruning that is under way first. */
  guard(parts: WorkParts): WorkParts;
  /** Ends it; resolves when nothing is pruned any more. */
  stop(): Promise<void>;
}

/**
 * Makes it; nothing happens before the first run has ended.
 *
 * @param prune removes older images until the signal aborts; never fails.
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
      // One that was ended is due still.
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
        // A save should not share the disk with it.
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
