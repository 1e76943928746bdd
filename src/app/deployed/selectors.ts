/** Makes label selectors for a service's pods from its objects. Pure. */
import type { KubeObject } from '../../cluster/types.ts';
import { podMakersIn, podSpecOf } from '../../deploy/objects/kinds.ts';
import { fieldsAt, listAt, numberAt } from '../../support/fields.ts';

/**
 * One label selector for each workload, hook and CronJob, without duplicates. A CronJob is known by the labels of its
 * pods: without any, its pods cannot be found, and where another selector finds them too, one is enough.
 */
export function selectorsOf(objects: readonly KubeObject[]): readonly string[] {
  const makers = podMakersIn(objects).flatMap((maker) => selectorOf(maker) ?? []);
  const known = makers.map((selector) => selector.split(','));
  const scheduled = objects
    .filter(({ kind, apiVersion }) => kind === 'CronJob' && apiVersion.startsWith('batch/'))
    .map((job) => pairsOf(fieldsAt(job, 'spec', 'jobTemplate', 'spec', 'template', 'metadata', 'labels')))
    .filter(
      (pairs) => pairs.length > 0 && !known.some((other) => other.every((pair) => pairs.includes(pair))),
    )
    .map((pairs) => pairs.join(','));
  return [...new Set([...makers, ...scheduled])];
}

/**
 * The selector of the workload that a port belongs to: the first whose containers declare the port. If none does, it is
 * the first workload, because a port need not be declared.
 */
export function selectorOfPort(workloads: readonly KubeObject[], port: number): string | undefined {
  const declares = (workload: KubeObject): boolean =>
    listAt(podSpecOf(workload), 'containers').some((container) =>
      listAt(container, 'ports').some((declared) => numberAt(declared, 'containerPort') === port),
    );
  return selectorsOf([...workloads.filter(declares), ...workloads]).at(0);
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
