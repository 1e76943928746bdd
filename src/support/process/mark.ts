/**
 * The identity of this run of appdev, as a text. It marks everything that could outlive a killed session: child
 * processes, temporary folders, locks, working containers. So the next start can recognise and remove what a dead
 * session left.
 */
import { identify, isAlive } from './proc.ts';

/** The environment variable that tells every child process which session started it. */
export const sessionVariable = 'APPDEV_SESSION';

/** This session: `<pid>-<start time>`. */
export const sessionId: string = `${process.pid}-${identify(process.pid)?.startTime ?? '0'}`;

/**
 * True if the session with this id is alive. A text that is not a session id counts as alive, so that it is not
 * removed.
 */
export function isSessionAlive(id: string): boolean {
  const match = /^(\d+)-(\d+)$/.exec(id);
  if (match === null) return true;
  return isAlive({ pid: Number(match[1]), startTime: match[2] ?? '' });
}
