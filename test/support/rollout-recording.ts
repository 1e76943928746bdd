/**
 * Recordings of what a cluster reported during a rollout: which set of objects was seen when. Made by the end-to-end
 * test from the real API server, replayed by the unit tests through the same judgement.
 */
import type { Cluster, KubeObject, Snapshot } from '../../src/cluster/types.ts';
import { judge, type Verdict } from '../../src/deploy/rollout/judge.ts';
import { workloadsIn } from '../../src/deploy/objects/kinds.ts';
import type { PodPolicy } from '../../src/deploy/rollout/causes/pod-causes.ts';
import { begun, step, type Decision } from '../../src/deploy/rollout/progress.ts';
import { queriesFor, viewOf } from '../../src/deploy/rollout/rollout.ts';
import { fieldsAt, listAt } from '../../src/support/fields.ts';

/** One change of one set: what came or changed, and the names of what went. */
export interface Frame {
  /** Milliseconds since the wait began. */
  readonly atMs: number;
  /** `Kind namespace`, as rollout.ts calls the set. */
  readonly set: string;
  readonly changed: readonly KubeObject[];
  readonly gone: readonly string[];
}

/** A rollout as it was seen. */
export interface Recording {
  /** Version of the API server. */
  readonly kubernetes: string;
  readonly restartsAllowed: number;
  readonly deadlineMs: number;
  /** The workloads as rendered. */
  readonly workloads: readonly KubeObject[];
  readonly frames: readonly Frame[];
}

/** A cluster that notes every change of every set that is followed through it. */
export function recording(cluster: Cluster, frames: Frame[]): Cluster {
  const started = performance.now();
  return {
    ...cluster,
    follow(query, handlers, signal) {
      const set = `${query.kind} ${query.namespace ?? ''}`;
      let before = new Map<string, KubeObject>();
      const onSnapshot = (objects: Snapshot): void => {
        const now = new Map(objects.map((object) => [object.metadata.name, object]));
        const changed = objects.filter(({ metadata }) => {
          return before.get(metadata.name)?.metadata.resourceVersion !== metadata.resourceVersion;
        });
        const gone = [...before.keys()].filter((name) => !now.has(name));
        before = now;
        const atMs = Math.round(performance.now() - started);
        frames.push({ atMs, set, changed: changed.map(stripped), gone });
        handlers.onSnapshot(objects);
      };
      cluster.follow(query, { ...handlers, onSnapshot }, signal);
    },
  };
}

/** Fields of a pod's spec and of its containers that no judgement reads; a recording is a file to keep. */
const unread = new Set([
  ...[
    'affinity',
    'enableServiceLinks',
    'nodeName',
    'preemptionPolicy',
    'priority',
    'schedulerName',
    'tolerations',
  ],
  ...['serviceAccount', 'serviceAccountName', 'securityContext', 'volumeMounts', 'dnsPolicy'],
  ...['terminationMessagePath', 'terminationMessagePolicy', 'imagePullPolicy'],
]);

/** An object without what no judgement reads. Templates stay whole: they are compared. */
function stripped(object: KubeObject): KubeObject {
  const metadata = { ...object.metadata, managedFields: undefined };
  if (object.kind !== 'Pod') return { ...object, metadata };
  const read = ([key]: [string, unknown]): boolean => !unread.has(key);
  const spec = Object.fromEntries(Object.entries(fieldsAt(object, 'spec')).filter(read));
  for (const list of ['containers', 'initContainers']) {
    if (!(list in spec)) continue;
    spec[list] = listAt(spec, list).map((one) =>
      Object.fromEntries(Object.entries(fieldsAt(one)).filter(read)),
    );
  }
  return { ...object, metadata, spec };
}

/** A recording as text: the first line says what it is of, each further one is a frame. */
export function toText({ frames, ...head }: Recording): string {
  return [head, ...frames].map((line) => `${JSON.stringify(line)}\n`).join('');
}

/** Reads what `toText` wrote. */
export function fromText(text: string): Recording {
  const [head, ...frames] = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown);
  return { ...(head as Omit<Recording, 'frames'>), frames: frames as Frame[] };
}

/** How a replay ended. */
export interface Replayed {
  readonly decision: Exclude<Decision, { kind: 'wait' }>;
  /** Milliseconds since the wait began. */
  readonly atMs: number;
  readonly warnings: readonly string[];
}

/**
 * Plays a recording: looks at every change, and between changes whenever the last look asked for it. After the last
 * frame nothing changes any more.
 */
export function replay({ workloads, frames, deadlineMs, restartsAllowed }: Recording): Replayed {
  const policy: PodPolicy = { restartsAllowed };
  const keys = Object.keys(queriesFor(workloads));
  const sets: Record<string, Snapshot> = {};
  const warnings: string[] = [];
  let progress = begun;
  let verdicts: readonly Verdict[] = [];
  let wakeAt = deadlineMs;

  const look = (atMs: number): Replayed | undefined => {
    const looked = step(progress, verdicts, atMs, deadlineMs);
    progress = looked.progress;
    if (looked.decision.kind !== 'wait') return { decision: looked.decision, atMs, warnings };
    warnings.push(...looked.decision.warnings.map(({ object, message }) => `${object}: ${message}`));
    wakeAt = atMs + looked.decision.lookAgainInMs;
    return undefined;
  };

  for (const frame of [...frames, undefined]) {
    // The looks that come before this frame.
    while (verdicts.length > 0 && (frame === undefined || wakeAt < frame.atMs)) {
      const end = look(wakeAt);
      if (end !== undefined) return end;
    }
    if (frame === undefined) break;
    const objects = new Map((sets[frame.set] ?? []).map((object) => [object.metadata.name, object]));
    for (const object of frame.changed) objects.set(object.metadata.name, object);
    for (const name of frame.gone) objects.delete(name);
    sets[frame.set] = [...objects.values()];
    if (!keys.every((key) => key in sets)) continue;
    verdicts = workloads.map((wanted) => judge(viewOf(wanted, sets), policy));
    const end = look(frame.atMs);
    if (end !== undefined) return end;
  }
  throw new Error('the recording shows nothing');
}

/** The workloads of rendered objects, as a recording keeps them: which they are, not what they ask for. */
export function workloadsOf(objects: readonly KubeObject[]): KubeObject[] {
  return workloadsIn(objects).map(({ apiVersion, kind, metadata: { name, namespace } }) => ({
    apiVersion,
    kind,
    metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
  }));
}
