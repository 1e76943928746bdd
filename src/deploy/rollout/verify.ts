/**
 * The last check of a deploy: does what was built run? It looks at the pods themselves, after the rollout. It compares
 * the digest in the pod's spec, which the node cannot satisfy with anything else. The `imageID` that a node reports is
 * no use, because it may be another registry's name for the same content.
 */
import type { Cluster, KubeObject } from '../../cluster/types.ts';
import type { Artifact } from '../../core/events.ts';
import { failed, ok, type Outcome } from '../../core/outcome.ts';
import { imagesNamed, isReferenceTo, referenceOf } from '../objects/images.ts';
import { podsByRevision } from './newest.ts';
import { containersOf, isReady, nameOf, podSpecOf, workloadsIn } from '../objects/kinds.ts';
import { imagesOf } from './pods.ts';
import { placed } from '../record/release.ts';
import { queriesFor, viewOf } from './rollout.ts';
import { stringAt } from '../../support/fields.ts';
import type { Rendered } from '../types.ts';

/**
 * Checks the pods of every workload that uses one of the artifacts. Without an artifact there is nothing to check.
 * Fails if a pod runs another image, or if no pod is ready.
 */
export async function verifyDeployed(
  rendered: Rendered,
  cluster: Cluster,
  signal: AbortSignal,
): Promise<Outcome<void>> {
  for (const used of imagesNamed(rendered)) {
    const verified = await verifyArtifact(rendered, used, cluster, signal);
    if (verified.kind !== 'ok') return verified;
  }
  return ok(undefined);
}

async function verifyArtifact(
  rendered: Rendered,
  artifact: Artifact,
  cluster: Cluster,
  signal: AbortSignal,
): Promise<Outcome<void>> {
  const uses = (workload: KubeObject): boolean =>
    containersOf(podSpecOf(workload)).some((one) => isReferenceTo(stringAt(one, 'image') ?? '', artifact));
  const workloads = placed(workloadsIn(rendered.objects), rendered.namespace).filter(uses);
  const sets: Record<string, readonly KubeObject[]> = {};
  for (const [key, query] of Object.entries(queriesFor(workloads))) {
    if (query.kind === 'Event') continue;
    const listed = await cluster.list(query, signal);
    if (listed.kind !== 'ok') return listed;
    sets[key] = listed.value;
  }
  for (const workload of workloads) {
    // A job's pods have ended, and they are gone if the job deletes itself.
    if (workload.kind === 'Job') continue;
    const { newest, older } = podsByRevision(viewOf(workload, sets));
    const serving = [...newest, ...older].filter(isReady);
    const wrong = serving.find((pod) => !imagesOf([pod]).some((image) => isReferenceTo(image, artifact)));
    const wanted = referenceOf(artifact);
    if (wrong !== undefined) {
      const message = `${nameOf(wrong)} of ${nameOf(workload)} runs ${imagesOf([wrong]).join(', ')}, not ${wanted}`;
      return failed('VERIFY_FAILED', message, { hint: `appdev deploy ${rendered.service}` });
    }
    if (serving.length === 0 && workloadReplicas(workload, sets) > 0) {
      return failed('VERIFY_FAILED', `no pod of ${nameOf(workload)} is ready to serve ${wanted}`, {
        hint: `appdev status ${rendered.service}`,
      });
    }
  }
  return ok(undefined);
}

/** How many pods the live workload wants. If it is scaled to zero, no pod needs to run. */
function workloadReplicas(wanted: KubeObject, sets: Readonly<Record<string, readonly KubeObject[]>>): number {
  const spec = viewOf(wanted, sets).workload?.['spec'] as { readonly replicas?: number } | undefined;
  return spec?.replicas ?? 1;
}
