/**
 * Judges one workload: ready, on its way, or failed with a cause. A pure function of what the cluster says at one
 * moment, so recorded timelines can be replayed through it. Only pods of the newest revision count.
 */
import type { KubeObject } from '../../cluster/types.ts';
import type { PodSummary } from '../../core/events.ts';
import { fieldAt, numberAt, stringAt } from '../../support/fields.ts';
import { newestEvent } from './causes/container-view.ts';
import { settleMs, type Cause } from './causes/cause.ts';
import { withoutHope } from './causes/host-port.ts';
import { podsByRevision, type PodsByRevision, type WorkloadView } from './newest.ts';
import { removesItself } from '../objects/frozen.ts';
import { isReady, nameOf } from '../objects/kinds.ts';
import { podCauses, type PodPolicy } from './causes/pod-causes.ts';
import { podSummary } from './pod-summary.ts';
import { condition, desiredPods, missingToReady, unprobedSince } from './readiness.ts';

/** The judgement of a workload at one moment. */
export interface Verdict {
  /** `pending` with causes may still become a failure: progress.ts knows how long the causes last. */
  readonly state: 'ready' | 'pending';
  /** What a pending workload is waiting for, as a phrase: `1 pod to be ready (0 are)`. */
  readonly waitingFor: string;
  /** The gravest first. */
  readonly causes: readonly Cause[];
  readonly pods: PodSummary;
  /** Ready pods of an older revision. They still serve while the new one does not. */
  readonly olderReady: number;
  /**
   * For a ready workload with containers that have no readiness probe: when the youngest of them started (ISO 8601).
   * Kubernetes calls such containers ready as soon as they run, so only time can tell whether they stay up.
   */
  readonly unprobedSince?: string;
}

/** Judges a workload by everything the cluster says about it. `policy` says how many restarts are forgiven. */
export function judge(view: WorkloadView, policy: PodPolicy): Verdict {
  const { workload, wanted } = view;
  const sorted = podsByRevision(view);
  const desired = workload === undefined ? 0 : desiredPods(workload);
  const pods = podSummary(sorted.newest, desired);
  const olderReady = sorted.older.filter(isReady).length;
  const pending = (waitingFor: string, causes: readonly Cause[] = []): Verdict => ({
    state: 'pending',
    waitingFor,
    causes: [...causes].sort((a, b) => gravity(a) - gravity(b)),
    pods,
    olderReady,
  });

  if (workload === undefined && removesItself(wanted)) {
    return { state: 'ready', waitingFor: '', causes: [], pods, olderReady };
  }
  if (workload === undefined) {
    const message = 'is not in the cluster: someone deleted it';
    return pending('it to exist', [
      { kind: 'missing', object: nameOf(wanted), message, hint: 'deploy again', endsAfterMs: settleMs },
    ]);
  }
  const observed = numberAt(workload, 'status', 'observedGeneration');
  if (
    workload.kind !== 'Pod' &&
    workload.kind !== 'Job' &&
    (observed ?? 0) < (workload.metadata.generation ?? 0)
  ) {
    return pending('the controller to notice the change');
  }
  const waitingFor = missingToReady(workload, sorted, pods);
  if (waitingFor === undefined) {
    const since = unprobedSince(workload, sorted.newest);
    const ready: Verdict = { state: 'ready', waitingFor: '', causes: [], pods, olderReady };
    return since === undefined ? ready : { ...ready, unprobedSince: since };
  }
  const causes = [
    ...sorted.newest.flatMap((pod) => podCauses(pod, view.events, policy)),
    ...workloadCauses(view, workload, sorted, desired),
  ];
  if (workload.kind === 'Job') return pending(waitingFor, jobCauses(workload, causes));
  if (workload.kind !== 'Deployment') return pending(waitingFor, causes);
  return pending(waitingFor, stalledCauses(workload, withoutHope(causes, workload, sorted.older, desired)));
}

