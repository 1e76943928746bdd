/** Doctor's proof of the way of an image: built by Buildah, pushed, and pulled by the node. Leaves nothing behind. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KubeObject, ObjectRef } from '../cluster/types.ts';
import type { ServiceConfig } from '../config/model.ts';
import type { Artifact } from '../events.ts';
import { limitedAbort } from '../support/abort.ts';
import { fieldAt, listAt, stringAt } from '../support/fields.ts';
import { makeTempFolder } from '../support/temp.ts';
import { failure, passed, type Check } from './checks.ts';
import type { OpenTarget } from './cluster.ts';
import { quietContext } from './quiet.ts';
import type { Session } from './session.ts';
import type { Work } from './work.ts';

/** How long the node may take for an image of one small file, in milliseconds. */
const pullMs = 30_000;

/** Builds and pushes an image of one small file, and has the node pull it where the cluster is a local one. */
export async function probeRegistry(session: Session, target: OpenTarget, work: Work): Promise<Check[]> {
  const signal = session.signals.shutdown;
  const built = await work.parts.imageBuilder.build(
    { service: probeService(), inputHash: 'doctor' },
    quietContext(signal),
  );
  if (built.kind !== 'ok') return built.kind === 'failed' ? [failure('registry push', built.error)] : [];
  const pushed = passed('registry push', `${work.parts.target} took ${built.value.repository}`);
  const { product, namespace } = target.cluster.identity;
  if (product === 'unknown' || product === 'named') {
    return [pushed, passed('registry pull', 'not tried: doctor starts a pod on local clusters only')];
  }
  return [pushed, await probePull(target, namespace, built.value, signal)];
}

/** A service whose image is one text file. */
function probeService(): ServiceConfig {
  const context = makeTempFolder('doctor');
  const containerfile = join(context, 'Containerfile');
  writeFileSync(containerfile, 'FROM scratch\nCOPY probe /probe\n');
  writeFileSync(join(context, 'probe'), 'appdev doctor\n');
  return {
    name: 'appdev-doctor',
    path: context,
    image: {
      repository: 'appdev-doctor',
      builder: 'buildah',
      source: { kind: 'containerfile', containerfile, context, buildArgs: {} },
    },
    deploy: { kind: 'manifests', files: [], deadlineMs: pullMs, restartsAllowed: 0 },
    dev: { trigger: 'auto', forward: [] },
    needs: [],
  };
}

async function probePull(
  { cluster }: OpenTarget,
  wanted: string,
  { pullRepository, tag, digest }: Artifact,
  signal: AbortSignal,
): Promise<Check> {
  const name = 'registry pull';
  const image = digest === '' ? `${pullRepository}:${tag}` : `${pullRepository}:${tag}@${digest}`;
  // The project's namespace may not be there yet; doctor makes none.
  const there = await cluster.get({ apiVersion: 'v1', kind: 'Namespace', name: wanted }, signal);
  const namespace = there.kind === 'ok' && there.value !== undefined ? wanted : 'default';
  const ref: ObjectRef = { apiVersion: 'v1', kind: 'Pod', name: `appdev-doctor-${process.pid}`, namespace };
  const created = await cluster.create(
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: ref.name, namespace },
      spec: {
        restartPolicy: 'Never',
        terminationGracePeriodSeconds: 0,
        automountServiceAccountToken: false,
        // There is no program in the image: the container fails to start, and by then it was pulled.
        containers: [{ name: 'probe', image, imagePullPolicy: 'Always', command: ['/probe'] }],
      },
    },
    signal,
  );
  if (created.kind === 'failed') return failure(name, created.error);
  const limit = limitedAbort(signal, pullMs);
  const verdict = await new Promise<Check>((resolve) => {
    const late = {
      name,
      state: 'failure',
      detail: `the node did not pull ${image} within ${pullMs / 1000} s`,
    } as const;
    limit.signal.addEventListener('abort', () =>
      resolve({ ...late, hint: `kubectl describe pod -n ${namespace} ${ref.name}` }),
    );
    cluster.follow(
      { apiVersion: 'v1', kind: 'Pod', namespace, fieldSelector: `metadata.name=${ref.name}` },
      {
        onSnapshot: ([pod]) => {
          const check = pod === undefined ? undefined : judge(pod, name, image);
          if (check !== undefined) resolve(check);
        },
      },
      limit.signal,
    );
  });
  limit.abort();
  limit.unlink();
  await cluster.remove(ref, { graceSeconds: 0 }, AbortSignal.timeout(pullMs));
  return verdict;
}

/** Undefined while the node is still at it. */
function judge(pod: KubeObject, name: string, image: string): Check | undefined {
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
