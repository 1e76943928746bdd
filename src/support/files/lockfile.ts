/**
 * Exclusive locks between appdev processes, as files that name their holder. If the holder is dead, the lock is taken
 * over. A lock that another machine or another container holds (a home on NFS, a shared /tmp) is never taken over, because
 * nobody here can tell whether the holder lives. A holder from before this machine's last restart is dead.
 *
 * A lock is a folder of numbered files. The file with the highest number counts. A number is claimed once, with link(2),
 * and never used again. So if many processes find the same dead holder, only one of them gets the lock. A plain file that
 * is removed and created again cannot guarantee that.
 */
import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { cancelled, failed, ok, type Outcome } from '../../core/outcome.ts';
import { systemClock } from '../clock.ts';
import { diskFull, isDiskFull } from './disk-full.ts';
import { numberAt, stringAt } from '../fields.ts';
import { markOf, mayRun, whereIs } from '../process/mark.ts';
import { parsePlace, placeText, type Place } from '../process/place.ts';

/** The process that holds a lock. */
export interface LockHolder {
  readonly pid: number;
  readonly startTime: string;
  /** The name of its host, for messages. */
  readonly host: string;
  /** Where its pid counts. */
  readonly place: Place;
  /** What the process is doing, for messages: `appdev dev`. */
  readonly doing: string;
  /** When it got the lock, in ISO 8601. */
  readonly since: string;
}

/** A lock that this process holds. */
export interface Lock {
  /** Releases the lock. A second call does nothing. */
  release(): Promise<void>;
}

/** The result of one try: the lock, or the process that holds it. */
export type LockTry =
  { readonly kind: 'locked'; readonly lock: Lock } | { readonly kind: 'held'; readonly by: LockHolder };

/** Milliseconds between two tries of a process that waits. */
const pollMs = 100;

/**
 * Tries once to get a lock.
 *
 * @param path absolute path of the lock's folder, which is created if missing
 * @param doing what this process does, shown to others that want the lock
 * @returns fails with DISK_FULL, or with INTERNAL if the folder cannot be written
 */
export async function tryLock(path: string, doing: string): Promise<Outcome<LockTry>> {
  const { place, ...mark } = markOf();
  const since = new Date().toISOString();
  const own = { ...mark, place: placeText(place), host: hostname(), doing, since };
  // The file is complete before it gets its number, so that no other process reads half of it.
  const draft = draftIn(path);
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    await writeFile(draft, `${JSON.stringify(own)}\n`, { mode: 0o600 });
    for (;;) {
      const highest = Math.max(0, ...(await numbersIn(path)));
      const by = highest === 0 ? undefined : await holderOf(join(path, String(highest)));
      if (by === 'vanished') continue;
      if (by !== undefined && mayRun(by)) return ok({ kind: 'held', by });
      if (await claim(path, highest + 1, draft))
        return ok({ kind: 'locked', lock: lockOf(path, highest + 1) });
    }
  } catch (error) {
    if (!isDiskFull(error)) {
      return failed('INTERNAL', `cannot lock ${path}: ${(error as Error).message}`, {
        hint: `check that you may write to ${dirname(path)}`,
      });
    }
    const folder = dirname(path);
    return await diskFull(`locking ${path}`, [
      { path: folder, free: `remove what you do not need below ${folder}` },
    ]);
  } finally {
    await rm(draft, { force: true }).catch(() => undefined);
  }
}

/** Waits until it gets a lock or the signal aborts. If it has to wait, it calls `onWait` once with the holder. */
export async function waitForLock(
  path: string,
  doing: string,
  signal: AbortSignal,
  onWait: (by: LockHolder) => void,
): Promise<Outcome<Lock>> {
  for (let told = false; !signal.aborted;) {
    const tried = await tryLock(path, doing);
    if (tried.kind !== 'ok') return tried;
    if (tried.value.kind === 'locked') return ok(tried.value.lock);
    if (!told) onWait(tried.value.by);
    told = true;
    await systemClock.sleep(pollMs, signal);
  }
  return cancelled(signal);
}

/**
 * Names a holder in a message. If nobody here can tell whether it still runs, the text says how to remove the lock.
 *
 * @param path the lock's folder
 */
export function describeLockHolder({ pid, host, place }: LockHolder, path: string): string {
  if (whereIs(place) === 'here') return `process ${pid}`;
  return `process ${pid} on ${host}, in another container or on another machine; if it no longer runs there: rm -r ${path}`;
}

/** Tries to make the draft the lock with this number. Returns true if it succeeded. */
async function claim(path: string, number: number, draft: string): Promise<boolean> {
  const claimed = join(path, String(number));
  try {
    await link(draft, claimed);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
  const numbers = await numbersIn(path);
  // A higher number exists if we were so slow that others have had the lock and removed this number.
  const isPast = numbers.some((other) => other > number);
  const past = isPast ? [number] : numbers.filter((other) => other < number);
  await Promise.all(past.map(async (other) => await rm(join(path, String(other)), { force: true })));
  return !isPast;
}

function lockOf(path: string, number: number): Lock {
  let released: Promise<void> | undefined;
  return {
    async release() {
      // The file stays, without a holder, because its number must not be used again.
      const empty = draftIn(path);
      released ??= writeFile(empty, '')
        .then(async () => {
          await rename(empty, join(path, String(number)));
        })
        // If the folder is gone or the disk is full, the lock ends when this process ends.
        .catch(() => undefined);
      await released;
    },
  };
}

/** A new name for a file that has no number yet. It is random: two containers may share the folder and have equal pids. */
function draftIn(path: string): string {
  return join(path, `draft-${randomUUID()}`);
}

async function numbersIn(path: string): Promise<number[]> {
  return (await readdir(path)).flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []));
}

/** The holder of a number; undefined if it was released, `vanished` if a higher number has replaced it. */
async function holderOf(file: string): Promise<LockHolder | 'vanished' | undefined> {
  try {
    return parseHolder(await readFile(file, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'vanished';
    throw error;
  }
}

function parseHolder(text: string): LockHolder | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const pid = numberAt(value, 'pid');
  const startTime = stringAt(value, 'startTime');
  if (pid === undefined || startTime === undefined) return undefined;
  return {
    pid,
    startTime,
    host: stringAt(value, 'host') ?? 'an unknown host',
    place: parsePlace(stringAt(value, 'place') ?? ''),
    doing: stringAt(value, 'doing') ?? 'unknown',
    since: stringAt(value, 'since') ?? '',
  };
}
