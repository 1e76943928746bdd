/**
 * What to do about a pod that finds no node, by the scheduler's own words. The words are those of the plugins in
 * kubernetes/pkg/scheduler/framework/plugins (v1.34). Pure.
 */

/** A reason of the scheduler and the hint for it. `$1` in the hint is the first group of the pattern. */
export interface SchedulerReason {
  readonly says: RegExp;
  readonly hint: string;
}

/** The reasons, the more special ones first. */
export const schedulerReasons: readonly SchedulerReason[] = [
  // NodeResourcesFit
  {
    says: /Insufficient (cpu|memory|ephemeral-storage)\b/,
    hint: 'lower resources.requests.$1, or make room: kubectl get pods -A --sort-by=.metadata.creationTimestamp',
  },
  {
    says: /Insufficient (hugepages-\S+?)(?=[,.]|$)/,
    hint: 'no node has $1 left: remove it from the resources of the container, or reserve such pages on the node',
  },
  {
    says: /Insufficient (\S+?)(?=[,.]? |[,.]?$)/,
    hint: 'no node offers $1: remove it from the resources of the container, or install the device plugin that offers it',
  },
  {
    says: /Too many pods/,
    hint: 'the node runs as many pods as it allows (maxPods): remove some, see kubectl get pods -A',
  },
  // NodePorts
  {
    says: /didn't have free ports for the requested pod ports/,
    hint: 'another pod has this hostPort: remove hostPort and use a Service, or set strategy.type to Recreate if it is the old version of this pod',
  },
  // NodeUnschedulable, TaintToleration. Up to v1.33 the taint's key follows in braces.
  {
    says: /untolerated taint\S* \{node\.kubernetes\.io\/unschedulable\b|node\(s\) were unschedulable/,
    hint: 'the node is cordoned: kubectl uncordon NODE (kubectl get nodes lists them)',
  },
  {
    says: /untolerated taint\S* \{node\.kubernetes\.io\/([a-z-]+)/,
    hint: 'the node has the condition $1: kubectl describe nodes says why',
  },
  {
    says: /untolerated taint\S* \{([^:}]+)/,
    hint: 'add a toleration for $1 to the pod template, or remove the taint: kubectl taint nodes --all $1-',
  },
  {
    says: /untolerated taint|taints that the pod didn't tolerate/,
    hint: 'kubectl describe nodes shows the taints: fix the condition of the node that they name, add a toleration to the pod template, or remove the taint',
  },
  // NodeAffinity, NodeName
  {
    says: /didn't match Pod's node affinity\/selector|scheduler-enforced node affinity/,
    hint: 'no node has the labels of nodeSelector or nodeAffinity: remove them for this cluster, or label a node; kubectl get nodes --show-labels',
  },
  {
    says: /didn't match the requested node name/,
    hint: 'there is no node with the name in spec.nodeName: remove it, or see kubectl get nodes',
  },
  // InterPodAffinity
  {
    says: /didn't match pod anti-affinity rules|didn't satisfy existing pods anti-affinity rules/,
    hint: 'podAntiAffinity keeps these pods on different nodes, and there are too few nodes: use preferredDuringScheduling…, or fewer replicas',
  },
  {
    says: /didn't match pod affinity rules/,
    hint: 'no node runs a pod that podAffinity asks for: deploy that one first, or remove the rule for this cluster',
  },
  // PodTopologySpread
  {
    says: /didn't match pod topology spread constraints/,
    hint: 'topologySpreadConstraints cannot be kept here: use whenUnsatisfiable: ScheduleAnyway, or label the nodes with the topologyKey',
  },
  // VolumeBinding, VolumeZone, VolumeRestrictions, NodeVolumeLimits
  {
    says: /persistentvolumeclaim "([^"]+)" not found/,
    hint: 'add the claim $1 to the chart or the manifests, or fix claimName',
  },
  {
    says: /persistentvolumeclaim "([^"]+)" is being deleted/,
    hint: 'wait until the claim $1 is gone and deploy again; a pod that still uses it keeps it: kubectl describe pvc $1',
  },
  {
    says: /pod has unbound immediate PersistentVolumeClaims/,
    hint: 'its claim has no volume: kubectl describe pvc says why; kubectl get storageclass lists the classes',
  },
  {
    says: /didn't find available persistent volumes to bind/,
    hint: 'no volume fits the claim and its class makes none: use a class with a provisioner (kubectl get storageclass), or create the volume',
  },
  {
    says: /bound to non-existent p/,
    hint: 'the volume of its claim was deleted: delete the claim too if its data may go, and deploy again',
  },
  {
    says: /didn't match PersistentVolume's node affinity|no available volume zone/,
    hint: 'its volume is on another node or in another zone: kubectl get pv shows where; the pod must run there',
  },
  {
    says: /did not have enough free storage/,
    hint: 'ask for less storage in the claim, or free some in its storage class',
  },
  {
    says: /ReadWriteOncePod access mode/,
    hint: 'another pod uses its claim, which only one pod may use: set strategy.type to Recreate, or use ReadWriteOnce',
  },
  {
    says: /exceed max volume count/,
    hint: 'the node has as many volumes as it can attach: remove pods that use volumes',
  },
  {
    says: /no available disk/,
    hint: 'another pod has attached its disk: set strategy.type to Recreate',
  },
  // DynamicResources, SchedulingGates, and the scheduler itself
  {
    says: /cannot allocate all claims|resourceclaim/i,
    hint: 'a device that resourceClaims asks for is not free: kubectl describe resourceclaims',
  },
  {
    says: /scheduling gates/i,
    hint: 'spec.schedulingGates keeps it back until a controller removes the gate: remove it for this cluster',
  },
  {
    says: /no nodes available to schedule pods/,
    hint: 'the cluster has no node: kubectl get nodes',
  },
];

/** The hint for what the scheduler said; undefined if no reason is known. */
export function schedulerHint(message: string): string | undefined {
  for (const { says, hint } of schedulerReasons) {
    const match = says.exec(message);
    if (match !== null) return hint.replaceAll('$1', match[1] ?? '');
  }
  return undefined;
}
