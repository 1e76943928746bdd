/**
 * How a process of appdev is named so that another one can tell whether it still runs: the place where its pid counts,
 * the pid, and when it started. It marks everything that could outlive a killed session, so that the next start can
 * recognise and remove it. There is one question, `mayRun`, and one text for each place where a mark is kept:
 *
 * | kept in                                                | as                                      | its place                          |
 * | ------------------------------------------------------ | --------------------------------------- | ---------------------------------- |
 * | children's environment, temporary folders, containers  | `PID-START`                             | this machine, which it never leaves |
 * | lock files                                             | JSON with `pid`, `startTime` and `host` | the host's name                    |
 * | a Lease, pods of builds and of doctor                  | `USER@HOST PID/START`                   | boot and pid namespace, beside it  |
 *
 * The mark of a helm process is another thing (deploy/record/holder.ts): its pid is not known before it runs, and it
 * may outlive the appdev that started it. So it is looked for by its environment.
 */
import { identify, isAlive, type ProcessIdentity } from './proc.ts';

/** One process of appdev, on any machine. */
export interface ProcessMark extends ProcessIdentity {
  /** Where the pid counts. Two marks can be compared only if their places are equal. Empty if that is not known. */
  readonly place: string;
}

/** The mark of a process of this machine, by default of this one. */
export function markOf(place: string, pid: number = process.pid): ProcessMark {
  return { place, pid, startTime: identify(pid)?.startTime ?? '0' };
}

/** False only if the process is certainly gone: its pid counts in the place `here`, and nothing or another one has it. */
export function mayRun(mark: ProcessMark, here: string): boolean {
  return mark.place === '' || mark.place !== here || isAlive(mark);
}

/** The environment variable that tells every child process which session started it. */
export const sessionVariable = 'APPDEV_SESSION';

/** The place of sessions' marks. */
const thisMachine = 'this machine';

/** This session: `<pid>-<start time>`. */
export const sessionId: string = sessionText(markOf(thisMachine));

function sessionText({ pid, startTime }: ProcessMark): string {
  return `${pid}-${startTime}`;
}

/**
 * True if the session with this id is alive. A text that is not a session id counts as alive, so that it is not
 * removed.
 */
export function isSessionAlive(id: string): boolean {
  const [, pid, startTime] = /^(\d+)-(\d+)$/.exec(id) ?? [];
  if (pid === undefined || startTime === undefined) return true;
  return mayRun({ place: thisMachine, pid: Number(pid), startTime }, thisMachine);
}

/** The text for a cluster: `who pid/start`. `who` is a person on a host, `user@host`. */
export function holderText(who: string, { pid, startTime }: ProcessMark): string {
  return `${who} ${pid}/${startTime}`;
}

/** Reads such a text. Undefined if it is not one; then nobody can look for the process. */
export function parseHolderText(text: string, place: string): ProcessMark | undefined {
  const [, pid, startTime] = / (\d+)\/(\d+)$/.exec(text) ?? [];
  return pid === undefined || startTime === undefined ? undefined : { place, pid: Number(pid), startTime };
}
