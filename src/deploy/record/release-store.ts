/**
 * Reads the state of a release through the cluster's API. That is faster than `helm status`, and gives the records'
 * labels.
 */
import type { Cluster } from '../../cluster/types.ts';
import { failed, ok, type Outcome } from '../../core/outcome.ts';
import { readRevision, recordsOf, releaseState, type ReleaseState, type Revision } from './release.ts';

/** Reads the state of a release from its records. Fails if a record cannot be read. */
export async function readRelease(
  release: string,
  namespace: string,
  cluster: Cluster,
  signal: AbortSignal,
): Promise<Outcome<ReleaseState>> {
  const query = { apiVersion: 'v1', kind: 'Secret', namespace, labelSelector: recordsOf(release) };
  const secrets = await cluster.list(query, signal);
  if (secrets.kind !== 'ok') return secrets;
  const revisions: Revision[] = [];
  for (const secret of secrets.value) {
    const revision = readRevision(secret);
    if (revision === undefined) {
      return failed(
        'DEPLOY_FAILED',
        `the release record Secret/${secret.metadata.name} in ${namespace} cannot be read`,
        {
          hint: `run helm history ${release} -n ${namespace} to see whether helm can read it; a newer Helm may have written it`,
        },
      );
    }
    revisions.push(revision);
  }
  return ok(releaseState(revisions));
}
