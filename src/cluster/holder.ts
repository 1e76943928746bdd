/**
 * Who holds a lock: a process, named so that a person knows whom to ask and another appdev on the same machine can see
 * whether it still runs. Reads /proc where there is one.
 */
import { readFile, readlink } from 'node:fs/promises';
import { hostname, userInfo } from 'node:os';

/** One appdev process. */
export interface Holder {
  /** `user@host pid/start`: what the Lease shows. */
  readonly identity: string;
  /**
   * What makes a pid comparable: the machine's boot and the pid namespace. Empty where neither can be known; then the
   * holder's process cannot be looked for.
   */
  readonly place: string;
}

/** This process. */
export async function thisProcess(pid: number = process.pid): Promise<Holder> {
  return { identity: `${userName()}@${hostname()} ${pid}/${await startOf(pid)}`, place: await thisPlace() };
}

/**
 * False only when the holder certainly no longer runs: it ran on this boot of this machine, in this pid namespace, and
 * its process is gone or its pid now belongs to a process that was started at another time.
 */
export async function mayRun(holder: Holder): Promise<boolean> {
  const [, pid, start] = / (\d+)\/(\d+)$/.exec(holder.identity) ?? [];
  if (pid === undefined || holder.place === '' || holder.place !== (await thisPlace())) return true;
  return start === (await startOf(Number(pid)));
}

/** `user@host (pid 123)`, for messages. */
export function describeHolder(identity: string): string {
  return identity.replace(/ (\d+)\/\d+$/, ' (pid $1)');
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A user id without an entry in the password file, as in many containers.
    return String(process.getuid?.() ?? 'unknown');
  }
}

/** Start time of a process in clock ticks since the boot (field 22 of /proc/PID/stat); `0` where it does not run. */
async function startOf(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The second field is the program's name in parentheses and may hold spaces and parentheses of its own.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[19] ?? '0';
}

async function thisPlace(): Promise<string> {
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  const pids = await readlink('/proc/self/ns/pid').catch(() => '');
  return boot === '' || pids === '' ? '' : `${boot.trim()} ${pids}`;
}
