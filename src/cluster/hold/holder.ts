/**
 * Who holds a lock: a process. A person can tell from its name whom to ask, and another appdev on the same machine can
 * see whether it is still running. Only this file knows which annotations of an object say so.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, readlink, writeFile } from 'node:fs/promises';
import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import { holderAnnotation, olderHolderAnnotation, placeAnnotation } from '../../core/labels.ts';
import { cacheFolder } from '../../support/files/folders.ts';
import { holderText, markOf, mayRun, parseHolderText } from '../../support/process/mark.ts';
import type { KubeObject } from '../types.ts';

/** One appdev process. */
export interface Holder {
  /** `user@host pid/start`; the Lease shows it. */
  readonly identity: string;
  /**
   * What makes a pid comparable: the machine's boot and the pid namespace, or a text kept on this machine if the system
   * has neither. Empty if nothing can be known; then nobody can look for the holder's process.
   */
  readonly place: string;
}

/** The holder for this process, or for another process of this machine. */
export async function holderOfProcess(pid: number = process.pid): Promise<Holder> {
  const place = await thisPlace();
  return { identity: holderText(thisUser(), markOf(place, pid)), place };
}

/**
 * False only if the holder certainly no longer runs: it ran on this boot of this machine and in this pid namespace, and
 * its process is gone or its pid now belongs to a process that was started at another time.
 */
export async function mayHold({ identity, place }: Holder): Promise<boolean> {
  const mark = parseHolderText(identity, place);
  return mark === undefined || mayRun(mark, await thisPlace());
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

async function thisPlace(): Promise<string> {
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  const pids = await readlink('/proc/self/ns/pid').catch(() => '');
  if (boot !== '' && pids !== '') return `${boot.trim()} ${pids}`;
  return process.platform === 'linux' ? '' : await thisMachine();
}

/** A random text that is kept for this user on this machine, for systems that have nothing to tell machines apart. */
async function thisMachine(): Promise<string> {
  const file = join(cacheFolder(), 'machine');
  try {
    await mkdir(cacheFolder(), { recursive: true, mode: 0o700 });
    await writeFile(file, randomUUID(), { flag: 'wx', mode: 0o600 });
  } catch {
    // It exists since an earlier session, or cannot be written; reading it tells.
  }
  return (await readFile(file, 'utf8').catch(() => '')).trim();
}
