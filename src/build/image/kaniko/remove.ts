/** Removes what a build made in the cluster. */
import { queryFor, type Cluster, type ObjectRef } from '../../../cluster/types.ts';
import type { Outcome } from '../../../core/outcome.ts';
import { onAbort } from '../../../support/abort.ts';

/**
 * Removes a build's pod. Resolves when it is gone from the cluster, because then its container is dead. A pod that has
 * `ended` needs no time to stop and is removed at once. Never fails: what stays is collected later.
 */
export async function removeBuild(
  cluster: Pick<Cluster, 'remove' | 'follow'>,
  ref: ObjectRef,
  { ended, goneMs }: { readonly ended: boolean; readonly goneMs: number },
): Promise<void> {
  const removed = await remove(cluster, ref, goneMs, ended ? { graceSeconds: 0 } : {});
  if (ended) return;
  // If it does not exist or appdev is not allowed to remove it, there is nothing to wait for.
  if (removed.kind === 'ok' && removed.value === 'absent') return;
  if (removed.kind === 'failed' && removed.error.code === 'CLUSTER_DENIED') return;
  const limit = AbortSignal.timeout(goneMs);
  const stop = new AbortController();
  await new Promise<void>((resolve) => {
    onAbort(limit, resolve);
    cluster.follow(queryFor(ref), { onSnapshot: (objects) => objects.length > 0 || resolve() }, stop.signal);
  });
  stop.abort();
}

/** Removes one object of a build. Waits for the answer, but not until the object is gone. */
export async function remove(
  cluster: Pick<Cluster, 'remove'>,
  ref: ObjectRef,
  goneMs: number,
  options: { readonly graceSeconds?: number } = {},
): Promise<Outcome<'deleted' | 'absent'>> {
  return await cluster.remove(ref, options, AbortSignal.timeout(goneMs));
}
