/**
 * Asks the kernel about processes: which are alive, since when, and in which group. It reads /proc on Linux; elsewhere it
 * sends signal 0 and asks ps. It starts and stops no other process.
 */
import { readFileSync, readdirSync, readlinkSync, statSync } from 'node:fs';
import { ask, type Ask } from './ask.ts';

/** Identifies a process, so that it cannot be confused with a later one that has the same pid. */
export interface ProcessIdentity {
  readonly pid: number;
  /**
   * Digits that no later process with the same pid has. On Linux the clock ticks from boot to its start (proc(5), field
   * 22 of stat), elsewhere the seconds since 1970. `0` if the system does not tell.
   */
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
  if (!hasProc) return answers(pid) ? { pid, startTime: startedAt(pid) } : undefined;
  const stat = readStat(pid);
  return stat === undefined || isDead(stat) ? undefined : { pid, startTime: stat.startTime };
}

/**
 * When a process started, in seconds since 1970 as digits, by ps; `0` if ps does not tell. Windows has no ps.
 *
 * @param asking a test passes what a real ps has printed
 */
export function startedAt(pid: number, asking: Ask = ask): string {
  const ms = Date.parse(`${asking('/bin/ps', '-o', 'lstart=', '-p', String(pid))} UTC`);
  return Number.isNaN(ms) ? '0' : String(ms / 1000);
}

/**
 * True if this process still runs, or a process has its pid and nobody knows since when. A later process with the same
 * pid does not count.
 */
export function isAlive({ pid, startTime }: ProcessIdentity): boolean {
  const found = identify(pid);
  return found !== undefined && (found.startTime === startTime || [found.startTime, startTime].includes('0'));
}

/** True if a process belongs to the user of this one. On systems without /proc nobody can tell, and it is false. */
export function isOwn(pid: number): boolean {
  try {
    return statSync(`/proc/${pid}`).uid === process.getuid?.();
  } catch {
    return false;
  }
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

/** The working folder of a process; empty if the process is gone or belongs to someone else. */
export function workFolderOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
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
