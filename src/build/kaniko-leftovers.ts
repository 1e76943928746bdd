/**
 * Removes what killed sessions left of their builds in the cluster: pods and Secrets of this project whose session is
 * certainly dead, and, whoever made them, those that ended long ago. Nothing without our label is looked at.
 */
import { mayRun } from '../cluster/holder.ts';
import type { Cluster, KubeObject } from '../cluster/types.ts';
import { ok, type Outcome } from '../outcome.ts';
import { buildLabel, holderAnnotation, placeAnnotation } from './kaniko-pod.ts';
import { podTiming, removeBuild } from './kaniko-run.ts';
import { podState } from './kaniko-state.ts';

/** A session on another machine cannot be asked; what it made and left for so long, in milliseconds, it has forgotten. */
const forgottenMs = 60 * 60 * 1000;

/** Removes them, and returns how many pods there were. A pod is waited for: a dead session's build must not push any more. */
export async function removeLeftoverBuilds(
  cluster: Pick<Cluster, 'list' | 'remove' | 'follow'>,
  { namespace, project }: { readonly namespace: string; readonly project: string },
  signal: AbortSignal,
  now: number = Date.now(),
): Promise<Outcome<number>> {
  let count = 0;
  for (const kind of ['Pod', 'Secret']) {
    const query = { apiVersion: 'v1', kind, namespace, labelSelector: `${buildLabel}=${project}` };
    const listed = await cluster.list(query, signal);
    if (listed.kind !== 'ok') return listed;
    const left = await keepLeft(listed.value, now);
    await Promise.all(
      left.map(async (object) => {
        const ref = { apiVersion: 'v1', kind, namespace, name: object.metadata.name };
        const ended = kind !== 'Pod' || podState(object).kind === 'ended';
        await removeBuild(cluster, ref, { ended, timing: podTiming });
      }),
    );
    if (kind === 'Pod') count = left.length;
  }
  return ok(count);
}

async function keepLeft(objects: readonly KubeObject[], now: number): Promise<readonly KubeObject[]> {
  const left: KubeObject[] = [];
  for (const object of objects) if (await isLeft(object, now)) left.push(object);
  return left;
}

async function isLeft(object: KubeObject, now: number): Promise<boolean> {
  const { annotations, creationTimestamp, ownerReferences } = object.metadata;
  // A Secret with an owner goes with its pod.
  if ((ownerReferences ?? []).length > 0) return false;
  const identity = annotations?.[holderAnnotation] ?? '';
  if (!(await mayRun({ identity, place: annotations?.[placeAnnotation] ?? '' }))) return true;
  const old = Date.parse(creationTimestamp ?? '') + forgottenMs < now;
  if (!old) return false;
  return object.kind !== 'Pod' || ['ended', 'lost'].includes(podState(object).kind);
}
