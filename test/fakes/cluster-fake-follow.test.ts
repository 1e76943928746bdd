/** What `Cluster.follow` promises under faults that a real API server does not produce on demand. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openCluster, type OpenCluster } from '../../src/cluster/api/client.ts';
import type { FollowTiming } from '../../src/cluster/api/follow.ts';
import type { KubeObject } from '../../src/cluster/types.ts';
import { followConnection } from '../../src/app/dev/connection.ts';
import { startFakeApiServer, status, type FakeApiServer, type Intercept } from '../support/fake-apiserver.ts';
import { until } from '../support/wait.ts';

/** As in production but for the scale: one tenth. */
const timing: FollowTiming = { backoffMs: [20, 500], idleMs: 9000, settledMs: 200, coalesceMs: 2 };

let fake: FakeApiServer;
let cluster: OpenCluster;
let session: AbortController;
beforeEach(async () => {
  fake = await startFakeApiServer();
  session = new AbortController();
  cluster = await open();
});
afterEach(async () => {
  session.abort();
  cluster.close();
  await fake.close();
});

async function open(overrides: Partial<FollowTiming> = {}): Promise<OpenCluster> {
  const opened = await openCluster(fake.identity, { followTiming: { ...timing, ...overrides } });
  if (opened.kind !== 'ok') throw new Error(JSON.stringify(opened));
  return opened.value;
}

function configMap(name: string, value = ''): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'shop' }, data: { value } };
}

interface Followed {
  snapshots: string[][];
  lost: string[];
  regained: number;
  names(): string[];
}

function follow(from: OpenCluster = cluster): Followed {
  const followed: Followed = {
    snapshots: [],
    lost: [],
    regained: 0,
    names: () => followed.snapshots.at(-1) ?? [],
  };
  from.follow(
    { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'shop' },
    {
      onSnapshot: (objects) =>
        followed.snapshots.push(
          objects
            .map((object) => `${object.metadata.name}=${(object['data'] as { value: string }).value}`)
            .sort(),
        ),
      onLost: (reason) => followed.lost.push(reason),
      onRegained: () => (followed.regained += 1),
    },
    session.signal,
  );
  return followed;
}

async function untilSet(followed: Followed, ...expected: string[]): Promise<void> {
  await until(
    `the set ${expected.join(', ')}`,
    () => JSON.stringify(followed.names()) === JSON.stringify(expected) && followed.snapshots.length > 0,
    { describe: () => JSON.stringify(followed) },
  );
}

const lists = (): number =>
  fake.seen.filter((seen) => seen.path.endsWith('/configmaps') && !seen.watch).length;
const watchRequests = (): number => fake.seen.filter((seen) => seen.watch).length;

