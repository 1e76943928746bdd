/**
 * What the kernel says about processes: who is alive, since when, and in which group. Reads /proc where there is one and
 * asks by signal 0 elsewhere. Starts and stops nothing.
 */
import { readFileSync, readdirSync } from 'node:fs';

/** A process that cannot be confused with a later one of the same pid. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks between boot and its start (proc(5), field 22 of stat); `0` on systems without /proc. */
  readonly startTime: string;
}

/** One line of /proc/PID/stat, as far as it is needed. */
interface Stat {
  readonly state: string;
  readonly group: number;
  readonly startTime: string;
}

const hasProc = process.platform === 'linux';

/** Pids of all processes that can be seen; empty on systems without /proc. */
export function processIds(): number[] {
  if (!hasProc) return [];
  return readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []));
}

/** The identity of a running process; undefined when there is none, or when it is a zombie. */
export function identify(pid: number): ProcessIdentity | undefined {
  if (!hasProc) return answers(pid) ? { pid, startTime: '0' } : undefined;
  const stat = readStat(pid);
  return stat === undefined || isDead(stat) ? undefined : { pid, startTime: stat.startTime };
}

/** Whether that very process still runs. */
export function isAlive(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.startTime === identity.startTime;
}

/** The process group of a running process. */
export function groupOf(pid: number): number | undefined {
  return readStat(pid)?.group;
}

/** Whether a process group has a member that still runs. Zombies do not: where nobody reaps them, they stay for ever. */
export function isGroupAlive(group: number): boolean {
  if (!answers(-group)) return false;
  if (!hasProc) return true;
  const isMember = (pid: number): boolean => {
    const stat = readStat(pid);
    return stat?.group === group && !isDead(stat);
  };
  return isMember(group) || processIds().some(isMember);
}

/** The environment that a process was started with, as `NAME=value` texts; empty when it may not be read. */
export function environmentOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  } catch {
    return [];
  }
}

/** The command line of a process, for messages; empty when it is gone. */
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
  // The name in parentheses may itself hold spaces and parentheses. After it: state, ppid, pgrp, … starttime.
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
