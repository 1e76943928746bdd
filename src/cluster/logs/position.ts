/**
 * How far a container's log has been read, so that reading it again after a lost connection neither repeats nor loses a
 * line. Pure. The API server can only start at a whole second. The rest is done here, by the time before each line.
 * Times also increase across a container's restarts, so one position serves all its runs.
 */

/** A position in a container's log. */
export interface LogPosition {
  /** Takes a line as the server sent it, with its time. Returns its text, or undefined if it was read before. */
  take(stamped: string): string | undefined;
  /** Value for `sinceTime`; undefined before the first line. */
  readonly sinceTime: string | undefined;
  /** Begins another reading, from `sinceTime` on. */
  again(): void;
}

/** Returns a position at the beginning. */
export function logPosition(): LogPosition {
  let last: Stamp | undefined;
  /** Number of lines taken with exactly the time `last`: the runtime may give several lines the same time. */
  let alike = 0;
  /** Number of lines with that time that the current reading has skipped. */
  let passed = Number.POSITIVE_INFINITY;

  return {
    take(stamped) {
      const space = stamped.indexOf(' ');
      const stamp = space < 0 ? undefined : parseStamp(stamped.slice(0, space));
      // The kubelet's own remarks ("failed to watch file …") carry no time. They count as new each time.
      if (stamp === undefined) return stamped;
      const order = last === undefined ? 1 : compare(stamp, last);
      if (order < 0 && passed < Number.POSITIVE_INFINITY) return undefined;
      if (order === 0 && passed < alike) {
        passed += 1;
        return undefined;
      }
      // The position never goes back: a line that is out of order is returned once and changes nothing.
      if (order > 0) {
        last = stamp;
        alike = 1;
        passed = Number.POSITIVE_INFINITY;
      } else if (order === 0) {
        alike += 1;
        passed = alike;
      }
      return stamped.slice(space + 1);
    },
    get sinceTime() {
      return last?.text;
    },
    again() {
      passed = 0;
    },
  };
}

interface Stamp {
  readonly text: string;
  /** Milliseconds since the epoch of the whole second. */
  readonly second: number;
  readonly nanos: number;
}

/** RFC 3339 with a fraction of up to nine digits, in the node's time zone. */
const pattern = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/;

function parseStamp(text: string): Stamp | undefined {
  const [, second = '', fraction = '', zone = ''] = pattern.exec(text) ?? [];
  if (second === '') return undefined;
  return { text, second: Date.parse(`${second}${zone}`), nanos: Number(fraction.padEnd(9, '0')) };
}

function compare(a: Stamp, b: Stamp): number {
  return a.second - b.second || a.nanos - b.nanos;
}
