/** The newest pods of a service: followed for the panel, or read once for `appdev status`. Watches; never polls. */
import type { Cluster, KubeObject } from '../../cluster/types.ts';
import type { PodSummary } from '../../core/events.ts';
import { cancelled, failed, ok, type Outcome } from '../../core/outcome.ts';
import { judge } from './judge.ts';
import { podsByRevision, type WorkloadView } from './newest.ts';
import { containersOf, nameOf } from '../objects/kinds.ts';
import { fieldManager } from '../objects/ownership.ts';
import { observe } from '../live/observe.ts';
import { fieldAt, listAt, numberAt, stringAt } from '../../support/fields.ts';
import { limitedAbort, onAbort } from '../../support/abort.ts';
import { sumOf } from './pod-summary.ts';
import { queriesFor, viewOf } from './rollout.ts';
import type { WorkloadStatus } from '../types.ts';

/** No restart is held against a pod here, because this only reports and ends nothing. */
const policy = { restartsAllowed: Number.MAX_SAFE_INTEGER };

/** How long a first look may take, in milliseconds, before the cluster counts as unreachable. */
const lookMs = 20_000;

/** Calls back at once and at each change of the pods of these workloads. */
export function followPods(
  workloads: readonly KubeObject[],
  cluster: Cluster,
  onSummary: (pods: PodSummary) => void,
  signal: AbortSignal,
): void {
  if (workloads.length === 0) return;
  let last = '';
  observe(
    cluster,
    queriesFor(workloads),
    {
      onChange: (sets) => {
        const pods = followedPods(workloads.map((wanted) => viewOf(wanted, sets)));
        const text = JSON.stringify(pods);
        if (text === last) return;
        last = text;
        onSummary(pods);
      },
    },
    signal,
  );
}

/** The sum of the newest pods, with what is missing and why pods are not ready. Pure. */
export function followedPods(views: readonly WorkloadView[]): PodSummary {
  const seen = views.map((view) => ({ view, verdict: judge(view, policy) }));
  const pending = seen.filter(({ verdict }) => verdict.state === 'pending');
  const missing = pending.filter(({ view }) => view.workload === undefined);
  const [cause] = pending.filter((one) => !missing.includes(one)).flatMap(({ verdict }) => verdict.causes);
  const older = seen.reduce((sum, { verdict }) => sum + verdict.olderReady, 0);
  return {
    ...sumOf(seen.map(({ verdict }) => verdict.pods)),
    ...(older === 0 ? {} : { older }),
    ...(missing.length === 0 ? {} : { missing: missing.map(({ view }) => nameOf(view.wanted)) }),
    ...(cause === undefined ? {} : { reason: `${cause.object}: ${cause.message}` }),
  };
}

/** What these workloads do at this moment. Fails with CLUSTER_UNREACHABLE if the cluster does not answer in time. */
export async function lookAt(
  workloads: readonly KubeObject[],
  cluster: Cluster,
  signal: AbortSignal,
): Promise<Outcome<readonly WorkloadStatus[]>> {
  if (workloads.length === 0) return ok([]);
  const limit = limitedAbort(signal, lookMs);
  const both = limit.signal;
  let unreachable = 'the cluster does not answer';
  const seen = await new Promise<readonly WorkloadStatus[] | undefined>((resolve) => {
    onAbort(both, () => resolve(undefined));
    const onChange = (sets: Parameters<typeof viewOf>[1]): void => {
      resolve(workloads.map((wanted) => statusOf(wanted, sets)));
    };
    const onLost = (reason: string): void => {
      unreachable = reason;
      resolve(undefined);
    };
    observe(cluster, queriesFor(workloads), { onChange, onLost }, both);
  });
  limit.abort();
  limit.unlink();
  if (seen !== undefined) return ok(seen);
  if (signal.aborted) return cancelled(signal);
  return failed('CLUSTER_UNREACHABLE', unreachable, { hint: 'appdev doctor' });
}

function statusOf(wanted: KubeObject, sets: Parameters<typeof viewOf>[1]): WorkloadStatus {
  const view = viewOf(wanted, sets);
  const verdict = judge(view, policy);
  const [cause] = verdict.causes;
  const reason = cause === undefined ? verdict.waitingFor : `${cause.object}: ${cause.message}`;
  const emptied = emptiedFrom(view);
  const ready = verdict.state === 'ready' && emptied === undefined;
  const { namespace } = wanted.metadata;
  return {
    name: nameOf(wanted),
    ...(namespace === undefined ? {} : { namespace }),
    ready,
    reason: ready ? '' : (emptied ?? reason),
    pods: verdict.pods,
    images: imagesOf(podsByRevision(view).newest),
  };
}

/** Says that someone scaled a workload to nothing. Undefined if it has pods to run, or was deployed with none. */
function emptiedFrom({ wanted, workload }: WorkloadView): string | undefined {
  if (workload === undefined || numberAt(workload, 'spec', 'replicas') !== 0) return undefined;
  // What was applied is only known by name. The API server knows whose number it is.
  const isOurs = listAt(workload, 'metadata', 'managedFields').some(
    (entry) =>
      stringAt(entry, 'manager') === fieldManager &&
      fieldAt(entry, 'fieldsV1', 'f:spec', 'f:replicas') !== undefined,
  );
  return isOurs || numberAt(wanted, 'spec', 'replicas') === 0 ? undefined : 'it was scaled to 0 pods';
}

/** The images that the pods' specs name, each once. */
export function imagesOf(pods: readonly KubeObject[]): string[] {
  const images = pods.flatMap((pod) =>
    containersOf(pod['spec']).map((container) => stringAt(container, 'image') ?? ''),
  );
  return [...new Set(images.filter((image) => image !== ''))];
}
