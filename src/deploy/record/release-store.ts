/** Reads what a release is doing, through the cluster's API: faster than `helm status`, and with the records' labels. */
import type { Cluster } from '../../cluster/types.ts';
import { failed, ok, type Outcome } from '../../core/outcome.ts';
import { readRevision, recordsOf, releaseState, type ReleaseState, type Revision } from './release.ts';

/** The state of a release. */
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
          hint: `helm history ${release} -n ${namespace} shows whether helm can; is it of a newer Helm?`,
        },
      );
    }
    revisions.push(revision);
  }
  return ok(releaseState(revisions));
}
