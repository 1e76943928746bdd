import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { watch } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ok } from '../../../core/outcome.ts';
import { userTempFolder } from '../../../support/folders.ts';
import { placeText, thisPlace } from '../../../support/process/place.ts';
import { createImageRecords, type ImageRecord } from './records.ts';

const { signal } = new AbortController();
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'appdev-records-'));
  // The lock is in there, alone.
  vi.stubEnv('TMPDIR', folder);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

function record(imageId: string): ImageRecord {
  const service = 'orders';
  return {
    imageId,
    project: 'shop',
    service,
    repository: 'shop/orders',
    tag: imageId,
    digest: '',
    lower: '',
  };
}

it('loses nothing that two sessions record at the same time', async () => {
  const sessions = [createImageRecords(folder), createImageRecords(folder)];
  const ids = Array.from({ length: 10 }, (_, n) => `image-${n}`);
  await Promise.all(
    ids.map(async (id, n) => {
      await sessions[n % 2]?.add(record(id), signal);
    }),
  );
  const known = await createImageRecords(folder).list();
  expect(known.map(({ imageId }) => imageId).sort()).toEqual(ids);
});

it('records nothing while images are being removed, so that a new one never counts as old', async () => {
  const [pruning, building] = [createImageRecords(folder), createImageRecords(folder)];
  await building.add(record('old'), signal);
  const order: string[] = [];
  let added: Promise<void> | undefined;
  const removed = await pruning.remove(signal, async (known) => {
    const refused = lookedTwice();
    added = building.add(record('new'), signal).then(() => {
      order.push('recorded');
    });
    await refused;
    order.push('removed');
    return ok(new Set(known.map(({ imageId }) => imageId)));
  });
  await added;
  expect([removed, order]).toEqual([ok(1), ['removed', 'recorded']]);
  expect((await pruning.list()).map(({ imageId }) => imageId)).toEqual(['new']);
});

it('waits for nobody after a cancel', async () => {
  const [one, other] = [createImageRecords(folder), createImageRecords(folder)];
  const controller = new AbortController();
  await one.remove(signal, async () => {
    controller.abort('superseded');
    await other.add(record('new'), controller.signal);
    return ok(new Set());
  });
  expect(await one.list()).toEqual([]);
});

/** Waits until someone has looked at the records' lock a second time, and so has been refused once. */
async function lookedTwice(): Promise<void> {
  const locks = join(userTempFolder(), 'locks');
  const [lock = ''] = readdirSync(locks);
  const looks = new Set<string | null>();
  for await (const { filename } of watch(join(locks, lock))) {
    // Each look begins with a file of its own.
    if (filename?.startsWith('draft-') === true) looks.add(filename);
    if (looks.size === 2) return;
  }
}

it('does not wait for ever for a session of another container, and says how to go on', async () => {
  await createImageRecords(folder).add(record('first'), signal);
  const locks = join(userTempFolder(), 'locks');
  const lock = join(locks, readdirSync(locks)[0] ?? '');
  // A session that was killed with its container: its pid counts nowhere here.
  const place = placeText({ ...thisPlace(), pids: '0c0c0c0c' });
  writeFileSync(join(lock, '9'), JSON.stringify({ pid: 7, startTime: '1', host: 'builder', place }));
  const records = createImageRecords(folder, 50);
  await records.add(record('second'), signal);
  expect((await records.list()).map(({ imageId }) => imageId)).toEqual(['first']);
  expect(await records.remove(signal, () => Promise.resolve(ok(new Set())))).toMatchObject({
    kind: 'failed',
    error: { code: 'INTERNAL', hint: expect.stringContaining(`rm -r ${lock}`) as string },
  });
  rmSync(lock, { recursive: true });
  await records.add(record('third'), signal);
  expect((await records.list()).map(({ imageId }) => imageId)).toEqual(['third', 'first']);
});
