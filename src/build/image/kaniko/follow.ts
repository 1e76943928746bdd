/** Keeps the state of a build's pod up to date while the build waits for it. */
import { queryFor, type Cluster, type ObjectRef } from '../../../cluster/types.ts';
import { onAbort } from '../../../support/abort.ts';
import { podState, type PodState } from './state.ts';

/** The pod's state, kept up to date. */
export interface PodStates {
  latest(): PodState | undefined;
  /** Resolves at the first state for which `accept` returns a value; undefined if the signal aborts before. */
  until<T>(accept: (state: PodState) => T | undefined, signal: AbortSignal): Promise<T | undefined>;
}

/** Follows a pod until the signal aborts. */
export function followPod(cluster: Pick<Cluster, 'follow'>, ref: ObjectRef, signal: AbortSignal): PodStates {
  const listeners = new Set<() => void>();
  let state: PodState | undefined;
  cluster.follow(
    queryFor(ref),
    {
      onSnapshot: ([pod]) => {
        // The last state counts: a pod that ended and was then removed by someone has still ended.
        if (state?.kind === 'ended') return;
        const goes = pod?.metadata.deletionTimestamp !== undefined;
        const seen: PodState | undefined = pod === undefined ? undefined : podState(pod);
        state =
          seen === undefined || (goes && seen.kind !== 'ended')
            ? { kind: 'lost', reason: 'Deleted', message: 'someone removed it' }
            : seen;
        for (const listener of listeners) listener();
      },
    },
    signal,
  );
  return {
    latest: () => state,
    async until(accept, own) {
      let stopWaiting = (): void => undefined;
      return await new Promise((resolve) => {
        const look = (): void => {
          const found = state === undefined ? undefined : accept(state);
          if (found === undefined && !own.aborted) return;
          listeners.delete(look);
          stopWaiting();
          resolve(found);
        };
        listeners.add(look);
        stopWaiting = onAbort(own, look);
        look();
      });
    },
  };
}
