/** Application logs under faults: each line once, over cut streams, restarts and replaced pods. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openCluster, type OpenCluster } from '../../src/cluster/api/client.ts';
import { followPodLogs, readPodLogs, type PodLogsRequest } from '../../src/cluster/logs/pod-logs.ts';
import type { KubeObject } from '../../src/cluster/types.ts';
import type { EventBody } from '../../src/core/events.ts';
import { startFakeApiServer, status, type FakeApiServer, type Intercept } from '../support/fake-apiserver.ts';
import { addFakePodLogs, type FakePodLogs } from '../support/fake-pod-logs.ts';
import { until } from '../support/wait.ts';

let fake: FakeApiServer;
let logs: FakePodLogs;
let cluster: OpenCluster;
let session: AbortController;
let events: EventBody[];
let following: Promise<void> | undefined;

beforeEach(async () => {
  fake = await startFakeApiServer();
  logs = addFakePodLogs(fake);
  session = new AbortController();
  events = [];
  following = undefined;
  const followTiming = { backoffMs: [20, 200], idleMs: 9000, settledMs: 100, coalesceMs: 2 } as const;
  const opened = await openCluster(fake.identity, { followTiming });
  if (opened.kind !== 'ok') throw new Error(JSON.stringify(opened));
  cluster = opened.value;
});
afterEach(async () => {
  session.abort();
  await following;
  cluster.close();
  await fake.close();
});

const request: PodLogsRequest = { service: 'orders', namespace: 'shop', selector: 'app=orders' };

function follow(extra: Partial<PodLogsRequest> = {}): void {
  const timing = { backoffMs: [10, 100] } as const;
  following = followPodLogs(
    cluster,
    { ...request, ...extra },
    (event) => events.push(event),
    session.signal,
    timing,
  );
}

/** What each container's status says: `r1` runs, `t1` ended, `r2<t1` runs after the restart of one that ended. */
function putPod(name: string, containers: Record<string, string>, init: Record<string, string> = {}): void {
  const pod: KubeObject = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'shop' },
    status: { initContainerStatuses: statusesOf(init), containerStatuses: statusesOf(containers) },
  };
  fake.put(pod);
}

function statusesOf(containers: Record<string, string>): unknown[] {
  return Object.entries(containers).map(([name, text]) => {
    const [now = '', before] = text.split('<');
    const state = {
      r: { running: {} },
      t: { terminated: { containerID: now } },
      w: { waiting: { reason: 'CrashLoopBackOff' } },
    }[now[0] ?? ''];
    const lastState = before === undefined ? {} : { terminated: { containerID: before } };
    return { name, state, lastState, ...(now[0] === 'r' && { containerID: now }) };
  });
}

const lines = (): string[] =>
  events.flatMap((event) =>
    event.type === 'pod.log' ? [`${event.pod}/${event.container}: ${event.line}`] : [],
  );
const shown = async (count: number): Promise<unknown> =>
  await until(`${count} lines`, () => lines().length >= count, { describe: () => JSON.stringify(lines()) });

