/** One container, as its pod, its status and its events show it. Shared by the files that find causes. Pure. */
import type { KubeObject } from '../../cluster/types.ts';
import { stringAt } from '../../support/fields.ts';
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
  const exec = /(exec: "[^"]*": .*)$/.exec(text)?.[1];
  return exec ?? text.replace(/^failed to (create containerd task|start container "[^"]*"): (?=failed)/, '');
}

/** A number above 128 is 128 plus a signal, as shells and runc report it. */
const meanings: Readonly<Record<number, string>> = {
  0: 'it ended by itself but should keep running',
  1: 'the application gave up',
  2: 'the command was called with wrong arguments',
  3: 'the JVM ended itself on an OutOfMemoryError (-XX:+ExitOnOutOfMemoryError)',
  126: 'its command cannot be executed',
  127: 'its command was not found',
  128: 'it could not be started',
  130: 'SIGINT',
  134: 'SIGABRT: the process aborted itself',
  137: 'SIGKILL: killed from outside, or by the kernel because memory ran out',
  139: 'SIGSEGV: the process crashed in native code',
  143: 'SIGTERM: told to stop',
};

/** What an exit code means, for people: a phrase such as `exit code 137 (SIGKILL: …)`; only the code if it has no common meaning. */
export function exitCodeText(code: number): string {
  const meaning = meanings[code];
  return meaning === undefined ? `exit code ${code}` : `exit code ${code} (${meaning})`;
}
