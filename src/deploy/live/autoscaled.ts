/**
 * Leaves the number of replicas to an autoscaler. If a HorizontalPodAutoscaler targets a workload, the number in the
 * manifest counts for the first deploy only. The autoscaler may be rendered with the workload, or may already be in the
 * cluster (made by `kubectl autoscale` or by KEDA).
 */
import { refOf, type Cluster, type KubeObject } from '../../cluster/types.ts';
import { ok, type Outcome } from '../../core/outcome.ts';
import { fieldsAt, listAt, numberAt, stringAt } from '../../support/fields.ts';
import { ownsReplicas, type Pair } from './drift.ts';
import { identityOf } from '../objects/kinds.ts';

/** Identities of the workloads whose number of replicas an autoscaler decides. */
export type Autoscaled = ReadonlySet<string>;

const autoscaler = { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler' };

/** Finds the autoscaled workloads among the pairs. Asks the cluster only if a pair sets a number of replicas. */
export async function findAutoscaled(
  pairs: readonly Pair[],
  rendered: readonly KubeObject[],
  cluster: Cluster,
  signal: AbortSignal,
): Promise<Outcome<Autoscaled>> {
  const scalable = pairs.filter(({ wanted }) => numberAt(wanted, 'spec', 'replicas') !== undefined);
  const namespaces = new Set(scalable.map(({ live }) => live.metadata.namespace ?? ''));
  const found = rendered.filter(({ kind }) => kind === autoscaler.kind);
  for (const namespace of namespaces) {
    const listed = await cluster.list({ ...autoscaler, namespace }, signal);
    if (listed.kind === 'cancelled') return listed;
    // Someone who may deploy is not always allowed to read autoscalers. Then only the rendered ones count.
    if (listed.kind === 'failed' && listed.error.code !== 'CLUSTER_DENIED') return listed;
    if (listed.kind === 'ok') found.push(...listed.value);
  }
  return ok(new Set(found.map(targetOf)));
}

function targetOf(one: KubeObject): string {
  const target = fieldsAt(one, 'spec', 'scaleTargetRef');
  return identityOf({
    apiVersion: stringAt(target, 'apiVersion') ?? 'apps/v1',
    kind: stringAt(target, 'kind') ?? '',
    name: stringAt(target, 'name') ?? '',
    ...(one.metadata.namespace === undefined ? {} : { namespace: one.metadata.namespace }),
  });
}

/** The wanted object, with the live number of replicas if an autoscaler decides it. */
export function withLiveReplicas({ wanted, live }: Pair, autoscaled: Autoscaled): KubeObject {
  const replicas = numberAt(live, 'spec', 'replicas');
  if (replicas === undefined || numberAt(wanted, 'spec', 'replicas') === undefined) return wanted;
  if (!autoscaled.has(identityOf(refOf(wanted)))) return wanted;
  return { ...wanted, spec: { ...fieldsAt(wanted, 'spec'), replicas } };
}

/**
 * The wanted object as `manager` should apply it. If that manager no longer owns the number of replicas, the field is
 * left out, so the autoscaler's next change does not look like ours. If it still owns the field, leaving it out would
 * reset it to 1, so the live number is sent.
 */
export function leftToAutoscaler(pair: Pair, autoscaled: Autoscaled, manager: string): KubeObject {
  const kept = withLiveReplicas(pair, autoscaled);
  if (kept === pair.wanted) return kept;
  const entries = listAt(pair.live, 'metadata', 'managedFields');
  if (entries.some((entry) => stringAt(entry, 'manager') === manager && ownsReplicas(entry))) return kept;
  const { replicas: _left, ...spec } = fieldsAt(kept, 'spec');
  return { ...kept, spec };
}
