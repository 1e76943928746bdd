/**
 * Doctor's test that a node can pull a pushed image. It starts a pod in the project's namespace and removes it as soon as
 * the result is known. The next doctor removes pods that a killed doctor left.
 */
import { randomBytes } from 'node:crypto';
import { probeLabel } from '../../core/labels.ts';
import { annotationsOf, holderOfProcess, makerOf, mayHold } from '../../cluster/hold/holder.ts';
import { queryFor, type Cluster, type KubeObject, type ObjectRef } from '../../cluster/types.ts';
import type { Artifact } from '../../core/events.ts';
import { limitedAbort, onAbort } from '../../support/abort.ts';
import { fieldAt, listAt, stringAt } from '../../support/fields.ts';
import { failure, passed, type Check } from './checks.ts';

/** Milliseconds that the node may take to pull an image of one small file. */
const pullMs = 30_000;

/**
 * Milliseconds after which a pod counts as left behind. It is for pods from other machines, whose processes cannot be
 * checked; no doctor takes this long.
 */
const forgottenMs = 20 * pullMs;

const name = 'registry pull';

/** What the test needs from a cluster. */
export type PullCluster = Pick<Cluster, 'get' | 'list' | 'create' | 'follow' | 'remove'>;

/** The namespace of the pod, and the name of the project. */
export interface PullPlace {
  readonly namespace: string;
  readonly project: string;
}

/** Lets a node pull an image. It writes only to the project's namespace and does not create it. */
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
      detail: `not tried: the namespace ${namespace} does not exist yet, and doctor does not create namespaces`,
      hint: `run appdev dev, which creates it; or: kubectl create namespace ${namespace}`,
    };
  }
  await removeLeftoverProbes(cluster, { namespace, project }, signal);
  const image = digest === '' ? `${pullRepository}:${tag}` : `${pullRepository}:${tag}@${digest}`;
  const pod = podOf(image, { namespace, project });
  const ref: ObjectRef = { apiVersion: 'v1', kind: 'Pod', name: pod.metadata.name, namespace };
  const created = await cluster.create(pod, signal);
  if (created.kind === 'failed') return failure(name, created.error);
  const verdict = await untilPulled(cluster, ref, image, signal);
  await cluster.remove(ref, { graceSeconds: 0 }, AbortSignal.timeout(pullMs));
  return verdict;
}

function podOf(image: string, { namespace, project }: PullPlace): KubeObject {
  const holder = holderOfProcess();
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `appdev-doctor-${randomBytes(5).toString('hex')}`,
      namespace,
      labels: { [probeLabel]: project },
      annotations: annotationsOf(holder),
    },
    spec: {
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: 0,
      automountServiceAccountToken: false,
      // The image has no program, so the container fails to start. But by then the image has been pulled.
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
      resolve({ ...late, hint: `look at kubectl get events -n ${namespace} and kubectl describe node` }),
    );
    cluster.follow(
      queryFor({ apiVersion, kind, namespace, name: pod }),
      {
        onSnapshot: ([found]) => {
          const check = found === undefined ? undefined : checkOf(found, image);
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

/** The result for a state of the pod; undefined while the node is still pulling. */
function checkOf(pod: KubeObject, image: string): Check | undefined {
  const [container] = listAt(pod, 'status', 'containerStatuses');
  const waiting = stringAt(container, 'state', 'waiting', 'reason');
  if (waiting === 'ErrImagePull' || waiting === 'ImagePullBackOff' || waiting === 'InvalidImageName') {
    const detail = stringAt(container, 'state', 'waiting', 'message') ?? waiting;
    const hint =
      'set registry.pull in appdev.yaml to the name that the nodes use for the registry, and configure that name on the nodes';
    return { name, state: 'failure', detail: `the node cannot pull ${image}: ${detail}`, hint };
  }
  const started = ['running', 'terminated'].some((state) => fieldAt(container, 'state', state) !== undefined);
  const pulled =
    started || (waiting !== undefined && waiting !== 'ContainerCreating' && waiting !== 'PodInitializing');
  return pulled ? passed(name, `the node pulled ${image.replace(/@.*/, '')}`) : undefined;
}

/**
 * Removes pods of this project's doctors that are certainly dead. If one cannot be removed, the next doctor tries
 * again.
 */
async function removeLeftoverProbes(
  cluster: PullCluster,
  { namespace, project }: PullPlace,
  signal: AbortSignal,
): Promise<void> {
  const query = { apiVersion: 'v1', kind: 'Pod', namespace, labelSelector: `${probeLabel}=${project}` };
  const listed = await cluster.list(query, signal);
  if (listed.kind !== 'ok') return;
  for (const pod of listed.value) {
    const { metadata } = pod;
    const old = Date.parse(metadata.creationTimestamp ?? '') + forgottenMs < Date.now();
    if (!old && mayHold(makerOf(pod))) continue;
    const ref = { apiVersion: 'v1', kind: 'Pod', namespace, name: metadata.name };
    await cluster.remove(ref, { graceSeconds: 0 }, signal);
  }
}
