/**
 * Where a pid counts. The same pid is another process on another machine, after a restart, and in another container. So
 * a pid is compared only with one of the same place. What cannot be found out is empty, and equals nothing.
 */
import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { ask, type Ask } from './ask.ts';

/** A set of pids. Each part is a short hash, or empty if it is not known. */
export interface Place {
  /** The machine, over restarts. */
  readonly machine: string;
  /** One run of the machine's kernel, from boot to shutdown. No two machines have the same. */
  readonly boot: string;
  /** The pid namespace. Each container has its own. */
  readonly pids: string;
}

/** A place of which nothing is known. */
export const nowhere: Place = { machine: '', boot: '', pids: '' };

let here: Place | undefined;

/** The place of this process. */
export function thisPlace(): Place {
  here ??= findPlace(process.platform);
  return here;
}

/**
 * Finds the place of this process.
 *
 * @param from where Linux keeps its files; a test passes a folder of its own
 */
export function findPlace(platform: NodeJS.Platform, asking: Ask = ask, from = '/'): Place {
  if (platform === 'linux') {
    const machineId = textOf(`${from}etc/machine-id`);
    return {
      // machine-id(5). An image may bring one to all its containers; those have a host name each.
      machine: machineId === '' ? '' : hashOf(`${machineId} ${hostname()}`),
      boot: hashOf(textOf(`${from}proc/sys/kernel/random/boot_id`)),
      pids: hashOf(linkOf(`${from}proc/self/ns/pid`)),
    };
  }
  if (platform === 'darwin') {
    const hardware = asking('/usr/sbin/ioreg', '-rd1', '-c', 'IOPlatformExpertDevice');
    return {
      // Not the host name: it changes with the network.
      machine: hashOf(/"IOPlatformUUID" = "([^"]+)"/.exec(hardware)?.[1] ?? ''),
      // Not the time of the boot: it moves when the clock is set.
      boot: hashOf(asking('/usr/sbin/sysctl', '-n', 'kern.bootsessionuuid')),
      pids: hashOf('all'),
    };
  }
  // There is nothing to tell boots apart. A pid alone then decides, on this host.
  return { machine: hashOf(hostname()), boot: hashOf(hostname()), pids: hashOf('all') };
}

/** A place as a text of the letters of a host name: `machine.boot.pids`. An unknown part is `0`. */
export function placeText({ machine, boot, pids }: Place): string {
  return [machine, boot, pids].map((part) => (part === '' ? '0' : part)).join('.');
}

/** Reads such a text. Nothing is known about a place in any other form. */
export function parsePlace(text: string): Place {
  const parts = /^(0|[0-9a-f]{8})\.(0|[0-9a-f]{8})\.(0|[0-9a-f]{8})$/.exec(text);
  if (parts === null) return nowhere;
  const [machine = '', boot = '', pids = ''] = parts.slice(1).map((part) => (part === '0' ? '' : part));
  return { machine, boot, pids };
}

function hashOf(text: string): string {
  return text === '' ? '' : createHash('sha256').update(text).digest('hex').slice(0, 8);
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
