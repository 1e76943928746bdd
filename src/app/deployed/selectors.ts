/** Tells where a service's pods are, and by which labels they are found, from its objects. Pure. */
import type { KubeObject } from '../../cluster/types.ts';
import { podSpecOf, workloadsIn } from '../../deploy/objects/kinds.ts';
import { fieldsAt, listAt, numberAt } from '../../support/fields.ts';

/** The pods of one workload. */
export interface PodsOf {
  readonly namespace: string;
  /** Label selector. */
  readonly selector: string;
}

/**
 * The pods of each workload, without duplicates. A manifest may name another namespace than the service's; its pods are
 * followed there.
 *
 * @param fallback the namespace of objects that name none
 */
export function podsIn(objects: readonly KubeObject[], fallback: string): readonly PodsOf[] {
  const all = workloadsIn(objects).flatMap((workload) => {
    const selector = selectorOf(workload);
    const { namespace = fallback } = workload.metadata;
    return selector === undefined ? [] : [[`${namespace} ${selector}`, { namespace, selector }] as const];
  });
  return [...new Map(all).values()];
}

/**
 * The pods that a port belongs to: those of the first workload whose containers declare the port. If none does, it is
 * the first workload, because a port need not be declared.
 */
export function podsWithPort(
  workloads: readonly KubeObject[],
  port: number,
  fallback: string,
): PodsOf | undefined {
  const declares = (workload: KubeObject): boolean =>
    listAt(podSpecOf(workload), 'containers').some((container) =>
      listAt(container, 'ports').some((declared) => numberAt(declared, 'containerPort') === port),
    );
  return podsIn([...workloads.filter(declares), ...workloads], fallback).at(0);
}

function selectorOf(workload: KubeObject): string | undefined {
  // The API server makes a job's selector. But its pods have a label with the job's name.
  if (workload.kind === 'Job') return `batch.kubernetes.io/job-name=${workload.metadata.name}`;
  const labels =
    workload.kind === 'Pod'
      ? (workload.metadata.labels ?? {})
      : fieldsAt(workload, 'spec', 'selector', 'matchLabels');
  const pairs = Object.entries(labels).map(([name, value]) => `${name}=${String(value)}`);
  return pairs.length === 0 ? undefined : pairs.join(',');
}
