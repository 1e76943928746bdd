/**
 * How a process of appdev is named so that another one can tell whether it still runs: the place where its pid counts,
 * the pid, and when it started. It marks everything that could outlive a killed session, so that the next start can
 * recognise and remove it. There is one question, `mayRun`, and one text for each place where a mark is kept:
 *
 * | kept in                                                | as                                               |
 * | ------------------------------------------------------ | ------------------------------------------------ |
 * | children's environment, temporary folders, containers  | `PID-START-PLACE`                                |
 * | lock files                                             | JSON with `pid`, `startTime` and `place`         |
 * | a Lease, pods of builds and of doctor                  | `USER@HOST PID/START`, and the place beside it   |
 *
 * Folders, locks and the storage of containers may be shared with another container or another machine, and /proc shows
 * the processes of containers. So the place is part of each text. A text without one, or with one of another form, is
 * that of a process that may run.
 *
 * The mark of a helm process is another thing (deploy/record/holder.ts): its pid is not known before it runs, and it
 * may outlive the appdev that started it. So it is looked for by its environment.
 */
import { parsePlace, placeText, thisPlace, type Place } from './place.ts';
import { identify, isAlive, type ProcessIdentity } from './proc.ts';

/** One process of appdev, on any machine. */
export interface ProcessMark extends ProcessIdentity {
  readonly place: Place;
}

/** The mark of a process of this place, by default of this one. */
export function markOf(pid: number = process.pid): ProcessMark {
  return { place: thisPlace(), pid, startTime: identify(pid)?.startTime ?? '0' };
}

/** Whether a pid can be looked up: it counts here, it was lost when this machine restarted, or nobody here can tell. */
export function whereIs(place: Place, here: Place = thisPlace()): 'here' | 'before a restart' | 'elsewhere' {
  if (place.boot === '' || here.boot === '') return 'elsewhere';
  if (place.boot === here.boot) return place.pids !== '' && place.pids === here.pids ? 'here' : 'elsewhere';
  return place.machine !== '' && place.machine === here.machine ? 'before a restart' : 'elsewhere';
}

/**
 * False only if the process is certainly gone: its pid counts in the place `here` and nothing or another one has it, or
 * the machine has restarted since.
 */
export function mayRun(mark: ProcessMark, here: Place = thisPlace()): boolean {
  const where = whereIs(mark.place, here);
  return where === 'here' ? isAlive(mark) : where === 'elsewhere';
}

/** The environment variable that tells every child process which session started it. */
export const sessionVariable = 'APPDEV_SESSION';

/** This session: `<pid>-<start time>-<place>`. It may be part of a file name and of a host name. */
export const sessionId: string = sessionText(markOf());

/** The id of the session of a process. */
export function sessionText({ pid, startTime, place }: ProcessMark): string {
  return `${pid}-${startTime}-${placeText(place)}`;
}

/**
 * True if the session with this id is alive. A text that is not a session id counts as alive, so that it is not
 * removed.
 */
export function isSessionAlive(id: string): boolean {
  const [, pid, startTime, place] = /^(\d+)-(\d+)-([0-9a-f.]+)$/.exec(id) ?? [];
  if (pid === undefined || startTime === undefined || place === undefined) return true;
  return mayRun({ place: parsePlace(place), pid: Number(pid), startTime });
}

/** The text for a cluster: `who pid/start`. `who` is a person on a host, `user@host`. */
export function holderText(who: string, { pid, startTime }: ProcessIdentity): string {
  return `${who} ${pid}/${startTime}`;
}

/**
 * Reads such a text. Undefined if it is not one; then nobody can look for the process.
 *
 * @param place the text of its place, kept beside it
 */
export function parseHolderText(text: string, place: string): ProcessMark | undefined {
  const [, pid, startTime] = / (\d+)\/(\d+)$/.exec(text) ?? [];
  return pid === undefined || startTime === undefined
    ? undefined
    : { place: parsePlace(place), pid: Number(pid), startTime };
}
