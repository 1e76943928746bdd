/** Tells the loop when the API server goes away and comes back, by a watch that costs nothing while all is well. */
import type { OpenCluster } from '../../cluster/api/client.ts';
import { leaseName } from '../../cluster/hold/lock.ts';
import { queryFor } from '../../cluster/ref.ts';
import type { UserMessage } from '../../loop/decide/messages.ts';

/**
 * Follows until the returned function is called. An API server that answers is not away, whatever it says: a user who may
 * not watch Leases, or whose credentials ran out, learns that from the work that fails for it.
 *
 * @param lease project and namespace of a lock that this session holds.
 */
export function followConnection(
  cluster: Pick<OpenCluster, 'follow' | 'identity'>,
  lease: { readonly project: string; readonly namespace: string },
  send: (message: UserMessage) => void,
): () => void {
  const { context } = cluster.identity;
  const regained = (): void => send({ kind: 'cluster-regained', context });
  const stop = new AbortController();
  cluster.follow(
    // The session's own lock: one object, that there is and that it may most likely watch.
    queryFor({
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      namespace: lease.namespace,
      name: leaseName(lease.project),
    }),
    {
      onSnapshot: () => undefined,
      onLost: (reason, code) => {
        if (code === 'CLUSTER_UNREACHABLE') send({ kind: 'cluster-lost', context, reason });
        else regained();
      },
      onRegained: regained,
    },
    stop.signal,
  );
  return () => stop.abort();
}
