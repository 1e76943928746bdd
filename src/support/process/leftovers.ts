/**
 * Ends processes that a killed session left running. They are recognised by the session id in their environment. A
 * process without one, or of a live session, is never touched. Linux only: on other systems it finds nothing.
 */
import { endGroup, isRegistered } from './children.ts';
import { commandOf, environmentOf, groupOf, identify, processIds } from './proc.ts';
import { isSessionAlive, sessionId, sessionVariable } from './mark.ts';

/** A process that a dead session left behind. */
export interface Leftover {
  readonly pid: number;
  readonly command: string;
}

/** Ends all processes of dead sessions, group by group. Resolves when they are dead, and returns what they were. */
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

/** The group of a leftover, unless its leader is not a leftover: our groups have a leader of ours or none. */
function groupToEnd(pid: number): number | undefined {
  const group = groupOf(pid);
  if (group === undefined) return undefined;
  // A dead leader that waits to be reaped has no environment left.
  const leaderIsForeign = identify(group) !== undefined && !isLeftover(group);
  return leaderIsForeign ? undefined : group;
}

/**
 * The groups of this session's processes that left the group in which they were started, such as daemons. They are
 * found by the session id in their environment. Registered children are not included. Linux only: elsewhere it finds
 * nothing.
 */
export function detachedGroups(): readonly number[] {
  const mark = `${sessionVariable}=${sessionId}`;
  const own = groupOf(process.pid);
  const marked = processIds().filter((pid) => pid !== process.pid && environmentOf(pid).includes(mark));
  const groups = new Set(marked.map((pid) => groupOf(pid)).filter((group) => group !== undefined));
  return [...groups].filter((group) => group !== own && !isRegistered(group));
}
