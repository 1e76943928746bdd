/**
 * Changes a release from "goes with the session" to "stays" if there is nothing to deploy. A deploy does this by its
 * own labels.
 */
import type { Cluster } from '../../cluster/types.ts';
import { ok, type Outcome } from '../../core/outcome.ts';
import { lifetimeLabel } from '../../core/labels.ts';
import { lifetimeIn, nextLifetime, type Lifetime } from '../objects/lifetime.ts';
import { fieldManager } from '../objects/ownership.ts';
import type { Revision } from '../record/release.ts';

/** Updates the label on the record of the last revision. Helm keeps the label and copies it to later revisions. */
export async function updateLifetime(
  { secret, labels }: Revision,
  asked: Lifetime,
  namespace: string,
  cluster: Cluster,
  signal: AbortSignal,
): Promise<Outcome<unknown>> {
  const before = lifetimeIn(labels);
  const next = nextLifetime(asked, before);
  if (next === before) return ok(undefined);
  const metadata = { name: secret, namespace, labels: { [lifetimeLabel]: next } };
  return await cluster.apply(
    { apiVersion: 'v1', kind: 'Secret', metadata },
    { fieldManager, force: true },
    signal,
  );
}
