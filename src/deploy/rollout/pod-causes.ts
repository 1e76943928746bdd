/**
 * Finds what is wrong with one pod, from its status and its events. Pure: the same objects always give the same causes.
 * How long a cause has lasted is up to progress.ts.
 */
import type { KubeObject } from '../../cluster/types.ts';
import { fieldAt, listAt, numberAt, stringAt } from '../../support/fields.ts';
import type { Cause } from './cause.ts';
import {
  exitCodeText,
  newestEvent,
  runtimeWords,
  type ContainerView,
  type Finding,
} from './container-view.ts';
import { pullCause } from './pull-cause.ts';
import { isReady } from './newest.ts';
import { containersOf, nameOf } from '../objects/kinds.ts';
import { probeCause } from './probe-cause.ts';

/** How tolerant the judgement is. */
export interface PodPolicy {
  /** Container restarts that are forgiven: a Spring app may start before its database. */
  readonly restartsAllowed: number;
}

/**
 * How long a fault may last, in milliseconds, if the arrival of another object would fix it. Examples: a Secret that a
 * controller writes, or a service account that is created at the same moment.
 */
export const settleMs = 5_000;

/**
 * After how many milliseconds without a node to warn. Waiting for a node is normal while an old pod leaves, and earlier
 * warnings would be noise.
 */
const unschedulableWarningMs = 15_000;

/** Every cause that one pod shows. */
export function podCauses(pod: KubeObject, allEvents: readonly KubeObject[], policy: PodPolicy): Cause[] {
  if (isReady(pod)) return [];
  const events = allEvents.filter((event) => stringAt(event, 'involvedObject', 'uid') === pod.metadata.uid);
  const containers = containersOf(pod['spec']);
  const causes: Cause[] = [];
  for (const [list, called] of [
    ['initContainerStatuses', 'init container'],
    ['containerStatuses', 'container'],
  ] as const) {
    for (const status of listAt(pod, 'status', list)) {
      const name = stringAt(status, 'name') ?? '';
      const cause = containerCause(
        {
          pod,
          name,
          spec: containers.find((container) => stringAt(container, 'name') === name),
          status,
          events: events.filter((event) =>
            stringAt(event, 'involvedObject', 'fieldPath')?.endsWith(`{${name}}`),
          ),
          called: `${called} ${name}`,
        },
        policy,
      );
      if (cause !== undefined)
        causes.push({ ...cause, object: nameOf(pod), pod: pod.metadata.name, container: name });
    }
  }
  const placement = placementCause(pod, events);
  if (placement !== undefined) causes.push({ ...placement, object: nameOf(pod), pod: pod.metadata.name });
  return causes;
}

function containerCause(view: ContainerView, policy: PodPolicy): Finding | undefined {
  const { status, called } = view;
  const reason = stringAt(status, 'state', 'waiting', 'reason') ?? '';
  const message = stringAt(status, 'state', 'waiting', 'message') ?? '';
  if (/Image|Registry/.test(reason)) return pullCause(view, reason, message);
  if (reason === 'CreateContainerConfigError') {
    return {
      kind: 'config',
      message: `${called} cannot be created: ${message}`,
      hint: configHint(message),
      endsAfterMs: settleMs,
    };
  }
  if (reason === 'CreateContainerError' || reason === 'RunContainerError') {
    return {
      kind: 'config',
      message: `${called} cannot start: ${runtimeWords(message)}`,
      hint: 'fix its command or the image; run appdev render to see what was deployed',
      // A program that is missing in the image will not appear there later.
      endsAfterMs: /no such file|not found|permission denied/i.test(message) ? 0 : settleMs,
    };
  }
  return crashCause(view, policy) ?? probeCause(view);
}

function crashCause(view: ContainerView, policy: PodPolicy): Finding | undefined {
  const { status, spec, called } = view;
  const now = failedEnd(view, 'state');
  const last = now ?? failedEnd(view, 'lastState');
  if (last === undefined) return undefined;
  const backingOff = stringAt(status, 'state', 'waiting', 'reason') === 'CrashLoopBackOff';
  // A container that ended and was not started again has ended once more than it was restarted.
  const ends = (numberAt(status, 'restartCount') ?? 0) + (now !== undefined || backingOff ? 1 : 0);
  const log = now === undefined ? 'previous' : 'current';
  if (stringAt(last, 'reason') === 'OOMKilled') {
    const limit = stringAt(spec, 'resources', 'limits', 'memory');
    return {
      kind: 'oom',
      message: `${called} needed more memory than its limit${limit === undefined ? '' : ` of ${limit}`} and was killed`,
      hint: 'raise resources.limits.memory, or give the JVM less of it with -XX:MaxRAMPercentage (by default a quarter is for its heap)',
      endsAfterMs: 0,
      log,
    };
  }
  const times = ends === 1 ? 'once' : `${ends} times`;
  const endsAfterMs = ends > policy.restartsAllowed ? 0 : 'deadline';
  const killedBy = probeThatKilled(view);
  if (killedBy !== undefined) {
    const probe = probeCause(view, killedBy);
    const message = `${probe?.message ?? `${called} fails its ${killedBy} probe`}; it was restarted ${times} because of that`;
    const hint = probe?.hint === undefined ? {} : { hint: probe.hint };
    return { kind: 'probe', message, ...hint, endsAfterMs, log };
  }
  const said = stringAt(last, 'reason') === 'StartError' ? stringAt(last, 'message') : undefined;
  const words = said === undefined ? exitCodeText(numberAt(last, 'exitCode') ?? 0) : runtimeWords(said);
  return { kind: 'crash', message: `${called} ended ${times}: ${words}`, endsAfterMs, log };
}

