/**
 * Looks at the objects of a release in the cluster before an upgrade: whether they are still what was deployed, what
 * others have changed in them, and how many replicas an autoscaler has set. Writes nothing.
 */
import { refOf, type Cluster, type KubeObject } from '../../../cluster/types.ts';
import { ok, type Outcome } from '../../../core/outcome.ts';
import { numberAt, stringAt } from '../../../support/fields.ts';
import { findAutoscaled, withLiveReplicas } from '../../live/autoscaled.ts';
import { findDrift, type Drift, type Pair } from '../../live/drift.ts';
import { removesItself } from '../../objects/frozen.ts';
import { containersOf, homed, identityOf, isHook, podSpecOf, workloadsIn } from '../../objects/kinds.ts';
import type { Rendered } from '../../types.ts';

/** Field manager of Helm 3 and 4. */
export const helmManager = 'helm';

/** The objects of a release, rendered and live. */
export interface LiveRelease {
  /** As Helm sends them, without hooks. If an autoscaler decides, with the live number of replicas. */
  readonly wanted: readonly KubeObject[];
  /** What others have changed. */
  readonly drifts: readonly Drift[];
  /** Replicas that differ from the chart's because an autoscaler decides, by the identity of the workload. */
  readonly replicas: ReadonlyMap<string, number>;
  /**
   * True if every workload exists and has the images and replicas that it should have. A Job that has ended and deleted
   * itself counts as there.
   */
  readonly intact: boolean;
}

/**
 * Reads the objects of a release. Objects without the release's annotations are left out: Helm itself reports those.
 */
export async function lookAtRelease(
  rendered: Rendered,
  release: string,
  cluster: Cluster,
  signal: AbortSignal,
): Promise<Outcome<LiveRelease>> {
  const { namespace } = rendered;
  const objects = homed(
    rendered.objects.filter((object) => !isHook(object)),
    namespace,
  ).map((object) => withHelmMarks(object, release, namespace));
  const lives = await Promise.all(objects.map(async (object) => await cluster.get(refOf(object), signal)));
  const pairs: Pair[] = [];
  for (const [index, wanted] of objects.entries()) {
    const live = lives[index];
    if (live === undefined) continue;
    if (live.kind !== 'ok') return live;
    if (live.value !== undefined && isOfRelease(live.value, release, namespace))
      pairs.push({ wanted, live: live.value });
  }
  const autoscaled = await findAutoscaled(pairs, objects, cluster, signal);
  if (autoscaled.kind !== 'ok') return autoscaled;
  const kept = pairs.map((pair) => ({ ...pair, wanted: withLiveReplicas(pair, autoscaled.value) }));
  const drifts = await findDrift(kept, helmManager, cluster, signal);
  if (drifts.kind !== 'ok') return drifts;
  const settled = new Map(kept.map((pair) => [identityOf(refOf(pair.wanted)), pair]));
  const replicas = new Map<string, number>();
  for (const { wanted } of pairs) {
    const identity = identityOf(refOf(wanted));
    const now = numberAt(settled.get(identity)?.wanted, 'spec', 'replicas');
    if (now !== undefined && now !== numberAt(wanted, 'spec', 'replicas')) replicas.set(identity, now);
  }
  return ok({
    wanted: objects.map((object) => settled.get(identityOf(refOf(object)))?.wanted ?? object),
    drifts: drifts.value,
    replicas,
    intact: workloadsIn(objects).every((workload) => {
      const pair = settled.get(identityOf(refOf(workload)));
      return pair === undefined ? removesItself(workload) : isSame(pair);
    }),
  });
}

function isSame({ wanted, live }: Pair): boolean {
  const replicas = numberAt(wanted, 'spec', 'replicas');
  const scaled = replicas !== undefined && replicas !== numberAt(live, 'spec', 'replicas');
  return !scaled && imagesOf(wanted) === imagesOf(live);
}

function imagesOf(workload: KubeObject): string {
  const containers = containersOf(podSpecOf(workload));
  return JSON.stringify(
    containers.map((container) => [stringAt(container, 'name'), stringAt(container, 'image')]),
  );
}

/** Annotations by which Helm knows the objects of a release. */
const marks = { release: 'meta.helm.sh/release-name', namespace: 'meta.helm.sh/release-namespace' };

/** True if a live object says that it belongs to the release. */
export function isOfRelease({ metadata }: KubeObject, release: string, namespace: string): boolean {
  const { annotations = {} } = metadata;
  return annotations[marks.release] === release && annotations[marks.namespace] === namespace;
}

/** The object with what Helm adds to each object of a release to recognise it. */
function withHelmMarks(object: KubeObject, release: string, namespace: string): KubeObject {
  const { labels, annotations } = object.metadata;
  return {
    ...object,
    metadata: {
      ...object.metadata,
      labels: { ...labels, 'app.kubernetes.io/managed-by': 'Helm' },
      annotations: { ...annotations, [marks.release]: release, [marks.namespace]: namespace },
    },
  };
}
