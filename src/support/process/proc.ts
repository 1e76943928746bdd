/**
 * Asks the kernel about processes: which are alive, since when, and in which group. It reads /proc on Linux and sends
 * signal 0 elsewhere. It starts and stops nothing.
 */
import { readFileSync, readdirSync } from 'node:fs';

/** Identifies a process, so that it cannot be confused with a later one that has the same pid. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks from boot to its start (proc(5), field 22 of stat). `0` on systems without /proc. */
  readonly startTime: string;
}

/** The needed fields of /proc/PID/stat. */
interface Stat {
  readonly state: string;
  readonly group: number;
  readonly startTime: string;
}

const hasProc = process.platform === 'linux';

/** The pids of all visible processes; empty on systems without /proc. */
export function processIds(): number[] {
  if (!hasProc) return [];
  return readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []));
}

/** The identity of a running process; undefined if there is none, or if it is a zombie. */
export function identify(pid: number): ProcessIdentity | undefined {
  if (!hasProc) return answers(pid) ? { pid, startTime: '0' } : undefined;
  const stat = readStat(pid);
  return stat === undefined || isDead(stat) ? undefined : { pid, startTime: stat.startTime };
}

/** True if this process still runs. A later process with the same pid does not count. */
export function isAlive(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.startTime === identity.startTime;
}

/** The process group id of a process; undefined if it is gone, or on systems without /proc. */
export function groupOf(pid: number): number | undefined {
  return readStat(pid)?.group;
}

/**
 * True if a member of the process group still runs. Zombies do not count, because they stay for ever if nothing reaps
 * them.
 */
export function isGroupAlive(group: number): boolean {
  if (!answers(-group)) return false;
  if (!hasProc) return true;
  const isMember = (pid: number): boolean => {
    const stat = readStat(pid);
    return stat?.group === group && !isDead(stat);
  };
  return isMember(group) || processIds().some(isMember);
}

/** The environment that a process was started with, as `NAME=value` texts; empty if it cannot be read. */
export function environmentOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  } catch {
    return [];
  }
}

/** The command line of a process, for messages; empty if the process is gone. */
export function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ').trim();
  } catch {
    return '';
  }
}

function readStat(pid: number): Stat | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  // The name in parentheses may contain spaces and parentheses. After it come state, ppid, pgrp, … starttime.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0] ?? 'X', group: Number(fields[2]), startTime: fields[19] ?? '' };
}

function isDead(stat: Stat): boolean {
  return stat.state === 'Z' || stat.state === 'X';
}

function answers(target: number): boolean {
  try {
    process.kill(target, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
