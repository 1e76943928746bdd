/** Tells the loop when the API server goes away and comes back, by a watch that costs nothing while all is well. */
import type { OpenCluster } from '../cluster/client.ts';
import { leaseName } from '../cluster/lock.ts';
import type { UserMessage } from '../loop/messages.ts';

/** Follows until the returned function is called. */
export function followConnection(
  cluster: OpenCluster,
  project: string,
  send: (message: UserMessage) => void,
): () => void {
  const { context, namespace } = cluster.identity;
  const stop = new AbortController();
  cluster.follow(
    // The session's own lock: an object that it may certainly watch.
    {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      namespace,
      fieldSelector: `metadata.name=${leaseName(project)}`,
    },
    {
      onSnapshot: () => undefined,
      onLost: (reason) => send({ kind: 'cluster-lost', context, reason }),
      onRegained: () => send({ kind: 'cluster-regained', context }),
    },
    stop.signal,
  );
  return () => stop.abort();
}
