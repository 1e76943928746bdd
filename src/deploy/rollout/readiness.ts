/**
 * When a workload counts as ready: its controller has seen the change, all pods of the newest revision exist and are
 * available, and no older pod serves any more. The rules are those of `kubectl rollout status`. The pods themselves
 * have to agree, because the controllers' counts arrive later than the pods they count. Pure.
 */
import { isReady } from '../objects/kinds.ts';
import type { KubeObject } from '../../cluster/types.ts';
import type { PodSummary } from '../../core/events.ts';
import { count } from '../../core/words.ts';
import { fieldAt, listAt, numberAt, stringAt } from '../../support/fields.ts';
import type { PodsByRevision } from './newest.ts';

/** How many pods a workload wants. */
export function desiredPods(workload: KubeObject): number {
  if (workload.kind === 'DaemonSet') return numberAt(workload, 'status', 'desiredNumberScheduled') ?? 0;
  if (workload.kind === 'Job') return numberAt(workload, 'spec', 'completions') ?? 1;
  if (workload.kind === 'Pod') return 1;
  return numberAt(workload, 'spec', 'replicas') ?? 1;
}

/** What a workload is still waiting for, as a phrase; undefined if it is ready. */
export function missingToReady(
  workload: KubeObject,
  { newest, creator }: PodsByRevision,
  pods: PodSummary,
): string | undefined {
  const reported = (field: string): number => numberAt(workload, 'status', field) ?? 0;
  const desired = desiredPods(workload);
  const waiting = `${count(desired, 'pod')} to be ready (${pods.ready} ${pods.ready === 1 ? 'is' : 'are'})`;
  switch (workload.kind) {
    case 'Deployment': {
      if (creator === undefined && desired > 0) return 'its ReplicaSet to be created';
      const available = numberAt(creator, 'status', 'availableReplicas') ?? 0;
      if (reported('updatedReplicas') < desired || Math.min(available, pods.ready) < desired) return waiting;
      // A pod that was told to stop no longer counts here, so this does not wait for graceful ends.
      const older = reported('replicas') > reported('updatedReplicas');
      return older ? 'the pods of the older version to be told to stop' : undefined;
    }
    case 'StatefulSet': {
      const partition = numberAt(workload, 'spec', 'updateStrategy', 'rollingUpdate', 'partition') ?? 0;
      const updated = updatesByHand(workload) ? 0 : Math.max(0, desired - partition);
      const counted = reported('updatedReplicas') >= updated && reported('availableReplicas') >= desired;
      return counted && newest.filter(isReady).length >= updated ? undefined : waiting;
    }
    case 'DaemonSet': {
      const updated =
        updatesByHand(workload) || Math.min(reported('updatedNumberScheduled'), pods.ready) >= desired;
      return updated && reported('numberAvailable') >= desired ? undefined : waiting;
    }
    case 'Job':
      return condition(workload, 'Complete') === undefined ? 'the job to complete' : undefined;
    default:
      return isReady(workload) || stringAt(workload, 'status', 'phase') === 'Succeeded' ? undefined : waiting;
  }
}

/** True for `OnDelete`: the new revision comes only when someone deletes a pod, so no pod needs to run it. */
function updatesByHand(workload: KubeObject): boolean {
  return stringAt(workload, 'spec', 'updateStrategy', 'type') === 'OnDelete';
}

/**
 * When the youngest container without a readiness probe started (ISO 8601). Undefined if all have a probe, and for
 * kinds whose pods may end.
 */
export function unprobedSince(workload: KubeObject, pods: readonly KubeObject[]): string | undefined {
  if (workload.kind === 'Job' || workload.kind === 'Pod') return undefined;
  const starts = pods.flatMap((pod) =>
    listAt(pod, 'spec', 'containers').flatMap((container) => {
      if (fieldAt(container, 'readinessProbe') !== undefined) return [];
      const name = stringAt(container, 'name');
      const status = listAt(pod, 'status', 'containerStatuses').find((one) => stringAt(one, 'name') === name);
      return stringAt(status, 'state', 'running', 'startedAt') ?? [];
    }),
  );
  return starts.sort().at(-1);
}

/** A condition of an object, if it has this status. */
export function condition(
  object: KubeObject,
  type: string,
  status = 'True',
): { readonly reason: string | undefined; readonly message: string | undefined } | undefined {
  const found = listAt(object, 'status', 'conditions').find(
    (one) => stringAt(one, 'type') === type && stringAt(one, 'status') === status,
  );
  return found === undefined
    ? undefined
    : { reason: stringAt(found, 'reason'), message: stringAt(found, 'message') };
}