describe('followPodLogs', () => {
  it('follows every container, init containers first, with its name', async () => {
    logs.write('orders-1', 'migrate', 1, 0, 'migrated');
    logs.end('orders-1', 'migrate');
    logs.write('orders-1', 'app', 2, 0, 'started');
    putPod('orders-1', { app: 'r1' }, { migrate: 't1' });
    follow();
    await shown(2);
    logs.write('orders-1', 'app', 3, 0, 'served');
    await shown(3);
    expect(lines().sort()).toEqual([
      'orders-1/app: served',
      'orders-1/app: started',
      'orders-1/migrate: migrated',
    ]);
  });

  it.each(['fin', 'rst'] as const)(
    'neither repeats nor loses a line when the stream is cut (%s)',
    async (how) => {
      logs.write('orders-1', 'app', 1, 1, 'a');
      putPod('orders-1', { app: 'r1' });
      follow();
      await shown(1);
      // Three lines of one second, two of them with the very same time, cut after the second.
      logs.write('orders-1', 'app', 2, 500, 'b');
      logs.write('orders-1', 'app', 2, 500, 'c');
      await shown(3);
      logs.cut(how);
      logs.write('orders-1', 'app', 2, 500, 'd');
      logs.write('orders-1', 'app', 2, 600, 'e');
      await shown(5);
      await until('the stream', () => logs.streams() === 1);
      logs.write('orders-1', 'app', 3, 0, 'f');
      await shown(6);
      expect(lines().map((line) => line.slice(-1))).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
      // Only what may be new is asked for again, not the whole log.
      const readings = fake.seen
        .filter(({ path }) => path.endsWith('/log'))
        .map(({ query }) => query.get('sinceTime'));
      expect(readings.slice(0, 2)).toEqual([null, '2026-11-21T05:00:02.000000500Z']);
    },
  );

  it('reads what a container wrote before it was started again, and then the new run', async () => {
    putPod('orders-1', { app: 'r1' });
    logs.write('orders-1', 'app', 1, 0, 'one');
    follow();
    await shown(1);
    logs.write('orders-1', 'app', 2, 0, 'OutOfMemoryError');
    logs.end('orders-1', 'app');
    putPod('orders-1', { app: 'w<r1' });
    logs.restart('orders-1', 'app');
    logs.write('orders-1', 'app', 3, 0, 'two');
    putPod('orders-1', { app: 'r2<r1' });
    await shown(3);
    expect(lines()).toEqual(['orders-1/app: one', 'orders-1/app: OutOfMemoryError', 'orders-1/app: two']);
  });

  it('reads a run that came and went unseen, from the log of the previous one', async () => {
    follow();
    await until('the watch', () => fake.watches() === 1);
    logs.write('orders-1', 'app', 1, 0, 'cannot bind port');
    logs.end('orders-1', 'app');
    logs.restart('orders-1', 'app');
    logs.write('orders-1', 'app', 2, 0, 'started');
    putPod('orders-1', { app: 'r2<t1' });
    await shown(2);
    expect(lines()).toEqual(['orders-1/app: cannot bind port', 'orders-1/app: started']);
  });

  it('goes on with the next pod, and reads the old one to its end', async () => {
    putPod('orders-1', { app: 'r1' });
    logs.write('orders-1', 'app', 1, 0, 'old');
    follow();
    await shown(1);
    putPod('orders-2', { app: 'r1' });
    logs.write('orders-2', 'app', 2, 0, 'new');
    await shown(2);
    fake.drop('Pod', 'shop', 'orders-1');
    logs.write('orders-1', 'app', 3, 0, 'shut down gracefully');
    logs.end('orders-1', 'app');
    await shown(3);
    expect(lines()).toContain('orders-1/app: shut down gracefully');
    await until('the old stream to end', () => logs.streams() === 1);
  });

  it('opens its streams again when the cluster is back', async () => {
    putPod('orders-1', { app: 'r1' });
    logs.write('orders-1', 'app', 1, 0, 'before');
    follow();
    await shown(1);
    await fake.stop();
    logs.write('orders-1', 'app', 2, 0, 'meanwhile');
    await fake.start();
    await shown(2);
    expect(lines()).toEqual(['orders-1/app: before', 'orders-1/app: meanwhile']);
  });

  it('replaces a stream that may have died unseen while the cluster was away', async () => {
    putPod('orders-1', { app: 'r1' });
    logs.write('orders-1', 'app', 1, 0, 'before');
    follow();
    await shown(1);
    logs.silence();
    logs.write('orders-1', 'app', 2, 0, 'unheard');
    let refused = 0;
    const away: Intercept = (seen, response) => {
      if (!seen.path.endsWith('/pods') || seen.watch) return false;
      refused += 1;
      status(response, 500, 'InternalError', 'etcd is away');
      return true;
    };
    fake.intercepts.push(away);
    fake.cutWatches('rst');
    await until('the loss', () => refused > 0);
    fake.intercepts.splice(fake.intercepts.indexOf(away), 1);
    await shown(2);
    expect(lines()).toEqual(['orders-1/app: before', 'orders-1/app: unheard']);
  });

  it('starts so many lines back in what ran already, and at the beginning of what starts later', async () => {
    for (let index = 0; index < 50; index += 1) logs.write('orders-1', 'app', 1, index, `old ${index}`);
    putPod('orders-1', { app: 'r1' });
    follow({ tailLines: 2 });
    await shown(2);
    for (let index = 0; index < 5; index += 1) logs.write('orders-2', 'app', 2, index, `new ${index}`);
    putPod('orders-2', { app: 'r1' });
    await shown(7);
    expect(lines().slice(0, 2)).toEqual(['orders-1/app: old 48', 'orders-1/app: old 49']);
    expect(lines().slice(2)).toHaveLength(5);
  });

  it('loses no line after "from now on" when the stream is cut before the first one', async () => {
    logs.write('orders-1', 'app', 1, 0, 'history');
    putPod('orders-1', { app: 'r1' });
    follow({ tailLines: 0 });
    await until('the stream', () => logs.streams() === 1);
    logs.cut('rst');
    logs.write('orders-1', 'app', 2, 0, 'now');
    await shown(1);
    expect(lines()).toContain('orders-1/app: now');
    const again = fake.seen.findLast(({ path }) => path.endsWith('/log'))?.query;
    expect(again?.get('tailLines')).toBeNull();
    expect(Number(again?.get('sinceSeconds'))).toBeGreaterThanOrEqual(1);
  });

  it('takes escape sequences out', async () => {
    logs.write('orders-1', 'app', 1, 0, '\u001b[31mred\u001b[0m \u001b]0;title\u0007done');
    putPod('orders-1', { app: 'r1' });
    follow();
    await shown(1);
    expect(lines()).toEqual(['orders-1/app: red done']);
  });

  it('says once that it is not allowed to read logs, and stops asking', async () => {
    fake.intercepts.unshift((seen, response) => {
      if (!seen.path.endsWith('/log')) return false;
      status(response, 403, 'Forbidden', 'no pods/log for ann');
      return true;
    });
    putPod('orders-1', { app: 'r1', side: 'r1' });
    follow();
    await until('the notice', () => events.length > 0);
    await until('both answers', () => fake.seen.filter(({ path }) => path.endsWith('/log')).length === 2);
    session.abort();
    await following;
    expect(events).toMatchObject([
      {
        type: 'notice',
        level: 'warning',
        message: expect.stringContaining('is not allowed to read the log') as string,
      },
    ]);
  });

  it('closes every stream at the end', async () => {
    putPod('orders-1', { app: 'r1' });
    logs.write('orders-1', 'app', 1, 0, 'x');
    follow();
    await shown(1);
    session.abort();
    await following;
    await until('no stream', () => logs.streams() === 0);
  });
});

describe('readPodLogs', () => {
  it('gives the lines of all pods in the order of time', async () => {
    logs.write('orders-1', 'app', 1, 0, 'first');
    logs.write('orders-1', 'app', 3, 0, 'third');
    logs.write('orders-2', 'app', 2, 0, 'second');
    putPod('orders-1', { app: 'r1' });
    putPod('orders-2', { app: 'r1', waiting: 'w' });
    const read = await readPodLogs(cluster, request, session.signal);
    expect(read).toEqual({
      kind: 'ok',
      value: [
        { pod: 'orders-1', container: 'app', line: 'first' },
        { pod: 'orders-2', container: 'app', line: 'second' },
        { pod: 'orders-1', container: 'app', line: 'third' },
      ],
    });
  });
});
