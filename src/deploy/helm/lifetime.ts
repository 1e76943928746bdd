/** Makes a release stay that a session brought, where there is nothing to deploy: a deploy says so by its own labels. */
import type { Cluster } from '../../cluster/types.ts';
import { ok, type Outcome } from '../../core/outcome.ts';
import { lifetimeLabel } from '../../core/labels.ts';
import { lifetimeIn, nextLifetime, type Lifetime } from '../objects/lifetime.ts';
import { fieldManager } from '../objects/ownership.ts';
import type { Revision } from '../record/release.ts';

/** Brings the label of the last revision's record up to date. Helm keeps it, and hands it on to later revisions. */
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
