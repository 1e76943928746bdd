/**
 * Exclusive locks between appdev processes, as files that name their holder. The lock of a process that is gone is taken
 * over. Works within one machine; a lock that another host holds (a home on NFS) is never taken over.
 *
 * A lock is a folder of numbered files, and the highest number is the one that counts. A number is claimed once, by
 * link(2), and never used again, so that of many who find the same dead holder only one can follow it; a plain file that
 * is removed and made anew cannot promise that.
 */
import { link, mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { cancelled, failed, ok, type Outcome } from '../../core/outcome.ts';
import { systemClock } from '../clock.ts';
import { diskFull, isDiskFull } from './disk-full.ts';
import { numberAt, stringAt } from '../fields.ts';
import { identify, isAlive } from '../process/proc.ts';

/** Who holds a lock. */
export interface LockHolder {
  readonly pid: number;
  readonly startTime: string;
  readonly host: string;
  /** What it is doing, to be shown: `appdev dev`. */
  readonly doing: string;
  /** ISO 8601. */
  readonly since: string;
}

/** A lock that this process holds. */
export interface Lock {
  /** Gives it up. Safe to call twice. */
  release(): Promise<void>;
}

/** What came of one try. */
export type LockTry =
  { readonly kind: 'locked'; readonly lock: Lock } | { readonly kind: 'held'; readonly by: LockHolder };

/** How often a waiter looks again. */
const pollMs = 100;
let count = 0;

/** Tries once. Fails with DISK_FULL, or INTERNAL where the folder cannot be written. */
export async function tryLock(path: string, doing: string): Promise<Outcome<LockTry>> {
  count += 1;
  const own: LockHolder = {
    pid: process.pid,
    startTime: identify(process.pid)?.startTime ?? '0',
    host: hostname(),
    doing,
    since: new Date().toISOString(),
  };
  // Complete before it gets its number, so that nobody ever reads half a lock.
  const draft = join(path, `draft-${process.pid}-${count}`);
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    await writeFile(draft, `${JSON.stringify(own)}\n`, { mode: 0o600 });
    for (;;) {
      const highest = Math.max(0, ...(await numbersIn(path)));
      const by = highest === 0 ? undefined : await holderOf(join(path, String(highest)));
      if (by === 'vanished') continue;
      if (by !== undefined && (by.host !== own.host || isAlive(by))) return ok({ kind: 'held', by });
      if (await claim(path, highest + 1, draft))
        return ok({ kind: 'locked', lock: lockOf(path, highest + 1) });
    }
  } catch (error) {
    if (!isDiskFull(error)) {
      return failed('INTERNAL', `cannot lock ${path}: ${(error as Error).message}`, {
        hint: `check that ${dirname(path)} can be written`,
      });
    }
    const folder = dirname(path);
    return await diskFull(`locking ${path}`, [
      { path: folder, free: `remove what is not needed below ${folder}` },
    ]);
  } finally {
    await rm(draft, { force: true }).catch(() => undefined);
  }
}

/** Waits for a lock. `onWait` is told once who holds it. */
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

/** Whether the draft became the lock with that number. */
async function claim(path: string, number: number, draft: string): Promise<boolean> {
  const claimed = join(path, String(number));
  try {
    await link(draft, claimed);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
  const numbers = await numbersIn(path);
  // We were so slow that others have come and gone, and cleared this number away meanwhile: it is past.
  const isPast = numbers.some((other) => other > number);
  const past = isPast ? [number] : numbers.filter((other) => other < number);
  await Promise.all(past.map(async (other) => await rm(join(path, String(other)), { force: true })));
  return !isPast;
}

function lockOf(path: string, number: number): Lock {
  let released: Promise<void> | undefined;
  return {
    async release() {
      // Left in place without a holder, because its number must not be used again.
      const empty = join(path, `draft-${process.pid}-${number}-released`);
      released ??= writeFile(empty, '')
        .then(async () => {
          await rename(empty, join(path, String(number)));
        })
        // A lock whose folder is gone, or whose disk is full, ends with this process.
        .catch(() => undefined);
      await released;
    },
  };
}

async function numbersIn(path: string): Promise<number[]> {
  return (await readdir(path)).flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []));
}

/** Who holds a number: undefined when nobody does any more, `vanished` when a higher number has replaced it. */
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
  const host = stringAt(value, 'host');
  if (pid === undefined || startTime === undefined || host === undefined) return undefined;
  return {
    pid,
    startTime,
    host,
    doing: stringAt(value, 'doing') ?? 'unknown',
    since: stringAt(value, 'since') ?? '',
  };
}
