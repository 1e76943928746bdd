/**
 * Removes objects one by one, and finds the pods and claims that go with them. Decides nothing: the callers say what
 * may be removed.
 */
import { refOf, type Cluster, type KubeObject } from '../../cluster/types.ts';
import { ok, type Outcome } from '../../core/outcome.ts';
import { fieldsAt, stringAt } from '../../support/fields.ts';
import { claimsLost, type LostClaim } from './claims.ts';
import { identityOf, inApplyOrder } from '../objects/kinds.ts';

/** The objects as they are in the cluster, by identity. Objects that do not exist are left out. */
export async function readLive(
  objects: readonly KubeObject[],
  cluster: Cluster,
  signal: AbortSignal,
): Promise<Outcome<ReadonlyMap<string, KubeObject>>> {
  const live = new Map<string, KubeObject>();
  const answers = await Promise.all(objects.map(async (object) => await cluster.get(refOf(object), signal)));
  for (const [index, answer] of answers.entries()) {
    if (answer.kind !== 'ok') return answer;
    const object = objects[index];
    if (object !== undefined && answer.value !== undefined) live.set(identityOf(refOf(object)), answer.value);
  }
  return ok(live);
}

/** The claims that would be deleted with these live objects. */
export async function findLostClaims(
  doomed: readonly KubeObject[],
  cluster: Cluster,
  signal: AbortSignal,
): Promise<Outcome<readonly LostClaim[]>> {
  const sets = doomed.filter(({ kind }) => kind === 'StatefulSet');
  const namespaces = new Set(sets.map(({ metadata }) => metadata.namespace ?? ''));
  const claims: KubeObject[] = [];
  for (const namespace of namespaces) {
    const query = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace };
    const listed = await cluster.list(query, signal);
    if (listed.kind !== 'ok') return listed;
    claims.push(...listed.value);
  }
  return ok(claimsLost(doomed, claims));
}

/** Deletes objects, the last applied ones first. An object that is already gone is not an error. */
export async function removeObjects(
  objects: readonly KubeObject[],
  cluster: Cluster,
  signal: AbortSignal,
): Promise<Outcome<number>> {
  let removed = 0;
  for (const object of inApplyOrder(objects).reverse()) {
    const { uid } = object.metadata;
    const answer = await cluster.remove(refOf(object), uid === undefined ? {} : { uid }, signal);
    if (answer.kind !== 'ok') return answer;
    if (answer.value === 'deleted') removed += 1;
  }
  return ok(removed);
}

/** The pods of live workloads: those that their selectors select, and for jobs those with the job's label. */
export async function podsOf(
  workloads: readonly KubeObject[],
  cluster: Cluster,
  signal: AbortSignal,
): Promise<Outcome<readonly KubeObject[]>> {
  const pods = new Map<string, KubeObject>();
  for (const workload of workloads) {
    const labels = selectorOf(workload);
    if (labels === undefined) continue;
    const labelSelector = Object.entries(labels)
      .map(([key, value]) => `${key}=${String(value)}`)
      .join(',');
    const place = workload.metadata.namespace === undefined ? {} : { namespace: workload.metadata.namespace };
    const found = await cluster.list({ apiVersion: 'v1', kind: 'Pod', ...place, labelSelector }, signal);
    if (found.kind !== 'ok') return found;
    for (const pod of found.value) pods.set(pod.metadata.uid ?? pod.metadata.name, pod);
  }
  return ok([...pods.values()]);
}

function selectorOf(workload: KubeObject): Readonly<Record<string, unknown>> | undefined {
  switch (workload.kind) {
    case 'Deployment':
    case 'ReplicaSet':
    case 'StatefulSet':
    case 'DaemonSet':
      return fieldsAt(workload, 'spec', 'selector', 'matchLabels');
    case 'Job': {
      const uid = stringAt(workload, 'metadata', 'uid');
      return uid === undefined ? undefined : { 'batch.kubernetes.io/controller-uid': uid };
    }
    default:
      return undefined;
  }
}
