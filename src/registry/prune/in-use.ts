/** Finds the images that a cluster still runs or would run again. Reads only. */
import type { Cluster, ObjectQuery } from '../../cluster/types.ts';
import { ok, type Outcome } from '../../core/outcome.ts';
import { isFields } from '../../support/fields.ts';

/**
 * Kinds that hold needed images: pods, and whatever creates pods. Not ReplicaSets: ten of earlier rollouts are kept for
 * each Deployment, and they would keep every old image. A rollback through appdev builds or finds what it needs.
 */
const holders: readonly ObjectQuery[] = [
  { apiVersion: 'v1', kind: 'Pod' },
  { apiVersion: 'apps/v1', kind: 'Deployment' },
  { apiVersion: 'apps/v1', kind: 'StatefulSet' },
  { apiVersion: 'apps/v1', kind: 'DaemonSet' },
  { apiVersion: 'batch/v1', kind: 'Job' },
  { apiVersion: 'batch/v1', kind: 'CronJob' },
];

/**
 * Every image that some object of the cluster names, in all namespaces: whole references as written, and the digests in
 * them. Pods show the digest they run in `imageID`, even if the reference has only a tag.
 */
export async function imagesInUse(
  cluster: Pick<Cluster, 'list'>,
  signal: AbortSignal,
): Promise<Outcome<ReadonlySet<string>>> {
  const found = new Set<string>();
  for (const query of holders) {
    const objects = await cluster.list(query, signal);
    if (objects.kind !== 'ok') return objects;
    for (const object of objects.value) collect(object, found);
  }
  return ok(found);
}

/** Collects fields called `image` and `imageID` at any depth: init and ephemeral containers, templates, statuses. */
function collect(value: unknown, into: Set<string>): void {
  if (Array.isArray(value)) {
    for (const item of value) collect(item, into);
    return;
  }
  if (!isFields(value)) return;
  for (const [key, inner] of Object.entries(value)) {
    if (typeof inner !== 'string') collect(inner, into);
    else if (key === 'image' || key === 'imageID') {
      into.add(inner);
      const digest = /sha256:[0-9a-f]{64}$/.exec(inner)?.[0];
      if (digest !== undefined) into.add(digest);
    }
  }
}
