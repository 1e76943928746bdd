/**
 * Creates the session's namespace and removes it again. Only removes a namespace that appdev created, and only after
 * nothing of anyone is left in it.
 */
import { cancelled, failed, ok, type Outcome } from '../../core/outcome.ts';
import { limitedAbort, onAbort } from '../../support/abort.ts';
import type { OpenCluster } from '../api/client.ts';
import { holderOfProcess } from './holder.ts';
import { isFree, leaseName } from './lock.ts';
import { queryFor, type Cluster, type KubeObject, type ObjectRef } from '../types.ts';
import { createdForAnnotation } from '../../core/labels.ts';

/** Whether the namespace already existed. */
export type NamespaceState = 'there' | 'created';

/**
 * Makes sure that the namespace exists: creates it if `create` is set, otherwise fails with NAMESPACE_MISSING. Waits
 * for a namespace that is being removed. If the user cannot read namespaces, it is assumed to exist.
 */
export async function ensureNamespace(
  cluster: Pick<Cluster, 'create' | 'follow' | 'get' | 'identity'>,
  request: { readonly namespace: string; readonly project: string; readonly create: boolean },
  signal: AbortSignal,
): Promise<Outcome<NamespaceState>> {
  const { namespace, project, create } = request;
  const ref = refOf(namespace);
  for (;;) {
    const found = await cluster.get(ref, signal);
    // A user who may work in only one namespace might not even be able to read it. If it does not exist, the next request
    // says so.
    if (found.kind === 'failed' && found.error.code === 'CLUSTER_DENIED') return ok('there');
    if (found.kind !== 'ok') return found;
    if (found.value !== undefined) {
      if (!isGoing(found.value)) return ok('there');
      const gone = await untilGone(cluster, namespace, signal);
      if (gone.kind !== 'ok') return gone;
      continue;
    }
    if (!create) {
      return failed(
        'NAMESPACE_MISSING',
        `there is no namespace ${namespace} in ${cluster.identity.context}`,
        {
          hint: `kubectl create namespace ${namespace}, or set cluster.createNamespace: true in appdev.yaml`,
        },
      );
    }
    const made = await cluster.create(
      {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: {
          name: namespace,
          labels: { 'app.kubernetes.io/managed-by': 'appdev' },
          annotations: { [createdForAnnotation]: project },
        },
      },
      signal,
    );
    if (made.kind !== 'ok') return made;
    return ok(made.value === 'exists' ? 'there' : 'created');
  }
}

/** What happened to the namespace, with the reason if it stays. */
export type NamespaceRemoval =
  /** `absent` also if it is already being removed. */
  { readonly kind: 'removed' | 'absent' } | { readonly kind: 'kept'; readonly reason: string };

/**
 * Removes the namespace if appdev created it for this project, and if it contains only what Kubernetes itself puts into
 * every namespace. Anything else keeps it, such as a volume claim that stays or someone else's object.
 */
export async function removeNamespace(
  cluster: OpenCluster,
  request: { readonly namespace: string; readonly project: string },
  signal: AbortSignal,
): Promise<Outcome<NamespaceRemoval>> {
  const { namespace, project } = request;
  const ref = refOf(namespace);
  const found = await cluster.get(ref, signal);
  if (found.kind !== 'ok') return found;
  if (found.value === undefined || isGoing(found.value)) return ok({ kind: 'absent' });
  if (found.value.metadata.annotations?.[createdForAnnotation] !== project) {
    return ok({ kind: 'kept', reason: 'appdev did not create it' });
  }
  const left = await firstObjectOf(cluster, namespace, project, signal);
  if (left.kind !== 'ok') return left;
  if (left.value !== undefined) return ok({ kind: 'kept', reason: `${left.value} is still in it` });
  const { uid } = found.value.metadata;
  const removed = await cluster.remove(ref, uid === undefined ? {} : { uid }, signal);
  if (removed.kind !== 'ok') return removed;
  return ok({ kind: removed.value === 'deleted' ? 'removed' : 'absent' });
}

/** `Kind/name` of an object in the namespace that someone put there; undefined if there is none. */
async function firstObjectOf(
  cluster: OpenCluster,
  namespace: string,
  project: string,
  signal: AbortSignal,
): Promise<Outcome<string | undefined>> {
  const kinds = await cluster.namespacedKinds(signal);
  if (kinds.kind !== 'ok') return kinds;
  for (const { apiVersion, kind } of kinds.value) {
    if (ignoredKinds.has(kind) || apiVersion.startsWith('metrics.k8s.io/')) continue;
    const listed = await cluster.list({ apiVersion, kind, namespace }, signal);
    if (listed.kind !== 'ok') return listed;
    for (const object of listed.value) {
      if (isKubernetesOwn(object) || isOwnLock(object, project)) continue;
      return ok(`${kind}/${object.metadata.name}`);
    }
  }
  return ok(undefined);
}

/** Kinds that describe other objects and disappear with them. */
const ignoredKinds = new Set(['Event', 'Endpoints', 'EndpointSlice', 'ControllerRevision']);

/** True for what every namespace contains, for what goes away with its owner, and for what is already going away. */
function isKubernetesOwn(object: KubeObject): boolean {
  const { name, deletionTimestamp, ownerReferences } = object.metadata;
  if (deletionTimestamp !== undefined || (ownerReferences ?? []).length > 0) return true;
  return (
    (object.kind === 'ConfigMap' && name === 'kube-root-ca.crt') ||
    (object.kind === 'ServiceAccount' && name === 'default')
  );
}

/**
 * True for this session's own lock, which is released last, or for that of a dead session. Any other lock keeps the
 * namespace.
 */
function isOwnLock(object: KubeObject, project: string): boolean {
  if (object.kind !== 'Lease' || object.metadata.name !== leaseName(project)) return false;
  return isFree(object, holderOfProcess());
}

async function untilGone(
  cluster: Pick<Cluster, 'follow'>,
  namespace: string,
  signal: AbortSignal,
): Promise<Outcome<void>> {
  const limit = limitedAbort(signal, goneMs);
  const gone = await new Promise<boolean>((resolve) => {
    onAbort(limit.signal, () => resolve(false));
    cluster.follow(
      queryFor(refOf(namespace)),
      { onSnapshot: (objects) => objects.some(isGoing) || resolve(true) },
      limit.signal,
    );
  });
  limit.abort();
  limit.unlink();
  if (gone) return ok(undefined);
  if (!limit.expired()) return cancelled(signal);
  return failed('DEPLOY_FAILED', `namespace ${namespace} is being removed but is not going away`, {
    hint: `run kubectl get namespace ${namespace} -o yaml to see what it is waiting for, or use another namespace: -n NAME`,
  });
}

function isGoing(object: KubeObject): boolean {
  return object.metadata.deletionTimestamp !== undefined;
}

/** How long to wait for a namespace that is being removed, in milliseconds. Pods have 30 s to stop. */
const goneMs = 90_000;

function refOf(namespace: string): ObjectRef {
  return { apiVersion: 'v1', kind: 'Namespace', name: namespace };
}