/** Causes that show in the workload itself or in the object that creates its pods. */
function workloadCauses(
  view: WorkloadView,
  workload: KubeObject,
  { newest, older, creator }: PodsByRevision,
  desired: number,
): Cause[] {
  const object = nameOf(workload);
  const causes: Cause[] = [];
  if (fieldAt(workload, 'spec', 'paused') === true) {
    const hint = `kubectl -n ${workload.metadata.namespace ?? 'default'} rollout resume ${object.toLowerCase()}`;
    causes.push({ kind: 'paused', object, message: 'is paused', hint, endsAfterMs: 0 });
  }
  if (creator !== undefined && newest.length < desired) {
    const event = newestEvent(
      view.events.filter((one) => stringAt(one, 'involvedObject', 'uid') === creator.metadata.uid),
      'FailedCreate',
    );
    const said = condition(creator, 'ReplicaFailure')?.message ?? stringAt(event, 'message');
    if (said !== undefined) causes.push(refusal(nameOf(creator), said));
  }
  if (workload.kind === 'StatefulSet' && newest.length < desired) {
    // The controller replaces pods one by one, and stops at the first that is not ready, even one of the older
    // revision.
    const stuck = older.find((pod) => !isReady(pod));
    if (stuck !== undefined) {
      const message = `waits for ${nameOf(stuck)} of the older revision, which is not ready itself`;
      const hint = `kubectl -n ${stuck.metadata.namespace ?? 'default'} delete pod ${stuck.metadata.name}`;
      causes.push({ kind: 'blocked', object, message, hint, endsAfterMs: 'deadline' });
    }
  }
  return causes;
}

/** The cause if the API server refuses a pod: a quota, a security policy, a missing service account. */
function refusal(object: string, said: string): Cause {
  const message = `cannot create pods: ${said.replace(/^Error creating: /, '').replace(/^pods "[^"]*" is forbidden: /, '')}`;
  let hint = 'the API server says why; run appdev render to see the pod template';
  if (/exceeded quota/.test(said))
    hint = 'lower replicas or resources.requests, or raise the quota: kubectl describe quota';
  if (/service ?account .{0,200}not found/i.test(said))
    hint = 'create the service account with the chart (serviceAccount.create), or fix its name';
  if (/PodSecurity/.test(said)) hint = 'set the securityContext that the namespace requires';
  return { kind: 'quota', object, message, hint, endsAfterMs: settleMs };
}

/**
 * The causes once the Deployment's own deadline has passed. Every other cause now explains that, and none waits any
 * longer.
 */
function stalledCauses(deployment: KubeObject, causes: readonly Cause[]): readonly Cause[] {
  if (condition(deployment, 'Progressing', 'False')?.reason !== 'ProgressDeadlineExceeded') return causes;
  if (causes.length > 0) return causes.map((cause) => ({ ...cause, endsAfterMs: 0 }));
  const seconds = numberAt(deployment, 'spec', 'progressDeadlineSeconds') ?? 600;
  const message = `made no progress for ${seconds} s (progressDeadlineSeconds)`;
  return [{ kind: 'progress-deadline', object: nameOf(deployment), message, endsAfterMs: 0 }];
}

/**
 * The causes of a job. A job restarts failed pods by its own rule (backoffLimit): it is lost when it says so, and its
 * last pod says why.
 */
function jobCauses(job: KubeObject, causes: readonly Cause[]): Cause[] {
  const lost = condition(job, 'Failed');
  const pods = causes.map((cause): Cause => {
    return cause.kind === 'crash' || cause.kind === 'oom'
      ? { ...cause, endsAfterMs: lost === undefined ? 'deadline' : 0 }
      : cause;
  });
  if (lost === undefined) return pods;
  const last = pods.findLast(({ endsAfterMs }) => endsAfterMs === 0);
  const message = `failed: ${lost.message ?? lost.reason ?? 'no reason given'}`;
  return last === undefined ? [{ kind: 'job-failed', object: nameOf(job), message, endsAfterMs: 0 }] : [last];
}

/**
 * Sort key: what ends the rollout first comes first. A pod's own words come before what its controller says about them.
 */
function gravity({ endsAfterMs, kind }: Cause): number {
  if (endsAfterMs === 'deadline') return kind === 'blocked' ? Infinity : Number.MAX_SAFE_INTEGER;
  return endsAfterMs;
}
