/** From the objects of a service to the labels that select its pods. Pure. */
import type { KubeObject } from '../cluster/types.ts';
import { workloadsIn } from '../deploy/objects.ts';
import { fieldsAt } from '../support/fields.ts';

/** One label selector for each workload, without duplicates. */
export function selectorsOf(objects: readonly KubeObject[]): readonly string[] {
  return [...new Set(workloadsIn(objects).flatMap((workload) => selectorOf(workload) ?? []))];
}

function selectorOf(workload: KubeObject): string | undefined {
  // A job's selector is made by the API server; its pods carry the job's name.
  if (workload.kind === 'Job') return `batch.kubernetes.io/job-name=${workload.metadata.name}`;
  const labels =
    workload.kind === 'Pod'
      ? (workload.metadata.labels ?? {})
      : fieldsAt(workload, 'spec', 'selector', 'matchLabels');
  const pairs = Object.entries(labels).map(([name, value]) => `${name}=${String(value)}`);
  return pairs.length === 0 ? undefined : pairs.join(',');
}
