/** Tells where a service's pods are, and by which labels they are found, from its objects. Pure. */
import type { KubeObject } from '../../cluster/types.ts';
import { podMakersIn, podSpecOf } from '../../deploy/objects/kinds.ts';
import { fieldsAt, listAt, numberAt } from '../../support/fields.ts';

/** The pods of one workload. */
export interface PodsOf {
  readonly namespace: string;
  /** Label selector. */
  readonly selector: string;
}

/**
 * The pods of each workload, hook and CronJob, without duplicates. A manifest may name another namespace than the
 * service's; its pods are followed there. A CronJob is known by the labels of its pods: without any, its pods cannot be
 * found, and where another selector finds them too, one is enough.
 *
 * @param fallback the namespace of objects that name none
 */
export function podsIn(objects: readonly KubeObject[], fallback: string): readonly PodsOf[] {
  const placeOf = (object: KubeObject): string => object.metadata.namespace ?? fallback;
  const makers = podMakersIn(objects).flatMap((maker): PodsOf[] => {
    const selector = selectorOf(maker);
    return selector === undefined ? [] : [{ namespace: placeOf(maker), selector }];
  });
  const isKnown = (namespace: string, pairs: readonly string[]): boolean =>
    makers.some(
      (one) => one.namespace === namespace && one.selector.split(',').every((pair) => pairs.includes(pair)),
    );
  const scheduled = objects
    .filter(({ kind, apiVersion }) => kind === 'CronJob' && apiVersion.startsWith('batch/'))
    .flatMap((job): PodsOf[] => {
      const pairs = pairsOf(fieldsAt(job, 'spec', 'jobTemplate', 'spec', 'template', 'metadata', 'labels'));
      const namespace = placeOf(job);
      return pairs.length === 0 || isKnown(namespace, pairs)
        ? []
        : [{ namespace, selector: pairs.join(',') }];
    });
  return [
    ...new Map([...makers, ...scheduled].map((one) => [`${one.namespace} ${one.selector}`, one])).values(),
  ];
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
  const pairs = pairsOf(labels);
  return pairs.length === 0 ? undefined : pairs.join(',');
}

function pairsOf(labels: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(labels).map(([name, value]) => `${name}=${String(value)}`);
}
