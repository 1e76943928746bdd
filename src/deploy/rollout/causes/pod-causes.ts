/**
 * Finds what is wrong with one pod, from its status and its events. Pure: the same objects always give the same causes.
 * How long a cause has lasted is up to progress.ts.
 */
import type { KubeObject } from '../../../cluster/types.ts';
import { fieldAt, listAt, numberAt, stringAt } from '../../../support/fields.ts';
import { settleMs, type Cause } from './cause.ts';
import { exitCodeText } from './exit-code.ts';
import { missingHint } from './missing-hint.ts';
import { placementCause } from './placement.ts';
import { pullCause } from './pull-cause.ts';
import { newestEvent, runtimeWords, type ContainerView, type Finding } from './container-view.ts';
import { containersOf, isReady, nameOf } from '../../objects/kinds.ts';
import { probeCause } from './probe-cause.ts';

/** How tolerant the judgement is. */
export interface PodPolicy {
  /** Container restarts that are forgiven: a Spring app may start before its database. */
  readonly restartsAllowed: number;
}

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
  const placement = placementCause(pod, allEvents);
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
      hint: missingHint(message),
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
  return hookCause(view, reason, message) ?? crashCause(view, policy) ?? probeCause(view);
}

/** A hook that failed, because of which the kubelet stopped the container. */
function hookCause({ called, events }: ContainerView, reason: string, message: string): Finding | undefined {
  const isWaiting = /^P(re|ost)\w*HookError$/.test(reason);
  // While the kubelet backs off, the container says only that, and that it ended.
  const event = reason === 'CrashLoopBackOff' ? newestEvent(events, 'FailedPostStartHook') : undefined;
  if (!isWaiting && event === undefined) return undefined;
  const hook = /^Pre/.test(reason) ? 'a hook of the node' : 'lifecycle.postStart';
  const words = isWaiting ? message : (stringAt(event, 'message') ?? '');
  return {
    kind: 'config',
    message: `${called} was stopped because ${hook} failed: ${runtimeWords(words)}`,
    hint: `fix the command of ${hook}, or remove it; run appdev render to see it`,
    endsAfterMs: settleMs,
  };
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
  const words =
    said === undefined ? exitCodeText(numberAt(last, 'exitCode') ?? 0, commandOf(spec)) : runtimeWords(said);
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

/** What the container's spec says to run; empty if that is left to the image. */
function commandOf(spec: unknown): string[] {
  return listAt(spec, 'command').filter((word) => typeof word === 'string');
}
