/**
 * Clears away processes that a killed session left running. They are known by the session id in their environment:
 * nothing without it, and nothing of a session that is alive, is ever touched. Linux only; elsewhere it finds nothing.
 */
import { endGroup, isRegistered } from './children.ts';
import { commandOf, environmentOf, groupOf, identify, processIds } from './proc.ts';
import { isSessionAlive, sessionId, sessionVariable } from './mark.ts';

/** A process that a dead session had left behind. */
export interface Leftover {
  readonly pid: number;
  readonly command: string;
}

/** Ends every process of a dead session, by group, and returns what they were once they are dead. */
export async function reapLeftovers(graceMs = 2000): Promise<readonly Leftover[]> {
  const marked = processIds().filter(isLeftover);
  const found = marked.map((pid) => ({ pid, command: commandOf(pid) }));
  const groups = new Set(marked.map(groupToEnd).filter((group) => group !== undefined));
  await Promise.all([...groups].map(async (group) => await endGroup(group, graceMs)));
  return found;
}

function isLeftover(pid: number): boolean {
  if (pid === process.pid) return false;
  const prefix = `${sessionVariable}=`;
  const mark = environmentOf(pid).find((entry) => entry.startsWith(prefix));
  return mark !== undefined && !isSessionAlive(mark.slice(prefix.length));
}

/** Its group, unless that is led by somebody who is no leftover: a group of ours has a leader of ours, or none. */
function groupToEnd(pid: number): number | undefined {
  const group = groupOf(pid);
  if (group === undefined) return undefined;
  // A leader that is dead and waits to be reaped shows no environment any more.
  const leaderIsForeign = identify(group) !== undefined && !isLeftover(group);
  return leaderIsForeign ? undefined : group;
}

/**
 * Groups of this session's own processes that left the group that they were started in (daemons), by their mark. Does not
 * find the children that are still registered. Linux only; elsewhere it finds nothing.
 */
export function detachedGroups(): readonly number[] {
  const mark = `${sessionVariable}=${sessionId}`;
  const own = groupOf(process.pid);
  const marked = processIds().filter((pid) => pid !== process.pid && environmentOf(pid).includes(mark));
  const groups = new Set(marked.map((pid) => groupOf(pid)).filter((group) => group !== undefined));
  return [...groups].filter((group) => group !== own && !isRegistered(group));
}
