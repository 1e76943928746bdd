/** Reads from the cluster whether what is deployed of a service is there to stay. */
import type { Cluster } from '../../cluster/types.ts';
import type { ServiceConfig } from '../../config/model.ts';
import { ok, type Outcome } from '../../core/outcome.ts';
import { readInventoryRecord } from '../record/inventory.ts';
import { lifetimeIn, type Lifetime } from '../objects/lifetime.ts';
import { isOurRelease } from '../record/release.ts';
import { readRelease } from '../record/release-store.ts';

/** The lifetime; undefined where this project has deployed nothing. */
export async function readLifetime(
  { name, deploy }: ServiceConfig,
  namespace: string,
  project: string,
  cluster: Cluster,
  signal: AbortSignal,
): Promise<Outcome<Lifetime | undefined>> {
  if (deploy.kind === 'helm') {
    const found = await readRelease(deploy.release, namespace, cluster, signal);
    if (found.kind !== 'ok') return found;
    const state = found.value;
    if (state.kind !== 'absent') {
      return ok(isOurRelease(state.last, project) ? lifetimeIn(state.last.labels) : undefined);
    }
    // A chart whose rendered manifests were applied has an inventory, as others have.
  }
  const record = await readInventoryRecord({ owner: { project, service: name }, namespace }, cluster, signal);
  // Of another project's service by the same name: its objects are none of ours.
  if (record.kind === 'failed' && record.error.code === 'OBJECT_FOREIGN') return ok(undefined);
  return record.kind === 'ok' ? ok(record.value.lifetime) : record;
}
