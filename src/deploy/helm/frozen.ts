/**
 * Replaces what cannot change: a Job or a Pod of the release whose new version differs where Kubernetes allows no change.
 * Helm would stop at it. It is deleted before the upgrade, which creates what is missing. Plain manifests do the same
 * (deploy/apply/plan.ts).
 */
import { refOf, type Cluster, type KubeObject } from '../../cluster/types.ts';
import { ok, type Outcome } from '../../core/outcome.ts';
import { isOfRelease } from './keep/live.ts';
import { staysInUpgrade } from './keep/keep.ts';
import { isFrozen } from '../objects/frozen.ts';
import { goneLimitMs, waitUntilGone } from '../live/gone.ts';
import { readLive, removeObjects } from '../live/removal.ts';
import { homed, identityOf, isHook } from '../objects/kinds.ts';
import type { ReleaseState } from '../record/release.ts';
import type { Rendered } from '../types.ts';

/**
 * The live objects of the release that an upgrade has to replace. Objects of others and those that the chart keeps
 * (`helm.sh/resource-policy`) are left out; Helm says what is wrong with them.
 */
export async function findFrozen(
  state: ReleaseState,
  { objects, namespace }: Rendered,
  release: string,
  cluster: Cluster,
  signal: AbortSignal,
): Promise<Outcome<readonly KubeObject[]>> {
  if (state.kind === 'absent' || state.kind === 'uninstalling') return ok([]);
  const before = homed([...state.last.objects, ...(state.deployed?.objects ?? [])], namespace);
  const wanted = homed(
    objects.filter((object) => !isHook(object)),
    namespace,
  ).filter((object) =>
    before.some((old) => identityOf(refOf(old)) === identityOf(refOf(object)) && isFrozen(old, object)),
  );
  const live = await readLive(wanted, cluster, signal);
  if (live.kind !== 'ok') return live;
  const found = [...live.value.values()];
  return ok(found.filter((one) => isOfRelease(one, release, namespace) && !staysInUpgrade(one)));
}

/** Deletes those objects and waits until they are gone. The value lists them. */
export async function removeFrozen(
  state: ReleaseState,
  rendered: Rendered,
  release: string,
  cluster: Cluster,
  signal: AbortSignal,
): Promise<Outcome<readonly KubeObject[]>> {
  const found = await findFrozen(state, rendered, release, cluster, signal);
  if (found.kind !== 'ok' || found.value.length === 0) return found;
  const removed = await removeObjects(found.value, cluster, signal);
  if (removed.kind !== 'ok') return removed;
  const pods = found.value.filter(({ kind }) => kind === 'Pod');
  const gone = await waitUntilGone(found.value, cluster, goneLimitMs(pods), signal);
  return gone.kind === 'ok' ? found : gone;
}
