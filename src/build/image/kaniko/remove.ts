/** Takes away what a build made in the cluster. */
import { queryFor } from '../../../cluster/ref.ts';
import type { Cluster, ObjectRef } from '../../../cluster/types.ts';
import type { Outcome } from '../../../core/outcome.ts';
import { onAbort } from '../../../support/abort.ts';

/**
 * Removes a build's pod, and resolves when it is gone from the cluster, which is when its container is dead. One that has
 * `ended` needs no time to stop and goes at once. Never fails: what stays is collected later.
 */
export async function removeBuild(
  cluster: Pick<Cluster, 'remove' | 'follow'>,
  ref: ObjectRef,
  { ended, goneMs }: { readonly ended: boolean; readonly goneMs: number },
): Promise<void> {
  const removed = await remove(cluster, ref, goneMs, ended ? { graceSeconds: 0 } : {});
  if (ended) return;
  // Nothing goes that is not there, or that may not be removed.
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

/** Removes one object of a build, and waits no longer than that for the answer. */
export async function remove(
  cluster: Pick<Cluster, 'remove'>,
  ref: ObjectRef,
  goneMs: number,
  options: { readonly graceSeconds?: number } = {},
): Promise<Outcome<'deleted' | 'absent'>> {
  return await cluster.remove(ref, options, AbortSignal.timeout(goneMs));
}
