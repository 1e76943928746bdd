import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ok } from '../../../core/outcome.ts';
import { ImageRecords, type ImageRecord } from './records.ts';

const { signal } = new AbortController();
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'appdev-records-'));
});
afterEach(() => {
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
  const sessions = [new ImageRecords(folder), new ImageRecords(folder)];
  const ids = Array.from({ length: 10 }, (_, n) => `image-${n}`);
  await Promise.all(
    ids.map(async (id, n) => {
      await sessions[n % 2]?.add(record(id), signal);
    }),
  );
  const known = await new ImageRecords(folder).list();
  expect(known.map(({ imageId }) => imageId).sort()).toEqual(ids);
});

it('records nothing while images are being removed, so that a new one never counts as old', async () => {
  const [pruning, building] = [new ImageRecords(folder), new ImageRecords(folder)];
  await building.add(record('old'), signal);
  const order: string[] = [];
  let added: Promise<void> | undefined;
  const removed = await pruning.remove(signal, async (known) => {
    added = building.add(record('new'), signal).then(() => {
      order.push('recorded');
    });
    // As long as the other session has to wait for a look at the lock, several times over.
    await new Promise((done) => setTimeout(done, 300));
    order.push('removed');
    return ok(new Set(known.map(({ imageId }) => imageId)));
  });
  await added;
  expect([removed, order]).toEqual([ok(1), ['removed', 'recorded']]);
  expect((await pruning.list()).map(({ imageId }) => imageId)).toEqual(['new']);
});

it('waits for nobody after a cancel', async () => {
  const [one, other] = [new ImageRecords(folder), new ImageRecords(folder)];
  const controller = new AbortController();
  await one.remove(signal, async () => {
    controller.abort('superseded');
    await other.add(record('new'), controller.signal);
    return ok(new Set());
  });
  expect(await one.list()).toEqual([]);
});
