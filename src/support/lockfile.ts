/**
 * Exclusive locks between appdev processes, as files that name their holder. The lock of a process that is gone is taken
 * over. Works within one machine; a lock that another host holds (a home on NFS) is never taken over.
 */
import { link, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { cancelled, failed, ok, type Outcome } from '../outcome.ts';
import { systemClock } from './clock.ts';
import { diskFull, isDiskFull } from './disk-full.ts';
import { fieldAt, numberAt, stringAt } from './fields.ts';
import { identify, isAlive } from './proc.ts';

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
  // A nonce, because one process may take the same lock again.
  const text = `${JSON.stringify({ ...own, nonce: count })}\n`;
  const draft = `${path}.${process.pid}-${count}`;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    // Complete before it gets its name, so that nobody ever reads half a lock.
    const file = await open(draft, 'wx', 0o600);
    await file.writeFile(text).finally(async () => {
      await file.close();
    });
    for (;;) {
      if (await claims(draft, path)) return ok({ kind: 'locked', lock: lockOf(path, text) });
      const found = await readFile(path, 'utf8').catch(() => undefined);
      // Released between the two steps.
      if (found === undefined) continue;
      const by = parseHolder(found);
      if (by !== undefined && (by.host !== own.host || isAlive(by))) return ok({ kind: 'held', by });
      await removeStale(path, found, `${draft}.stale`);
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
    await rm(draft, { force: true });
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

/** Whether the draft became the lock. link(2) fails when the name is taken, on network file systems too. */
async function claims(draft: string, path: string): Promise<boolean> {
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function lockOf(path: string, text: string): Lock {
  return {
    async release() {
      // Only one's own: a lock that was lost (somebody removed the file) may be another's by now.
      if ((await readFile(path, 'utf8').catch(() => undefined)) === text) await rm(path, { force: true });
    },
  };
}

/**
 * Takes a dead holder's lock out of the way. Two waiters may find the same dead lock: the slower one must not remove what
 * the faster one has put there since, so it looks at what it moved, and puts a living lock back.
 */
async function removeStale(path: string, stale: string, aside: string): Promise<void> {
  try {
    await rename(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if ((await readFile(aside, 'utf8')) !== stale) await link(aside, path).catch(() => undefined);
  await rm(aside, { force: true });
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
    since: String(fieldAt(value, 'since') ?? ''),
  };
}
