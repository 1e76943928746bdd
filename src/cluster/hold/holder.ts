/**
 * Who holds a lock: a process. A person can tell from its name whom to ask, and another appdev on the same machine can
 * see whether it is still running. Only this file knows which annotations of an object say so.
 */
import { hostname, userInfo } from 'node:os';
import { holderAnnotation, olderHolderAnnotation, placeAnnotation } from '../../core/labels.ts';
import { holderText, markOf, mayRun, parseHolderText } from '../../support/process/mark.ts';
import { placeText } from '../../support/process/place.ts';
import type { KubeObject } from '../types.ts';

/** One appdev process. */
export interface Holder {
  /** `user@host pid/start`; the Lease shows it. */
  readonly identity: string;
  /**
   * What makes a pid comparable: the machine, its boot and the pid namespace, as a text. Empty if it is not known; then
   * nobody can look for the holder's process.
   */
  readonly place: string;
}

/** The holder for this process, or for another process of this machine. */
export function holderOfProcess(pid: number = process.pid): Holder {
  const mark = markOf(pid);
  return { identity: holderText(thisUser(), mark), place: placeText(mark.place) };
}

/**
 * False only if the holder certainly no longer runs: it ran on this machine before its last restart, or since then in
 * this pid namespace and its process is gone or its pid now belongs to a process that was started at another time.
 */
export function mayHold({ identity, place }: Holder): boolean {
  const mark = parseHolderText(identity, place);
  return mark === undefined || mayRun(mark);
}

/** The annotations of an object that this holder makes. */
export function annotationsOf({ identity, place }: Holder): Readonly<Record<string, string>> {
  return { [holderAnnotation]: identity, [placeAnnotation]: place };
}

/** Who made an object. Both texts are empty if its annotations do not say so. */
export function makerOf(object: KubeObject): Holder {
  const { annotations = {} } = object.metadata;
  const identity = annotations[holderAnnotation] ?? annotations[olderHolderAnnotation] ?? '';
  return { identity, place: annotations[placeAnnotation] ?? '' };
}

/** `user@host (pid 123)`, for messages. */
export function describeHolder(identity: string): string {
  return identity.replace(/ (\d+)\/\d+$/, ' (pid $1)');
}

/** The user of this process, `user@host`. */
export function thisUser(): string {
  return `${userName()}@${hostname()}`;
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A user id without an entry in the password file, as in many containers.
    return String(process.getuid?.() ?? 'unknown');
  }
}
