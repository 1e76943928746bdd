/**
 * What appdev knows about Kubernetes kinds: how messages name an object, which kinds have no namespace, in which order
 * objects are applied, and which of them run pods. Pure tables; everything about a kind stands here.
 */
import type { KubeObject, ObjectRef } from '../../cluster/types.ts';
import { fieldsAt, listAt, stringAt } from '../../support/fields.ts';

/** `Kind/name`, as kubectl prints it. Messages call an object by this name. */
export function nameOf(object: KubeObject | ObjectRef): string {
  return `${object.kind}/${'metadata' in object ? object.metadata.name : object.name}`;
}

/** The API group of an `apiVersion`: `apps` of `apps/v1`, empty for the core group. */
export function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/');
  return slash < 0 ? '' : apiVersion.slice(0, slash);
}

/**
 * Identity of an object, as a string. Leaves out the version: `apps/v1` and `apps/v1beta1` name the same Deployment.
 */
export function identityOf(ref: ObjectRef): string {
  return `${groupOf(ref.apiVersion)}/${ref.kind}/${ref.namespace ?? ''}/${ref.name}`;
}

/** Kinds without a namespace: the built-in ones, and those of controllers that are common on local clusters. */
const clusterScoped = new Set([
  'APIService',
  'CSIDriver',
  'CSINode',
  'CertificateSigningRequest',
  'ComponentStatus',
  'CustomResourceDefinition',
  'DeviceClass',
  'FlowSchema',
  'GatewayClass',
  'IPAddress',
  'IngressClass',
  'MutatingAdmissionPolicy',
  'MutatingAdmissionPolicyBinding',
  'MutatingWebhookConfiguration',
  'Namespace',
  'Node',
  'PersistentVolume',
  'PriorityClass',
  'PriorityLevelConfiguration',
  'RuntimeClass',
  'SelfSubjectReview',
  'ServiceCIDR',
  'StorageClass',
  'StorageVersionMigration',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionPolicyBinding',
  'ValidatingWebhookConfiguration',
  'VolumeAttachment',
  'VolumeAttributesClass',
  'VolumeSnapshotClass',
  'VolumeSnapshotContent',
]);

/**
 * True for a kind without a namespace. For the kinds of other controllers, their CustomResourceDefinition decides if it
 * is in `known`. Otherwise the convention does: such kinds are called `Cluster…`.
 */
export function isClusterScoped(object: KubeObject, known: readonly KubeObject[]): boolean {
  for (const definition of known) {
    if (definition.kind !== 'CustomResourceDefinition') continue;
    const sameKind = stringAt(definition, 'spec', 'names', 'kind') === object.kind;
    if (sameKind && stringAt(definition, 'spec', 'group') === groupOf(object.apiVersion)) {
      return stringAt(definition, 'spec', 'scope') === 'Cluster';
    }
  }
  return clusterScoped.has(object.kind) || /^Cluster[A-Z]/.test(object.kind);
}

/** The objects, each with the namespace it goes to: its own, or else the given one; none if its kind has none. */
export function homed(objects: readonly KubeObject[], namespace: string): KubeObject[] {
  return objects.map((object) => {
    const settled = object.metadata.namespace !== undefined || isClusterScoped(object, objects);
    return settled ? object : { ...object, metadata: { ...object.metadata, namespace } };
  });
}

/**
 * True for a kind whose deletion also deletes what others made: everything in a namespace, or every object of a kind in
 * the whole cluster. appdev never deletes one.
 */
export function holdsOthers({ kind }: { readonly kind: string }): boolean {
  return kind === 'Namespace' || kind === 'CustomResourceDefinition';
}

/**
 * True for a kind that others share across the cluster. Such an object is created if it is missing, and left alone if
 * someone else made it: a manifest may name the namespace that it goes to without owning it.
 */
export function isSharedKind(object: { readonly kind: string }): boolean {
  return holdsOthers(object);
}

/**
 * The order in which kinds are applied. What others refer to comes first, workloads come after what they mount, and
 * what lets traffic in comes last. Kinds that are not listed come between configuration and workloads. Removal uses the
 * reverse order.
 */
const applyOrder = [
  'Namespace',
  'CustomResourceDefinition',
  'PriorityClass',
  'StorageClass',
  'ResourceQuota',
  'LimitRange',
  'NetworkPolicy',
  'ServiceAccount',
  'ClusterRole',
  'ClusterRoleBinding',
  'Role',
  'RoleBinding',
  'Secret',
  'ConfigMap',
  'PersistentVolume',
  'PersistentVolumeClaim',
  'Service',
  '*',
  'Pod',
  'ReplicaSet',
  'ReplicationController',
  'DaemonSet',
  'StatefulSet',
  'Deployment',
  'Job',
  'CronJob',
  'PodDisruptionBudget',
  'HorizontalPodAutoscaler',
  'Ingress',
  'HTTPRoute',
  'APIService',
  'MutatingWebhookConfiguration',
  'ValidatingWebhookConfiguration',
];

/** Sorts objects for apply. Objects of one kind keep the order in which they were written. */
export function inApplyOrder<T extends { readonly kind: string }>(objects: readonly T[]): T[] {
  const rank = (kind: string): number => {
    const index = applyOrder.indexOf(kind);
    return index < 0 ? applyOrder.indexOf('*') : index;
  };
  return [...objects].sort((a, b) => rank(a.kind) - rank(b.kind));
}

/** Kinds whose rollout appdev can judge. */
export type WorkloadKind = 'Deployment' | 'StatefulSet' | 'DaemonSet' | 'Job' | 'Pod';

const workloadGroups: Readonly<Record<WorkloadKind, string>> = {
  Deployment: 'apps',
  StatefulSet: 'apps',
  DaemonSet: 'apps',
  Job: 'batch',
  Pod: '',
};

/** True for a kind whose rollout appdev can judge. */
export function isWorkloadKind(kind: string): kind is WorkloadKind {
  return kind in workloadGroups;
}

/** Annotation that makes an object a Helm hook. Helm runs it and waits for it, so its rollout is not ours to judge. */
const hookAnnotation = 'helm.sh/hook';

/** True for an object that Helm runs as a hook and does not keep as part of the release. */
export function isHook(object: KubeObject): boolean {
  return object.metadata.annotations?.[hookAnnotation] !== undefined;
}

/** The objects whose rollout must be watched. */
export function workloadsIn(objects: readonly KubeObject[]): KubeObject[] {
  return objects.filter(
    (object) =>
      isWorkloadKind(object.kind) &&
      workloadGroups[object.kind] === groupOf(object.apiVersion) &&
      !isHook(object),
  );
}

/** The pod spec of any kind that has one; an empty mapping for other kinds. */
export function podSpecOf(object: KubeObject): Readonly<Record<string, unknown>> {
  if (object.kind === 'Pod') return fieldsAt(object, 'spec');
  if (object.kind === 'CronJob') return fieldsAt(object, 'spec', 'jobTemplate', 'spec', 'template', 'spec');
  return fieldsAt(object, 'spec', 'template', 'spec');
}

/** The containers of a pod spec in starting order, so init containers first. */
export function containersOf(podSpec: unknown): readonly unknown[] {
  return [...listAt(podSpec, 'initContainers'), ...listAt(podSpec, 'containers')];
}

/** True if a pod's Ready condition holds. */
export function isReady(pod: KubeObject): boolean {
  return listAt(pod, 'status', 'conditions').some(
    (condition) => stringAt(condition, 'type') === 'Ready' && stringAt(condition, 'status') === 'True',
  );
}
