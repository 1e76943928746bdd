/**
 * The identity of this run of appdev, as text. It marks what would otherwise outlive a killed session (child processes,
 * temporary folders, locks, working containers), so that the next start can tell its own from the leftovers of the dead.
 */
import { identify, isAlive } from './proc.ts';

/** Environment variable by which every child process carries the session that started it. */
export const sessionVariable = 'APPDEV_SESSION';

/** This session: `<pid>-<start time>`. */
export const sessionId: string = `${process.pid}-${identify(process.pid)?.startTime ?? '0'}`;

/** Whether the session behind an id is alive. Text that is no session id counts as alive: it is not ours to clear. */
export function isSessionAlive(id: string): boolean {
  const match = /^(\d+)-(\d+)$/.exec(id);
  if (match === null) return true;
  return isAlive({ pid: Number(match[1]), startTime: match[2] ?? '' });
}
