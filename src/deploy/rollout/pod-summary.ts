/**
 * The newest pods of a service in one line: how many are ready, how often they restarted, and the worst state. Pure.
 */
import { isReady } from '../objects/kinds.ts';
import type { KubeObject } from '../../cluster/types.ts';
import type { PodSummary } from '../../core/events.ts';
import { fieldAt, listAt, numberAt, stringAt } from '../../support/fields.ts';

/** The summary of some pods. `desired` is how many there should be. */
export function podSummary(pods: readonly KubeObject[], desired: number): PodSummary {
  const restarts = pods.reduce((sum, pod) => sum + restartsOf(pod), 0);
  const words = pods.filter((pod) => !isReady(pod)).map(phaseOf);
  const phase = words.find((word) => !calm.has(word)) ?? words[0];
  return {
    // A pod that has ended well has done what it was for: a Job's pod is never Ready.
    ready: pods.filter((pod) => isReady(pod) || stringAt(pod, 'status', 'phase') === 'Succeeded').length,
    desired,
    restarts,
    phase: phase ?? (pods.length === 0 ? (desired === 0 ? 'None' : 'Pending') : 'Running'),
  };
}

/** The sum of the summaries of several workloads. */
export function sumOf(summaries: readonly PodSummary[]): PodSummary {
  const add = (field: 'ready' | 'desired' | 'restarts'): number =>
    summaries.reduce((sum, one) => sum + one[field], 0);
  const words = summaries.map(({ phase }) => phase);
  const phase = words.find((word) => !calm.has(word)) ?? words.find((word) => word !== 'Running') ?? words[0];
  return { ready: add('ready'), desired: add('desired'), restarts: add('restarts'), phase: phase ?? 'None' };
}

/** States that pass by themselves. Any other state is more important. */
const calm = new Set([
  'Running',
  'Pending',
  'ContainerCreating',
  'PodInitializing',
  'Init',
  'Succeeded',
  'None',
]);

/**
 * What `kubectl get pods` shows as STATUS: the reason of a container that waits or has ended, or else the pod's phase.
 */
function phaseOf(pod: KubeObject): string {
  for (const list of ['initContainerStatuses', 'containerStatuses']) {
    for (const status of listAt(pod, 'status', list)) {
      const ended = fieldAt(status, 'state', 'terminated');
      if (ended !== undefined && numberAt(ended, 'exitCode') === 0) continue;
      const word = stringAt(status, 'state', 'waiting', 'reason') ?? stringAt(ended, 'reason');
      if (word !== undefined) return word;
      if (list === 'initContainerStatuses' && fieldAt(status, 'state', 'running') !== undefined)
        return 'Init';
    }
  }
  const unscheduled = listAt(pod, 'status', 'conditions').find(
    (one) => stringAt(one, 'type') === 'PodScheduled',
  );
  if (stringAt(unscheduled, 'status') === 'False') return stringAt(unscheduled, 'reason') ?? 'Pending';
  return stringAt(pod, 'status', 'reason') ?? stringAt(pod, 'status', 'phase') ?? 'Pending';
}

function restartsOf(pod: KubeObject): number {
  return listAt(pod, 'status', 'containerStatuses').reduce<number>(
    (sum, status) => sum + (numberAt(status, 'restartCount') ?? 0),
    0,
  );
}
