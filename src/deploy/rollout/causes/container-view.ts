/** One container, as its pod, its status and its events show it. Shared by the files that find causes. Pure. */
import type { KubeObject } from '../../../cluster/types.ts';
import { stringAt } from '../../../support/fields.ts';
import type { Cause } from './cause.ts';

/** One container of one pod, with the events that name it. */
export interface ContainerView {
  readonly pod: KubeObject;
  readonly name: string;
  /** The container in the pod's spec. */
  readonly spec: unknown;
  /** The container in the pod's status. */
  readonly status: unknown;
  readonly events: readonly KubeObject[];
  /** What messages call it: `container app`, or `init container migrate`. */
  readonly called: string;
}

/** A cause without the object it belongs to; the caller adds that. */
export type Finding = Omit<Cause, 'object' | 'pod' | 'container'>;

/** The newest event with one of these reasons. */
export function newestEvent(
  events: readonly KubeObject[],
  ...reasons: readonly string[]
): KubeObject | undefined {
  const time = (event: KubeObject): string =>
    stringAt(event, 'series', 'lastObservedTime') ??
    stringAt(event, 'lastTimestamp') ??
    stringAt(event, 'eventTime') ??
    event.metadata.creationTimestamp ??
    '';
  return events
    .filter((event) => reasons.includes(stringAt(event, 'reason') ?? ''))
    .sort((a, b) => time(b).localeCompare(time(a)))[0];
}

/** The reason in a container runtime's message. The runtime nests its errors; the last clause is the reason. */
export function runtimeWords(message: string): string {
  const text = message
    .replace(/rpc error: code = \w+ desc = /g, '')
    .replace(/: unknown$/, '')
    .trim();
  const exec = /exec: "[^"]*": .*/.exec(text)?.[0];
  return exec ?? text.replace(/^failed to (create containerd task|start container "[^"]*"): (?=failed)/, '');
}
