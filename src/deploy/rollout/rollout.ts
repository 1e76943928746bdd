/**
 * Watches the workloads of a service until they run what was applied, or until it is known why they do not. Never
 * polls: it looks when the cluster reports a change, when a cause has lasted long enough, and at the deadline. If the
 * API server goes away, it waits until it is back.
 */
import type { WorkContext } from '../../build/types.ts';
import type { Cluster, KubeObject, ObjectQuery, Snapshot } from '../../cluster/types.ts';
import { cancelled, failed, ok, type Outcome } from '../../core/outcome.ts';
import { onAbort } from '../../support/abort.ts';
import { stripEscapes } from '../../support/process/lines.ts';
import { rolloutError } from './diagnosis.ts';
import { judge, type Verdict } from './judge.ts';
import { nameOf } from '../objects/kinds.ts';
import { observe } from '../live/observe.ts';
import type { PodPolicy } from './causes/pod-causes.ts';
import type { WorkloadView } from './newest.ts';
import { begun, steadyMs, step, type Decision } from './progress.ts';

/** What to wait for. */
export interface RolloutRequest {
  readonly service: string;
  /** The workloads as rendered, with their namespaces. */
  readonly workloads: readonly KubeObject[];
  readonly deadlineMs: number;
  readonly policy: PodPolicy;
}

/** How many lines of a crashed container's log are read. */
const logLines = 60;

/**
 * Waits for a rollout. Fails with ROLLOUT_FAILED and the cause, or with CLUSTER_UNREACHABLE if the state is unknown.
 */
export async function awaitRollout(
  request: RolloutRequest,
  cluster: Cluster,
  { signal, report }: WorkContext,
): Promise<Outcome<readonly Verdict[]>> {
  const { workloads } = request;
  if (workloads.length === 0) return ok([]);
  const end = await watch(request, cluster, { signal, report });
  if (end === undefined) return cancelled(signal);
  const { decision, verdicts, unreachable } = end;
  if (decision.kind === 'ready') return ok(verdicts);
  if (decision.kind === 'deadline' && unreachable !== undefined) {
    const message = `the rollout of ${request.service} cannot be seen: ${unreachable}`;
    return failed('CLUSTER_UNREACHABLE', message, {
      hint: 'its state is unknown: run appdev status when the cluster is back',
    });
  }
  const index = verdicts.indexOf(decision.verdict);
  const workload = workloads[index];
  if (workload === undefined) return failed('INTERNAL', `a verdict on no workload of ${request.service}`);
  const { cause } = decision;
  const namespace = workload.metadata.namespace ?? cluster.identity.namespace;
  const error = rolloutError({
    service: request.service,
    workload: nameOf(workload),
    namespace,
    context: cluster.identity.context,
    waitingFor: decision.verdict.waitingFor,
    olderReady: decision.verdict.olderReady,
    log: cause === undefined ? [] : await logOf(cluster, namespace, cause, signal),
    ...(cause === undefined ? {} : { cause }),
    ...(decision.kind === 'deadline' ? { deadlineMs: request.deadlineMs } : {}),
  });
  return { kind: 'failed', error };
}

/** How the watch ended; undefined if it was cancelled. */
interface WatchEnd {
  readonly decision: Exclude<Decision, { kind: 'wait' }>;
  /** One for each workload, in the same order. */
  readonly verdicts: readonly Verdict[];
  /** Why the API server could not be reached at the end; absent if it could. */
  readonly unreachable?: string;
}