describe('follow', () => {
  it('gives the list, then every change', async () => {
    fake.put(configMap('a', '1'));
    const followed = follow();
    await untilSet(followed, 'a=1');
    await until('the watch', () => fake.watches() === 1);
    fake.put(configMap('b', '1'));
    await untilSet(followed, 'a=1', 'b=1');
    fake.put(configMap('a', '2'));
    fake.drop('ConfigMap', 'shop', 'b');
    await untilSet(followed, 'a=2');
    expect({ lists: lists(), watches: watchRequests(), lost: followed.lost }).toEqual({
      lists: 1,
      watches: 1,
      lost: [],
    });
  });

  it('hands changes of one moment on together', async () => {
    const slow = await open({ coalesceMs: 50 });
    const followed = follow(slow);
    await until('the watch', () => fake.watches() === 1);
    for (let index = 0; index < 200; index += 1) fake.put(configMap('a', String(index)));
    await untilSet(followed, 'a=199');
    expect(followed.snapshots.length).toBeLessThan(20);
  });

  it('goes on from the last change after the server ends the watch', async () => {
    fake.put(configMap('a', '1'));
    const followed = follow();
    await until('the watch', () => fake.watches() === 1);
    fake.put(configMap('a', '2'));
    await untilSet(followed, 'a=2');
    const ref = { apiVersion: 'v1', kind: 'ConfigMap', name: 'a', namespace: 'shop' };
    const seen = await cluster.get(ref, session.signal);
    fake.cutWatches('fin');
    fake.put(configMap('a', '3'));
    await untilSet(followed, 'a=3');
    expect({ lists: lists(), lost: followed.lost }).toEqual({ lists: 1, lost: [] });
    const resumed = fake.seen.findLast(({ watch }) => watch)?.query.get('resourceVersion');
    expect(seen).toMatchObject({ value: { metadata: { resourceVersion: resumed } } });
  });

  it('goes on from a bookmark, not from the last change', async () => {
    const followed = follow();
    await until('the watch', () => fake.watches() === 1);
    fake.toWatchers(JSON.stringify({ type: 'BOOKMARK', object: { metadata: { resourceVersion: '4711' } } }));
    fake.cutWatches('fin');
    await until('another watch', () => watchRequests() === 2);
    expect(fake.seen.at(-1)?.query.get('resourceVersion')).toBe('4711');
    expect(followed.lost).toEqual([]);
  });

  const faults: Record<string, () => void> = {
    '410 within the stream': () =>
      fake.toWatchers(JSON.stringify({ type: 'ERROR', object: { code: 410, reason: 'Expired' } })),
    '500 within the stream': () => fake.toWatchers(JSON.stringify({ type: 'ERROR', object: { code: 500 } })),
    'a line that is cut': () => fake.toWatchers('{"type":"ADDED","object":{"metad'),
    'an event without an object': () => fake.toWatchers('{"type":"ADDED"}'),
    'a reset': () => fake.cutWatches('rst'),
  };
  it.each(Object.keys(faults))('lists again after %s, and loses no change', async (fault) => {
    fake.put(configMap('a', '1'));
    const followed = follow();
    await until('the watch', () => fake.watches() === 1);
    faults[fault]?.();
    fake.put(configMap('b', '1'));
    fake.drop('ConfigMap', 'shop', 'a');
    await untilSet(followed, 'b=1');
    expect(lists()).toBe(2);
    // If the list succeeds at once, nothing was lost, and there is nothing to report.
    expect(followed.lost).toEqual([]);
    await until('the next watch', () => fake.watches() === 1);
    fake.put(configMap('c', '1'));
    await untilSet(followed, 'b=1', 'c=1');
  });

  it('lists again when the version it would go on from is too old', async () => {
    fake.put(configMap('a', '1'));
    const followed = follow();
    await until('the watch', () => fake.watches() === 1);
    fake.intercepts.push((seen, response) => {
      if (!seen.watch || watchRequests() !== 2) return false;
      status(response, 410, 'Expired', 'too old resource version');
      return true;
    });
    fake.cutWatches('fin');
    fake.put(configMap('a', '2'));
    await untilSet(followed, 'a=2');
    await until('a watch', () => fake.watches() === 1);
    expect({ lists: lists(), lost: followed.lost }).toEqual({ lists: 2, lost: [] });
  });

  it('lists again when the server has forgotten the history', async () => {
    fake.put(configMap('a', '1'));
    const followed = follow();
    await until('the watch', () => fake.watches() === 1);
    fake.compact();
    fake.cutWatches('fin');
    fake.put(configMap('b', '1'));
    await untilSet(followed, 'a=1', 'b=1');
    await until('a watch', () => fake.watches() === 1);
    expect({ lists: lists(), lost: followed.lost }).toEqual({ lists: 2, lost: [] });
  });

  it('replaces a watch that has gone silent, without a list', async () => {
    const impatient = await open({ idleMs: 60 });
    const followed = follow(impatient);
    await until('the second watch', () => watchRequests() >= 2);
    fake.put(configMap('a', '1'));
    await untilSet(followed, 'a=1');
    expect({ lists: lists(), lost: followed.lost }).toEqual({ lists: 1, lost: [] });
    expect(fake.watches()).toBe(1);
  });

  it('says once that the server is gone, once that it is back, and has missed nothing', async () => {
    fake.put(configMap('a', '1'));
    const followed = follow();
    await until('the watch', () => fake.watches() === 1);
    await fake.stop();
    await until('the loss', () => followed.lost.length > 0);
    fake.put(configMap('b', '1'));
    await fake.start();
    await untilSet(followed, 'a=1', 'b=1');
    expect(followed.lost).toEqual([
      `the API server ${fake.identity.server} (context fake) refuses connections: nothing listens there`,
    ]);
    expect(followed.regained).toBe(1);
    await until('the watch', () => fake.watches() === 1);
    fake.put(configMap('c', '1'));
    await untilSet(followed, 'a=1', 'b=1', 'c=1');
  });

  it('asks for new credentials at 401, and says so when they do not help', async () => {
    const followed = follow();
    await until('the watch', () => fake.watches() === 1);
    const deny: Intercept = (seen, response) => {
      if (seen.path !== '/api/v1/namespaces/shop/configmaps') return false;
      status(response, 401, 'Unauthorized', 'Unauthorized');
      return true;
    };
    fake.intercepts.push(deny);
    fake.cutWatches('rst');
    await until('the loss', () => followed.lost.length > 0);
    expect(followed.lost).toEqual([
      expect.stringContaining('does not accept the credentials of context fake'),
    ]);
    fake.intercepts.length = 0;
    fake.put(configMap('a', '1'));
    await untilSet(followed, 'a=1');
    expect(followed.regained).toBe(1);
  });

  it('ends with the signal, also while it waits', async () => {
    follow();
    await until('the watch', () => fake.watches() === 1);
    session.abort();
    await until('the end of the watch', () => fake.watches() === 0);
    const before = fake.seen.length;
    fake.put(configMap('a', '1'));
    await fake.stop();
    await fake.start();
    expect(fake.seen.length).toBe(before);
  });
});

describe('the connection of a session', () => {
  it('is lost while nothing answers, and not while the answer is no', async () => {
    const sent: string[] = [];
    let answers: 'yes' | 'no' | 'nothing' = 'no';
    fake.intercepts.push((seen, response) => {
      if (!seen.path.includes('/namespaces/held/leases') || answers === 'yes') return false;
      if (answers === 'no') status(response, 403, 'Forbidden', 'leases is forbidden');
      else response.destroy();
      return true;
    });
    const lists = (): number =>
      fake.seen.filter((seen) => seen.path.endsWith('/leases') && !seen.watch).length;
    const afterTwoMore = async (): Promise<void> => {
      const before = lists();
      await until('two more questions', () => lists() > before + 1);
    };
    const stop = followConnection(cluster, { project: 'shop', namespace: 'held' }, ({ kind }) => {
      if (sent.at(-1) !== kind) sent.push(kind);
    });
    await afterTwoMore();
    expect(sent).not.toContain('cluster-lost');
    answers = 'nothing';
    await until('the loss', () => sent.at(-1) === 'cluster-lost');
    // It is back, although the credentials ran out meanwhile.
    answers = 'no';
    await until('the return', () => sent.at(-1) === 'cluster-regained');
    answers = 'yes';
    await until('the watch', () => fake.watches() === 1);
    expect(sent.filter((kind) => kind === 'cluster-lost')).toHaveLength(1);
    stop();
    await until('the watch to end', () => fake.watches() === 0);
  });
});