/** The end of a container's present or last run; undefined if that end was in order. */
function failedEnd({ pod, spec, status, called }: ContainerView, run: 'state' | 'lastState'): unknown {
  const ended = fieldAt(status, run, 'terminated');
  if (ended === undefined) return undefined;
  const restarts = called.startsWith('init ')
    ? stringAt(spec, 'restartPolicy')
    : (stringAt(pod, 'spec', 'restartPolicy') ?? 'Always');
  return numberAt(ended, 'exitCode') !== 0 || restarts === 'Always' ? ended : undefined;
}

/**
 * The probe because of which the kubelet killed the container's last run; undefined if the container ended by itself.
 */
function probeThatKilled({ events }: ContainerView): 'liveness' | 'startup' | undefined {
  for (const event of events) {
    if (stringAt(event, 'reason') !== 'Killing') continue;
    const match = /failed (liveness|startup) probe/.exec(stringAt(event, 'message') ?? '');
    if (match !== null) return match[1] as 'liveness' | 'startup';
  }
  return undefined;
}

/** Why the pod has no place to run: scheduling, volumes, or its network sandbox. Undefined if it has one. */
function placementCause(pod: KubeObject, events: readonly KubeObject[]): Finding | undefined {
  const scheduled = listAt(pod, 'status', 'conditions').find(
    (one) => stringAt(one, 'type') === 'PodScheduled',
  );
  if (stringAt(scheduled, 'status') === 'False') {
    return {
      kind: 'unschedulable',
      message: `finds no node: ${stringAt(scheduled, 'message') ?? stringAt(scheduled, 'reason') ?? 'no reason given'}`,
      hint: 'lower resources.requests, or make room: kubectl get pods -A --sort-by=.metadata.creationTimestamp',
      endsAfterMs: 'deadline',
      warnAfterMs: unschedulableWarningMs,
    };
  }
  if (
    stringAt(pod, 'status', 'phase') === 'Failed' &&
    listAt(pod, 'status', 'containerStatuses').length === 0
  ) {
    const why = stringAt(pod, 'status', 'message') ?? stringAt(pod, 'status', 'reason') ?? 'no reason given';
    return { kind: 'evicted', message: `was rejected by its node: ${why}`, endsAfterMs: 'deadline' };
  }
  // Once a container runs, its volumes and its network exist, and older events about them are history.
  const started = listAt(pod, 'status', 'containerStatuses').some(
    (one) => fieldAt(one, 'state', 'waiting') === undefined,
  );
  if (started) return undefined;
  const mount = newestEvent(events, 'FailedMount', 'FailedAttachVolume');
  if (mount !== undefined) {
    const message = stringAt(mount, 'message') ?? '';
    const missing = /(configmap|secret|persistentvolumeclaim) .*not found|references non-existent/i.test(
      message,
    );
    return {
      kind: 'volume',
      message: `cannot mount a volume: ${message.replace(/^MountVolume\.SetUp failed for volume /, '')}`,
      ...(missing ? { hint: configHint(message) } : {}),
      endsAfterMs: missing ? settleMs : 'deadline',
    };
  }
  const sandbox = newestEvent(events, 'FailedCreatePodSandBox');
  if (sandbox === undefined) return undefined;
  const message = runtimeWords(stringAt(sandbox, 'message') ?? '');
  return {
    kind: 'sandbox',
    message: `cannot get its network or its sandbox: ${message}`,
    endsAfterMs: 'deadline',
  };
}

function configHint(message: string): string {
  const missing = /(configmap|secret|persistentvolumeclaim)s? "([^"]+)" not found/i.exec(message);
  const key = /couldn't find key (\S+) in (ConfigMap|Secret) \S*?([^/\s]+)$/i.exec(message);
  if (key !== null)
    return `add the key ${key[1] ?? ''} to ${key[2] ?? ''} ${key[3] ?? ''}, or fix the reference to it`;
  if (missing !== null) {
    const kind = (missing[1] ?? '').toLowerCase();
    return `add ${kind} ${missing[2] ?? ''} to the chart or the manifests, or create it: kubectl create ${kind} ${missing[2] ?? ''} …`;
  }
  return 'fix the reference in the pod template; run appdev render to see it';
}
