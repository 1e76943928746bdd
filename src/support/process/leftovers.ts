/**
 * Ends processes that a killed session left running. They are recognised by the session in their environment. A process
 * without one, of a live session, of one that ended well, or of another user is never touched. Linux only: on other
 * systems it finds nothing.
 */
import { endGroup, isRegistered } from './children.ts';
import { commandOf, environmentOf, groupOf, identify, isOwn, processIds, workFolderOf } from './proc.ts';
import { isOfThisSession, sessionIn, wasKilled } from './session-folder.ts';

/** A process that a dead session left behind. */
export interface Leftover {
  readonly pid: number;
  readonly command: string;
}

/** Ends all processes of killed sessions, group by group. Resolves when they are dead, and returns what they were. */
export async function reapLeftovers(graceMs = 2000): Promise<readonly Leftover[]> {
  const marked = processIds().filter((pid) => killedSessionOf(pid) !== undefined);
  const found = marked.map((pid) => ({ pid, command: commandOf(pid) }));
  const groups = new Set(marked.map(groupToEnd).filter((group) => group !== undefined));
  await Promise.all([...groups].map(async (group) => await endGroup(group, graceMs)));
  return found;
}

/** The folders of killed sessions whose processes still run. While a folder is there, the next start looks for them. */
export function sessionsToReap(): ReadonlySet<string> {
  return new Set(
    processIds()
      .map(killedSessionOf)
      .filter((session) => session !== undefined),
  );
}

/** The folder of the killed session that left this process; undefined if none did. */
function killedSessionOf(pid: number): string | undefined {
  if (pid === process.pid) return undefined;
  const session = sessionIn(environmentOf(pid));
  return session !== undefined && isOwn(pid) && wasKilled(session) ? session : undefined;
}

/** The group of a leftover, unless its leader is not a leftover: our groups have a leader of ours or none. */
function groupToEnd(pid: number): number | undefined {
  const group = groupOf(pid);
  if (group === undefined) return undefined;
  // A dead leader that waits to be reaped has no environment left.
  const leaderIsForeign = identify(group) !== undefined && killedSessionOf(group) === undefined;
  return leaderIsForeign ? undefined : group;
}

/**
 * The groups of this session's processes that left the group in which they were started and work in a folder of this
 * session's. So they are daemons that the session asked for, and not others that a child merely started. Registered
 * children are not included. Linux only: elsewhere it finds nothing.
 *
 * @param folder absolute path; everything below it counts
 */
export function daemonsIn(folder: string): readonly number[] {
  const own = groupOf(process.pid);
  const found = processIds().filter(
    (pid) =>
      pid !== process.pid &&
      isOfThisSession(environmentOf(pid)) &&
      `${workFolderOf(pid)}/`.startsWith(`${folder}/`),
  );
  const groups = new Set(found.map((pid) => groupOf(pid)).filter((group) => group !== undefined));
  return [...groups].filter((group) => group !== own && !isRegistered(group));
}
