/**
 * Writes down who deployed a release and how long it stays, if there is nothing to deploy. A deploy does this by its own
 * labels.
 */
import type { Cluster } from '../../cluster/types.ts';
import { ok, type Outcome } from '../../core/outcome.ts';
import { isMarked, lifetimeIn, markLabels, nextLifetime } from '../objects/lifetime.ts';
import { fieldManager } from '../objects/ownership.ts';
import type { Revision } from '../record/release.ts';
import type { DeployTerms } from '../types.ts';

/** Updates the labels on the record of the last revision. Helm keeps them and copies them to later revisions. */
export async function updateLifetime(
  { secret, labels }: Revision,
  terms: Pick<DeployTerms, 'lifetime' | 'maker'>,
  namespace: string,
  cluster: Cluster,
  signal: AbortSignal,
): Promise<Outcome<unknown>> {
  const marks = markLabels(nextLifetime(terms.lifetime, lifetimeIn(labels)), terms.maker);
  if (isMarked(labels, marks)) return ok(undefined);
  const metadata = { name: secret, namespace, labels: marks };
  return await cluster.apply(
    { apiVersion: 'v1', kind: 'Secret', metadata },
    { fieldManager, force: true },
    signal,
  );
}
