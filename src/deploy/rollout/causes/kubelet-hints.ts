/**
 * What to do about a pod that its node turned away or ended, by the reason that the kubelet writes into the pod's status
 * (kubernetes/pkg/kubelet, v1.34). Pure.
 */

/** The hints by reason. `$1` is what follows `OutOf` in a reason. */
export const kubeletHints: Readonly<Record<string, string>> = {
  Evicted:
    'the node ran short and ended the pod: free disk or memory on it (kubectl describe nodes shows its conditions), or raise resources.requests so that others go first',
  OutOf: 'the node had no $1 left when the pod came: lower resources.requests.$1, or make room on the node',
  NodeAffinity:
    'the labels of the node no longer fit nodeSelector or nodeAffinity: kubectl get nodes --show-labels',
  NodePorts: 'another pod on the node has this hostPort: remove hostPort and use a Service',
  NodeShutdown: 'the node is shutting down: deploy again when it is back',
  Terminated: 'the node was shut down: deploy again when it is back',
  DeadlineExceeded: 'it ran longer than activeDeadlineSeconds: raise it, or make the work shorter',
  UnexpectedAdmissionError:
    'a device or a CPU that the pod asks for is not free on the node: kubectl describe nodes',
  TopologyAffinityError: 'the node cannot give its CPUs and devices from one NUMA node: ask for fewer',
  AppArmor: 'the node does not have the AppArmor profile that the pod names: load it, or remove it here',
  SysctlForbidden: 'the kubelet does not allow a sysctl of securityContext: remove it for this cluster',
  PodLevelResourcesNotSupported:
    'the node is older than resources of whole pods: give them to the containers',
};

/** The hint for a pod that failed for this reason; undefined if the reason is not known. */
export function kubeletHint(reason: string): string | undefined {
  const short = /^OutOf(\S+)$/.exec(reason)?.[1];
  if (short !== undefined) return kubeletHints['OutOf']?.replaceAll('$1', short);
  return Object.hasOwn(kubeletHints, reason) ? kubeletHints[reason] : undefined;
}
