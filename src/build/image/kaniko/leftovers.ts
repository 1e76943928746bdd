/**
 * Removes what killed sessions left of their builds in the cluster: pods of this project whose session is certainly
 * dead, and pods of any session that ended long ago. Their Secrets belong to them and go with them. Ignores everything
 * without our label.
 */
import { makerOf, mayHold } from '../../../cluster/hold/holder.ts';
import type { Cluster, KubeObject } from '../../../cluster/types.ts';
import { ok, type Outcome } from '../../../core/outcome.ts';
import { buildLabel } from '../../../core/labels.ts';
import { removeBuild } from './remove.ts';
import { podTiming } from './run.ts';
import { podState } from './state.ts';

/** After how many milliseconds a pod that ended counts as forgotten. A session on another machine cannot be asked. */
const forgottenMs = 60 * 60 * 1000;

/**
 * Removes them, and returns how many pods there were. Waits until each pod is gone, because a dead session's build must
 * not push any more.
 */
export async function removeLeftoverBuilds(
  cluster: Pick<Cluster, 'list' | 'remove' | 'follow'>,
  { namespace, project }: { readonly namespace: string; readonly project: string },
  signal: AbortSignal,
  now: number = Date.now(),
): Promise<Outcome<number>> {
  const pods = { apiVersion: 'v1', kind: 'Pod', namespace };
  const listed = await cluster.list({ ...pods, labelSelector: `${buildLabel}=${project}` }, signal);
  if (listed.kind !== 'ok') return listed;
  const left = listed.value.filter((pod) => isLeft(pod, now));
  await Promise.all(
    left.map(async (pod) => {
      const ended = podState(pod).kind === 'ended';
      await removeBuild(cluster, { ...pods, name: pod.metadata.name }, { ended, goneMs: podTiming.goneMs });
    }),
  );
  return ok(left.length);
}

function isLeft(pod: KubeObject, now: number): boolean {
  if (!mayHold(makerOf(pod))) return true;
  const old = Date.parse(pod.metadata.creationTimestamp ?? '') + forgottenMs < now;
  if (!old) return false;
  return ['ended', 'lost'].includes(podState(pod).kind);
}
