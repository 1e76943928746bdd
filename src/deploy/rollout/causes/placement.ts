/** Why a pod has no place to run: scheduling, its node's refusal, volumes, or its network sandbox. Pure. */
import type { KubeObject } from '../../../cluster/types.ts';
import { fieldAt, listAt, stringAt } from '../../../support/fields.ts';
import { newestEvent, runtimeWords, type Finding } from './container-view.ts';
import { kubeletHint } from './kubelet-hints.ts';
import { missingHint } from './missing-hint.ts';
import { schedulerHint } from './scheduler-hints.ts';
import { settleMs } from './cause.ts';

/**
 * After how many milliseconds without a node to warn. Waiting for a node is normal while an old pod leaves, and earlier
 * warnings would be noise.
 */
const unschedulableWarningMs = 15_000;

/** The cause; undefined if the pod has a place. `events` are those of the namespace. */
export function placementCause(pod: KubeObject, events: readonly KubeObject[]): Finding | undefined {
  const scheduled = listAt(pod, 'status', 'conditions').find(
    (one) => stringAt(one, 'type') === 'PodScheduled',
  );
  if (stringAt(scheduled, 'status') === 'False') {
    return (
      claimCause(pod, events) ??
      unschedulable(stringAt(scheduled, 'message') ?? stringAt(scheduled, 'reason') ?? 'no reason given')
    );
  }
  if (
    stringAt(pod, 'status', 'phase') === 'Failed' &&
    listAt(pod, 'status', 'containerStatuses').length === 0
  ) {
    const reason = stringAt(pod, 'status', 'reason');
    const hint = kubeletHint(reason ?? '');
    return {
      kind: 'evicted',
      message: `was rejected by its node: ${stringAt(pod, 'status', 'message') ?? reason ?? 'no reason given'}`,
      ...(hint === undefined ? {} : { hint }),
      endsAfterMs: 'deadline',
    };
  }
  // Once a container runs, its volumes and its network exist, and older events about them are history.
  const started = listAt(pod, 'status', 'containerStatuses').some(
    (one) => fieldAt(one, 'state', 'waiting') === undefined,
  );
  return started ? undefined : preparationCause(pod, events);
}

function unschedulable(said: string): Finding {
  return {
    kind: 'unschedulable',
    message: `finds no node: ${said}`,
    hint: schedulerHint(said) ?? 'kubectl describe nodes shows what they have and what they refuse',
    endsAfterMs: 'deadline',
    warnAfterMs: unschedulableWarningMs,
  };
}

/** A claim of the pod that gets no volume, by the volume controller's events on the claim. */
function claimCause(pod: KubeObject, events: readonly KubeObject[]): Finding | undefined {
  const names = listAt(pod, 'spec', 'volumes').map((one) =>
    stringAt(one, 'persistentVolumeClaim', 'claimName'),
  );
  const ofClaims = events.filter(
    (event) =>
      stringAt(event, 'involvedObject', 'kind') === 'PersistentVolumeClaim' &&
      names.includes(stringAt(event, 'involvedObject', 'name')),
  );
  const event = newestEvent(ofClaims, 'ProvisioningFailed', 'FailedBinding');
  if (event === undefined) return undefined;
  const claim = stringAt(event, 'involvedObject', 'name') ?? '';
  const said = stringAt(event, 'message') ?? '';
  const unknownClass = /storageclass\S{0,100} "([^"]+)" not found/i.exec(said)?.[1];
  const noClass = /no storage class is set/.test(said);
  let hint = `kubectl describe pvc ${claim} shows what its storage class says`;
  if (unknownClass !== undefined) {
    hint = `this cluster has no storage class ${unknownClass}: leave storageClassName out to use the default one, or choose one of kubectl get storageclass`;
  }
  if (noClass)
    hint =
      'the cluster has no default storage class: set storageClassName to one of kubectl get storageclass';
  return {
    kind: 'volume',
    message: `its claim ${claim} gets no volume: ${said}`,
    hint,
    endsAfterMs: unknownClass !== undefined || noClass ? settleMs : 'deadline',
    warnAfterMs: unschedulableWarningMs,
  };
}

/** What the kubelet cannot prepare for the containers. */
function preparationCause(pod: KubeObject, events: readonly KubeObject[]): Finding | undefined {
  const own = events.filter((event) => stringAt(event, 'involvedObject', 'uid') === pod.metadata.uid);
  const mount = newestEvent(own, 'FailedMount', 'FailedAttachVolume', 'FailedMapVolume');
  if (mount !== undefined) {
    const message = stringAt(mount, 'message') ?? '';
    const missing =
      /(configmap|secret|persistentvolumeclaim) .{0,200}not found|references non-existent/i.test(message);
    const hint = missing ? missingHint(message) : mountHint(message);
    return {
      kind: 'volume',
      message: `cannot mount a volume: ${message.replace(/^MountVolume\.SetUp failed for volume /, '')}`,
      ...(hint === undefined ? {} : { hint }),
      endsAfterMs: missing ? settleMs : 'deadline',
    };
  }
  const sandbox = newestEvent(own, 'FailedCreatePodSandBox', 'NetworkNotReady');
  if (sandbox === undefined) return undefined;
  return {
    kind: 'sandbox',
    message: `cannot get its network or its sandbox: ${runtimeWords(stringAt(sandbox, 'message') ?? '')}`,
    hint: "the fault is the node's: kubectl get pods -n kube-system shows whether its network add-on runs",
    endsAfterMs: 'deadline',
  };
}

function mountHint(message: string): string | undefined {
  if (/hostPath type check failed/.test(message)) {
    return 'hostPath names a path on the node, not on this machine: set its type to DirectoryOrCreate, or use a volume of another kind';
  }
  if (/Multi-Attach error/.test(message))
    return 'another node still has the volume: set strategy.type to Recreate, or wait until the old pod is gone';
  if (/driver .{0,200} not found/.test(message))
    return 'the node has no CSI driver of that name: install it, or use another storage class for this cluster';
  return undefined;
}
