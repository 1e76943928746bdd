/**
 * Reads from a build's pod how far it is, and what keeps it from starting. Pure. The caller decides how long to wait.
 */
import type { KubeObject } from '../../../cluster/types.ts';
import { fieldAt, listAt, numberAt, stringAt } from '../../../support/fields.ts';
import { executorContainer } from './pod.ts';

/** What keeps a pod from starting. */
export interface Trouble {
  readonly what: 'unschedulable' | 'image' | 'container';
  /** The cluster's own words. */
  readonly message: string;
  /** True if waiting cannot help. */
  readonly final: boolean;
}

/** How far a build's pod is. */
export type PodState =
  | { readonly kind: 'pending'; readonly trouble?: Trouble }
  | { readonly kind: 'running' }
  /** The container has ended. `message` is what the executor left, or the end of its log. */
  | { readonly kind: 'ended'; readonly exitCode: number; readonly reason: string; readonly message: string }
  /** The pod ended without a result of its container: evicted, over its deadline, or the node is gone. */
  | { readonly kind: 'lost'; readonly reason: string; readonly message: string };

/** Container runtimes' messages after which another try is useless. */
const finalPull =
  /not found|manifest unknown|denied|unauthorized|forbidden|no such host|invalid reference|InvalidImageName/i;

/** The state of an existing pod, taken from its executor's container. */
export function podState(pod: KubeObject): PodState {
  // By name, because a mesh may have put a container of its own beside it or before it.
  const container = listAt(pod, 'status', 'containerStatuses').find(
    (one) => stringAt(one, 'name') === executorContainer,
  );
  const ended = fieldAt(container, 'state', 'terminated');
  const phase = stringAt(pod, 'status', 'phase') ?? 'Pending';
  const reason = stringAt(pod, 'status', 'reason');
  // In these cases the container's own end is only a consequence: it was killed.
  if (phase === 'Failed' && (reason !== undefined || ended === undefined)) {
    const message = stringAt(pod, 'status', 'message') ?? '';
    return { kind: 'lost', reason: reason ?? 'Failed', message };
  }
  if (ended !== undefined) {
    return {
      kind: 'ended',
      exitCode: numberAt(ended, 'exitCode') ?? -1,
      reason: stringAt(ended, 'reason') ?? '',
      message: stringAt(ended, 'message') ?? '',
    };
  }
  if (fieldAt(container, 'state', 'running') !== undefined) return { kind: 'running' };
  const trouble = containerTrouble(container) ?? scheduling(pod);
  return trouble === undefined ? { kind: 'pending' } : { kind: 'pending', trouble };
}

function containerTrouble(container: unknown): Trouble | undefined {
  const reason = stringAt(container, 'state', 'waiting', 'reason') ?? '';
  const message = stringAt(container, 'state', 'waiting', 'message') ?? reason;
  switch (reason) {
    case 'ErrImagePull':
    case 'ImagePullBackOff':
      return { what: 'image', message, final: finalPull.test(message) };
    case 'InvalidImageName':
    case 'ErrImageNeverPull':
      return { what: 'image', message, final: true };
    case 'CreateContainerConfigError':
    case 'CreateContainerError':
    case 'RunContainerError':
      return { what: 'container', message, final: true };
    default:
      return undefined;
  }
}

function scheduling(pod: KubeObject): Trouble | undefined {
  const condition = listAt(pod, 'status', 'conditions').find(
    (item) => stringAt(item, 'type') === 'PodScheduled' && stringAt(item, 'status') === 'False',
  );
  if (stringAt(condition, 'reason') !== 'Unschedulable') return undefined;
  return { what: 'unschedulable', message: stringAt(condition, 'message') ?? 'no node fits', final: false };
}
