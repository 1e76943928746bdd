/**
 * Tells the loop when the API server stops and starts to answer. It uses one watch, which costs nothing while it works.
 */
import type { OpenCluster } from '../../cluster/api/client.ts';
import { leaseName } from '../../cluster/hold/lock.ts';
import { queryFor } from '../../cluster/types.ts';
import type { UserMessage } from '../../loop/decide/messages.ts';

/**
 * Watches the connection until the returned function is called. An API server that answers with an error still answers. A
 * user without the right to watch Leases, or with expired credentials, learns that from the work that fails.
 *
 * @param lease project and namespace of a lock that this session holds
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
    // The session's own lock is a single object that exists and that the session can most likely watch.
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
