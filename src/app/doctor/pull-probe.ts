/**
 * Doctor's proof that the node pulls what was pushed: a pod of the session's own, in the project's namespace, removed as
 * soon as it has told. What a killed doctor left is removed by the next one.
 */
import { randomBytes } from 'node:crypto';
import { holderAnnotation, placeAnnotation, probeLabel } from '../../core/labels.ts';
import { holderOfProcess, mayRun } from '../../cluster/hold/holder.ts';
import { queryFor } from '../../cluster/ref.ts';
import type { Cluster, KubeObject, ObjectRef } from '../../cluster/types.ts';
import type { Artifact } from '../../core/events.ts';
import { limitedAbort, onAbort } from '../../support/abort.ts';
import { fieldAt, listAt, stringAt } from '../../support/fields.ts';
import { failure, passed, type Check } from './checks.ts';

/** How long the node may take for an image of one small file, in milliseconds. */
const pullMs = 30_000;

/** No doctor takes so long, in milliseconds: the pod of one on another machine, which cannot be asked, was left. */
const forgottenMs = 20 * pullMs;

const name = 'registry pull';

/** What the proof needs of a cluster. */
export type PullCluster = Pick<Cluster, 'get' | 'list' | 'create' | 'follow' | 'remove'>;

/** Where the pod goes, and for which project. */
export interface PullPlace {
  readonly namespace: string;
  readonly project: string;
}

/** Has the node pull an image. Writes into no namespace but the project's own, and makes none. */
export async function probePull(
  cluster: PullCluster,
  { namespace, project }: PullPlace,
  { pullRepository, tag, digest }: Artifact,
  signal: AbortSignal,
): Promise<Check> {
  const there = await cluster.get({ apiVersion: 'v1', kind: 'Namespace', name: namespace }, signal);
  if (there.kind === 'ok' && there.value === undefined) {
    return {
      name,
      state: 'warning',
      detail: `not tried: there is no namespace ${namespace} yet, and doctor makes none`,
      hint: `appdev dev makes it; or: kubectl create namespace ${namespace}`,
    };
  }
  await removeLeftoverProbes(cluster, { namespace, project }, signal);
  const image = digest === '' ? `${pullRepository}:${tag}` : `${pullRepository}:${tag}@${digest}`;
  const pod = await podOf(image, { namespace, project });
  const ref: ObjectRef = { apiVersion: 'v1', kind: 'Pod', name: pod.metadata.name, namespace };
  const created = await cluster.create(pod, signal);
  if (created.kind === 'failed') return failure(name, created.error);
  const verdict = await untilPulled(cluster, ref, image, signal);
  await cluster.remove(ref, { graceSeconds: 0 }, AbortSignal.timeout(pullMs));
  return verdict;
}

async function podOf(image: string, { namespace, project }: PullPlace): Promise<KubeObject> {
  const { identity, place } = await holderOfProcess();
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `appdev-doctor-${randomBytes(5).toString('hex')}`,
      namespace,
      labels: { [probeLabel]: project },
      annotations: { [holderAnnotation]: identity, [placeAnnotation]: place },
    },
    spec: {
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: 0,
      automountServiceAccountToken: false,
      // There is no program in the image: the container fails to start, and by then it was pulled.
      containers: [{ name: 'probe', image, imagePullPolicy: 'Always', command: ['/probe'] }],
    },
  };
}

async function untilPulled(
  cluster: PullCluster,
  { apiVersion, kind, name: pod, namespace = '' }: ObjectRef,
  image: string,
  signal: AbortSignal,
): Promise<Check> {
  const limit = limitedAbort(signal, pullMs);
  const verdict = await new Promise<Check>((resolve) => {
    const late = {
      name,
      state: 'failure',
      detail: `the node did not pull ${image} within ${pullMs / 1000} s`,
    } as const;
    onAbort(limit.signal, () =>
      resolve({ ...late, hint: `kubectl describe node, and kubectl get events -n ${namespace}` }),
    );
    cluster.follow(
      queryFor({ apiVersion, kind, namespace, name: pod }),
      {
        onSnapshot: ([found]) => {
          const check = found === undefined ? undefined : judge(found, image);
          if (check !== undefined) resolve(check);
        },
      },
      limit.signal,
    );
  });
  limit.abort();
  limit.unlink();
  return verdict;
}

/** Undefined while the node is still at it. */
function judge(pod: KubeObject, image: string): Check | undefined {
  const [container] = listAt(pod, 'status', 'containerStatuses');
  const waiting = stringAt(container, 'state', 'waiting', 'reason');
  if (waiting === 'ErrImagePull' || waiting === 'ImagePullBackOff' || waiting === 'InvalidImageName') {
    const detail = stringAt(container, 'state', 'waiting', 'message') ?? waiting;
    const hint =
      'set registry.pull in appdev.yaml to the name that the node knows the registry by, and declare it there';
    return { name, state: 'failure', detail: `the node cannot pull ${image}: ${detail}`, hint };
  }
  const started = ['running', 'terminated'].some((state) => fieldAt(container, 'state', state) !== undefined);
  const pulled =
    started || (waiting !== undefined && waiting !== 'ContainerCreating' && waiting !== 'PodInitializing');
  return pulled ? passed(name, `the node pulled ${image.replace(/@.*/, '')}`) : undefined;
}

/** Removes pods of this project's doctors that certainly no longer run. What cannot be removed, the next one tries. */
async function removeLeftoverProbes(
  cluster: PullCluster,
  { namespace, project }: PullPlace,
  signal: AbortSignal,
): Promise<void> {
  const query = { apiVersion: 'v1', kind: 'Pod', namespace, labelSelector: `${probeLabel}=${project}` };
  const listed = await cluster.list(query, signal);
  if (listed.kind !== 'ok') return;
  for (const { metadata } of listed.value) {
    const identity = metadata.annotations?.[holderAnnotation] ?? '';
    const place = metadata.annotations?.[placeAnnotation] ?? '';
    const old = Date.parse(metadata.creationTimestamp ?? '') + forgottenMs < Date.now();
    if (!old && (await mayRun({ identity, place }))) continue;
    const ref = { apiVersion: 'v1', kind: 'Pod', namespace, name: metadata.name };
    await cluster.remove(ref, { graceSeconds: 0 }, signal);
  }
}