async function watch(
  { service, workloads, deadlineMs, policy }: RolloutRequest,
  cluster: Cluster,
  { signal, report }: WorkContext,
): Promise<WatchEnd | undefined> {
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  const started = performance.now();
  let progress = begun;
  // The first list reads the latest state (no resourceVersion), so it shows what was just applied.
  let views: readonly WorkloadView[] | undefined;
  let unreachable: string | undefined;
  let timer: NodeJS.Timeout | undefined;

  const end = await new Promise<WatchEnd | undefined>((resolve) => {
    const look = (): void => {
      clearTimeout(timer);
      if (both.aborted) return;
      const verdicts =
        views === undefined ? workloads.map(unseen) : views.map((view) => aged(judge(view, policy)));
      const looked = step(progress, verdicts, performance.now() - started, deadlineMs);
      progress = looked.progress;
      const { decision } = looked;
      if (decision.kind !== 'wait') {
        resolve({ decision, verdicts, ...(unreachable === undefined ? {} : { unreachable }) });
        return;
      }
      for (const { object, message } of decision.warnings)
        report.output('rollout', 'stderr', `${object}: ${message}`);
      timer = setTimeout(look, decision.lookAgainInMs);
    };
    onAbort(both, () => resolve(undefined));
    observe(
      cluster,
      queriesFor(workloads),
      {
        onChange: (sets) => {
          views = workloads.map((wanted) => viewOf(wanted, sets));
          look();
        },
        onLost: (reason) => {
          unreachable = reason;
          report.output('rollout', 'stderr', `${reason}; waiting for it to come back`);
        },
        onRegained: () => {
          unreachable = undefined;
          report.output('rollout', 'stderr', `the API server is back; watching ${service} again`);
        },
      },
      both,
    );
    timer = setTimeout(look, deadlineMs);
  });
  clearTimeout(timer);
  stop.abort();
  return end;
}

/**
 * Allowed difference between this machine's clock and the node's, in milliseconds. Local clusters run on this machine.
 */
const clockSkewMs = 2_000;

/** The verdict on containers that have run long enough, so there is nothing left to wait for. */
function aged(verdict: Verdict): Verdict {
  const { unprobedSince, ...rest } = verdict;
  if (unprobedSince === undefined) return verdict;
  return Date.now() - Date.parse(unprobedSince) > steadyMs + clockSkewMs ? rest : verdict;
}

/** The queries to follow in order to judge these workloads. */
export function queriesFor(workloads: readonly KubeObject[]): Readonly<Record<string, ObjectQuery>> {
  const queries: Record<string, ObjectQuery> = {};
  const add = (apiVersion: string, kind: string, namespace: string | undefined): void => {
    queries[`${kind} ${namespace ?? ''}`] = {
      apiVersion,
      kind,
      ...(namespace === undefined ? {} : { namespace }),
    };
  };
  for (const { apiVersion, kind, metadata } of workloads) {
    add(apiVersion, kind, metadata.namespace);
    add('v1', 'Pod', metadata.namespace);
    add('v1', 'Event', metadata.namespace);
    if (kind === 'Deployment') add('apps/v1', 'ReplicaSet', metadata.namespace);
    if (kind === 'DaemonSet') add('apps/v1', 'ControllerRevision', metadata.namespace);
  }
  return queries;
}

/** The part of the followed sets that concerns one workload. */
export function viewOf(wanted: KubeObject, sets: Readonly<Record<string, Snapshot>>): WorkloadView {
  const of = (kind: string): Snapshot => sets[`${kind} ${wanted.metadata.namespace ?? ''}`] ?? [];
  return {
    wanted,
    workload: of(wanted.kind).find(({ metadata }) => metadata.name === wanted.metadata.name),
    replicaSets: of('ReplicaSet'),
    revisions: of('ControllerRevision'),
    pods: of('Pod'),
    events: of('Event'),
  };
}

/** The verdict until the API server has answered: nothing is known yet. */
function unseen(wanted: KubeObject): Verdict {
  return {
    state: 'pending',
    waitingFor: `${nameOf(wanted)} to be seen`,
    causes: [],
    pods: { ready: 0, desired: 0, restarts: 0, phase: 'Pending' },
    olderReady: 0,
  };
}

/** The last lines of the log that explains a cause; empty if there is no log. */
async function logOf(
  cluster: Cluster,
  namespace: string,
  {
    pod,
    container,
    log,
  }: { readonly pod?: string; readonly container?: string; readonly log?: 'previous' | 'current' },
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (pod === undefined || container === undefined || log === undefined) return [];
  const read = async (previous: boolean): Promise<string[]> => {
    const lines: string[] = [];
    const request = { namespace, pod, container, follow: false, previous, tailLines: logLines };
    await cluster.logs(request, (line) => lines.push(stripEscapes(line)), signal);
    return lines;
  };
  // The kubelet may already have removed the earlier container, or not yet have started the later one.
  const wanted = await read(log === 'previous');
  return wanted.length > 0 ? wanted : await read(log !== 'previous');
}
