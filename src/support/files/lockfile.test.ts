import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { markOf } from '../process/mark.ts';
import { placeText, thisPlace } from '../process/place.ts';
import { describeLockHolder, tryLock, waitForLock, type Lock } from './lockfile.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'appdev-lock-'));
  path = join(folder, 'locks', 'reactor.lock');
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** A lock that someone else left there. */
function plant(holder: string): void {
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, '1'), holder);
}

async function locked(): Promise<Lock> {
  const tried = await tryLock(path, 'a test');
  if (tried.kind !== 'ok' || tried.value.kind !== 'locked') throw new Error(JSON.stringify(tried));
  return tried.value.lock;
}

const place = placeText(thisPlace());
const never = new AbortController().signal;

describe('tryLock', () => {
  it('lets one in, and names it to the next', async () => {
    await locked();
    expect(await tryLock(path, 'another')).toMatchObject({
      kind: 'ok',
      value: { kind: 'held', by: { pid: process.pid, doing: 'a test', host: hostname() } },
    });
  });

  it('lets the next in after the release', async () => {
    await (await locked()).release();
    const second = await locked();
    await second.release();
    await second.release();
    await locked();
    // One file says who holds it; nothing piles up.
    expect(readdirSync(path)).toEqual(['3']);
  });

  it('lets exactly one of many in', async () => {
    const tries = await Promise.all(Array.from({ length: 20 }, async () => await tryLock(path, 'racing')));
    expect(tries.filter((tried) => tried.kind === 'ok' && tried.value.kind === 'locked')).toHaveLength(1);
  });

  it.each([
    ['a process that is gone', JSON.stringify({ pid: 999_999_999, startTime: '1', place })],
    ['an earlier process of the same pid', JSON.stringify({ pid: process.pid, startTime: '1', place })],
    ['nobody who can be read', '{"pid":'],
  ])('takes over the lock of %s', async (_name, holder) => {
    plant(holder);
    await locked();
    expect(await tryLock(path, 'another')).toMatchObject({
      value: { by: { pid: process.pid, doing: 'a test' } },
    });
  });

  it('lets one of many take over, however often they try', async () => {
    for (let round = 0; round < 20; round += 1) {
      plant(JSON.stringify({ pid: 999_999_999, startTime: '1', place }));
      const tries = await Promise.all(Array.from({ length: 20 }, async () => await tryLock(path, 'racing')));
      expect(tries.filter((tried) => tried.kind === 'ok' && tried.value.kind === 'locked')).toHaveLength(1);
      rmSync(path, { recursive: true });
    }
  });

  it('never has two holders while many come and go', async () => {
    let holders = 0;
    let most = 0;
    const worker = async (): Promise<void> => {
      for (let turn = 0; turn < 30; turn += 1) {
        const tried = await tryLock(path, 'working');
        if (tried.kind !== 'ok' || tried.value.kind !== 'locked') continue;
        holders += 1;
        most = Math.max(most, holders);
        await new Promise((resolve) => setImmediate(resolve));
        holders -= 1;
        await tried.value.lock.release();
      }
    };
    await Promise.all(Array.from({ length: 10 }, worker));
    expect(most).toBe(1);
  });

  it.each([
    ['another machine', placeText({ ...thisPlace(), machine: '0a0a0a0a', boot: '0b0b0b0b' })],
    ['another container', placeText({ ...thisPlace(), pids: '0c0c0c0c' })],
    ['an unknown place', undefined],
  ])('leaves the lock of %s alone, and tells how to remove it', async (_name, place) => {
    plant(JSON.stringify({ pid: 999_999_999, startTime: '1', host: 'builder', place }));
    const tried = await tryLock(path, 'a test');
    if (tried.kind !== 'ok' || tried.value.kind !== 'held') throw new Error(JSON.stringify(tried));
    expect(describeLockHolder(tried.value.by, path)).toBe(
      `process 999999999 on builder, in another container or on another machine; if it no longer runs there: rm -r ${path}`,
    );
  });

  it('takes over a lock from before a restart, although another process has its pid now', async () => {
    const { pid, startTime } = markOf();
    const place = placeText({ ...thisPlace(), boot: '0b0b0b0b' });
    plant(JSON.stringify({ pid, startTime, place }));
    // A machine that cannot be named is no proof that it restarted.
    const isNamed = thisPlace().machine !== '';
    expect(await tryLock(path, 'a test')).toMatchObject({ value: { kind: isNamed ? 'locked' : 'held' } });
  });
});

describe('waitForLock', () => {
  it('waits for the release and says once for whom', async () => {
    const first = await locked();
    const told: string[] = [];
    const waiting = waitForLock(path, 'waiting', never, (by) => {
      told.push(by.doing);
      void first.release();
    });
    expect(await waiting).toMatchObject({ kind: 'ok' });
    expect(told).toEqual(['a test']);
  });

  it('stops waiting when the signal aborts', async () => {
    await locked();
    const controller = new AbortController();
    const waiting = waitForLock(path, 'waiting', controller.signal, () => controller.abort('superseded'));
    expect(await waiting).toEqual({ kind: 'cancelled', reason: 'superseded' });
  });
});
