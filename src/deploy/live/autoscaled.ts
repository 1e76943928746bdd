/**
 * Leaves the number of replicas to an autoscaler: where a HorizontalPodAutoscaler targets a workload, what the manifest
 * says counts for the first deploy only. The autoscaler may be rendered with the workload, or be in the cluster already
 * (made by `kubectl autoscale`, by KEDA).
 */
import { refOf } from '../../cluster/ref.ts';
import type { Cluster, KubeObject } from '../../cluster/types.ts';
import { ok, type Outcome } from '../../core/outcome.ts';
import { fieldsAt, listAt, numberAt, stringAt } from '../../support/fields.ts';
import { ownsReplicas, type Pair } from './drift.ts';
import { identityOf } from '../objects/kinds.ts';

/** Identities of the workloads whose number of replicas an autoscaler decides. */
export type Autoscaled = ReadonlySet<string>;

const autoscaler = { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler' };

/** Finds the autoscaled ones among the pairs. Asks the cluster only where a pair says how many replicas there are to be. */
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
    // Who may deploy need not be allowed to read autoscalers; then those that are rendered count.
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

/** The wanted object with as many replicas as there are, where an autoscaler decides that. */
export function withLiveReplicas({ wanted, live }: Pair, autoscaled: Autoscaled): KubeObject {
  const replicas = numberAt(live, 'spec', 'replicas');
  if (replicas === undefined || numberAt(wanted, 'spec', 'replicas') === undefined) return wanted;
  if (!autoscaled.has(identityOf(refOf(wanted)))) return wanted;
  return { ...wanted, spec: { ...fieldsAt(wanted, 'spec'), replicas } };
}

/**
 * The same, for an apply by `manager`: without the field where that manager does not own it any more, so that what the
 * autoscaler does next is no change of ours. Where it does own it, leaving it out would set it to the default, 1.
 */
export function leftToAutoscaler(pair: Pair, autoscaled: Autoscaled, manager: string): KubeObject {
  const kept = withLiveReplicas(pair, autoscaled);
  if (kept === pair.wanted) return kept;
  const entries = listAt(pair.live, 'metadata', 'managedFields');
  if (entries.some((entry) => stringAt(entry, 'manager') === manager && ownsReplicas(entry))) return kept;
  const { replicas: _left, ...spec } = fieldsAt(kept, 'spec');
  return { ...kept, spec };
}
