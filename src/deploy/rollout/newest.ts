/**
 * Which pods belong to a workload, and which of them run its newest revision. Rollouts, the panel and verify judge only
 * the newest ones: a pod of an older revision may crash or end without consequence. Pure.
 */
import type { KubeObject } from '../../cluster/types.ts';
import { fieldAt, fieldsAt, listAt, numberAt, stringAt, type Fields } from '../../support/fields.ts';
import { canonicalJson } from '../objects/content.ts';

/** What the cluster says about one workload and everything below it. */
export interface WorkloadView {
  /** The workload as rendered. It names the kind, so a missing workload can be judged too. */
  readonly wanted: KubeObject;
  /** The workload as it is in the cluster; undefined if it is not there. */
  readonly workload: KubeObject | undefined;
  /** ReplicaSets of the namespace. */
  readonly replicaSets: readonly KubeObject[];
  /** ControllerRevisions of the namespace. */
  readonly revisions: readonly KubeObject[];
  /** Pods of the namespace. */
  readonly pods: readonly KubeObject[];
  /** Events of the namespace. */
  readonly events: readonly KubeObject[];
}

/** The pods of a workload by the age of their revision. Terminating pods are in neither list. */
export interface PodsByRevision {
  readonly newest: readonly KubeObject[];
  readonly older: readonly KubeObject[];
  /** What creates the newest pods: the ReplicaSet of a Deployment, or else the workload. Undefined until it exists. */
  readonly creator: KubeObject | undefined;
}

/** True if `owner` is the controller of `object`. */
export function controls(owner: KubeObject, object: KubeObject): boolean {
  return listAt(object, 'metadata', 'ownerReferences').some(
    (reference) => stringAt(reference, 'uid') === owner.metadata.uid && owner.metadata.uid !== undefined,
  );
}

/** Sorts the pods of a workload into newest and older. */
export function podsByRevision(view: WorkloadView): PodsByRevision {
  const { workload } = view;
  if (workload === undefined) return { newest: [], older: [], creator: undefined };
  const alive = view.pods.filter((pod) => pod.metadata.deletionTimestamp === undefined);
  switch (workload.kind) {
    case 'Deployment': {
      const owned = view.replicaSets.filter((set) => controls(workload, set));
      const creator = newestReplicaSet(workload, owned);
      const others = owned.filter((set) => set !== creator);
      const of = (sets: readonly KubeObject[]): KubeObject[] =>
        alive.filter((pod) => sets.some((set) => controls(set, pod)));
      return { newest: creator === undefined ? [] : of([creator]), older: of(others), creator };
    }
    case 'StatefulSet':
      return byHash(workload, alive, stringAt(workload, 'status', 'updateRevision'));
    case 'DaemonSet':
      return byHash(workload, alive, daemonRevision(workload, view.revisions));
    case 'Pod': {
      const itself = alive.filter((pod) => pod.metadata.uid === workload.metadata.uid);
      return { newest: itself, older: [], creator: undefined };
    }
    default:
      return { newest: alive.filter((pod) => controls(workload, pod)), older: [], creator: workload };
  }
}

/**
 * The ReplicaSet whose pod template equals the Deployment's, by the Deployment controller's own rule. The revision
 * annotation is not enough: until the new ReplicaSet has arrived here, the highest revision is the previous version's.
 */
function newestReplicaSet(deployment: KubeObject, owned: readonly KubeObject[]): KubeObject | undefined {
  const wanted = canonicalJson(withoutHash(fieldAt(deployment, 'spec', 'template')));
  return owned
    .filter((set) => canonicalJson(withoutHash(fieldAt(set, 'spec', 'template'))) === wanted)
    .sort((a, b) =>
      (a.metadata.creationTimestamp ?? '').localeCompare(b.metadata.creationTimestamp ?? ''),
    )[0];
}

function withoutHash(template: unknown): unknown {
  const metadata = fieldsAt(template, 'metadata');
  const labels = without(fieldsAt(metadata, 'labels'), 'pod-template-hash');
  return { ...fieldsAt(template), metadata: { ...metadata, labels } };
}

function without(fields: Fields, key: string): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => name !== key));
}

function byHash(
  workload: KubeObject,
  alive: readonly KubeObject[],
  hash: string | undefined,
): PodsByRevision {
  const own = alive.filter((pod) => controls(workload, pod));
  const isNewest = (pod: KubeObject): boolean =>
    hash !== undefined && pod.metadata.labels?.['controller-revision-hash'] === hash;
  return {
    newest: own.filter(isNewest),
    older: own.filter((pod) => !isNewest(pod)),
    creator: workload,
  };
}

/** The `controller-revision-hash` of a DaemonSet's current template; undefined until its revision is recorded. */
function daemonRevision(workload: KubeObject, revisions: readonly KubeObject[]): string | undefined {
  const wanted = canonicalJson(fieldAt(workload, 'spec', 'template'));
  const current = revisions
    .filter((revision) => controls(workload, revision))
    .filter((revision) => {
      // The record is a patch. `$patch: replace` is its instruction, not part of the template.
      const template = fieldsAt(revision, 'data', 'spec', 'template');
      return canonicalJson(without(template, '$patch')) === wanted;
    })
    .sort((a, b) => (numberAt(b, 'revision') ?? 0) - (numberAt(a, 'revision') ?? 0))[0];
  return current?.metadata.labels?.['controller-revision-hash'];
}
