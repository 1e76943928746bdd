import { beforeEach, describe, expect, it } from 'vitest';
import type { Cluster } from '../../cluster/types.ts';
import { valueOf } from '../../../test/support/deploy-service.ts';
import { fakeObjects, type FakeObjects } from '../../../test/support/fake-objects.ts';
import { identityOf } from '../objects/kinds.ts';
import { lifetimeIn, markLabels, type Lifetime } from '../objects/lifetime.ts';
import { readInventoryRecord, writeInventory, type Entry, type Inventory } from './inventory.ts';

const place = { owner: { project: 'shop', service: 'orders' }, namespace: 'shop' };
const { signal } = new AbortController();

const entry = (name: string, content?: string): Entry => ({
  ...{ apiVersion: 'v1', kind: 'Secret', name, namespace: 'shop' },
  ...(content !== undefined && { content }),
});
const of = (...entries: readonly Entry[]): Inventory =>
  new Map(entries.map((each) => [identityOf(each), each]));

let fake: FakeObjects;
let cluster: Cluster;
beforeEach(() => {
  fake = fakeObjects();
  cluster = fake.cluster;
});

const marks = (lasts: Lifetime) => markLabels(lasts, { command: 'dev', user: 'ann@desk' });
const read = async () => valueOf(await readInventoryRecord(place, cluster, signal));
const write = async (before: Awaited<ReturnType<typeof read>>, ...entries: readonly Entry[]) =>
  valueOf(
    await writeInventory(
      before,
      { inventory: of(...entries), marks: marks('session') },
      place,
      cluster,
      signal,
    ),
  );
const lifetime = async () => lifetimeIn((await read()).labels ?? {});
const names = async () => [...(await read()).inventory.values()].map(({ name }) => name).sort();

describe('two deployers of one service side by side', () => {
  it('who both find no inventory have all their objects in it', async () => {
    const [one, other] = [await read(), await read()];
    await write(one, entry('a'));
    await write(other, entry('b'));
    expect(await names()).toEqual(['a', 'b']);
  });

  it('keep what the other added, and take away what they pruned themselves', async () => {
    await write(await read(), entry('old'), entry('stays'));
    const [one, other] = [await read(), await read()];
    await write(one, entry('old'), entry('stays', 'newer'), entry('a'));
    // This one has pruned `old`, and has seen an older `stays`, which it has not touched.
    const now = await write(other, entry('stays'), entry('b'));
    expect(await names()).toEqual(['a', 'b', 'stays']);
    expect(now.inventory.get(identityOf(entry('stays')))).toEqual(entry('stays', 'newer'));
  });

  it('write on from what the write before returned, without a conflict', async () => {
    const first = await write(await read(), entry('a'));
    const second = await write(first, entry('a', 'hash'));
    expect(second.inventory).toEqual(of(entry('a', 'hash')));
    expect(fake.stored.size).toBe(1);
  });

  it('do not make what was deployed to stay go with a session', async () => {
    const before = await read();
    const kept = { inventory: of(entry('a')), marks: marks('kept') };
    await writeInventory(before, kept, place, cluster, signal);
    await write(before, entry('b'));
    expect(await lifetime()).toBe('kept');
  });

  it('keep the record when one removes the service while the other deploys', async () => {
    await write(await read(), entry('a'));
    const before = await read();
    await write(before, entry('a'), entry('b'));
    const none = { inventory: of(), marks: {}, removesEmpty: true } as const;
    await writeInventory(before, none, place, cluster, signal);
    expect(await names()).toEqual(['b']);
    expect(await lifetime()).toBe('session');
    await writeInventory(await read(), none, place, cluster, signal);
    expect(fake.stored.size).toBe(0);
  });

  it('write it again if it was deleted meanwhile', async () => {
    await write(await read(), entry('a'));
    const before = await read();
    fake.stored.clear();
    await write(before, entry('a'), entry('b'));
    expect(await names()).toEqual(['b']);
  });

  it('leave labels and notes of others on it', async () => {
    await write(await read(), entry('a'));
    const [key, object] = [...fake.stored][0] ?? ['', undefined];
    if (object === undefined) throw new Error('there is none');
    const metadata = {
      ...object.metadata,
      labels: { ...object.metadata.labels, team: 'till' },
      annotations: { a: 'b' },
    };
    fake.stored.set(key, { ...object, metadata });
    await write(await read(), entry('b'));
    expect(fake.stored.get(key)?.metadata).toMatchObject({
      labels: { team: 'till' },
      annotations: { a: 'b' },
    });
  });
});
