/** The namespace lock and the namespace itself, with the races and outages that a real API server does not offer. */
import { spawn } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openCluster, type OpenCluster } from '../../src/cluster/api/client.ts';
import { holderOfProcess, type Holder } from '../../src/cluster/hold/holder.ts';
import { lockNamespace, type LockRequest, type NamespaceLock } from '../../src/cluster/hold/lock.ts';
import { createdForAnnotation } from '../../src/core/labels.ts';
import { ensureNamespace, removeNamespace } from '../../src/cluster/hold/namespace.ts';
import type { KubeObject } from '../../src/cluster/types.ts';
import type { Outcome } from '../../src/core/outcome.ts';
import { startFakeApiServer, status, type FakeApiServer } from '../support/fake-apiserver.ts';
import { until } from '../support/wait.ts';

const timing = { durationSeconds: 60, renewMs: 20, waitMs: 100, lookMs: 5 };
const other: Holder = { identity: 'ben@desktop 4711/99', place: 'another boot pid:[1]' };

let fake: FakeApiServer;
let cluster: OpenCluster;
let session: AbortController;
const held: NamespaceLock[] = [];
beforeEach(async () => {
  fake = await startFakeApiServer();
  session = new AbortController();
  const opened = await openCluster(fake.identity);
  if (opened.kind !== 'ok') throw new Error(JSON.stringify(opened));
  cluster = opened.value;
});
afterEach(async () => {
  for (const lock of held.splice(0)) await lock.release(session.signal);
  session.abort();
  cluster.close();
  await fake.close();
});

async function lock(extra: Partial<LockRequest> = {}): Promise<Outcome<NamespaceLock>> {
  const request = {
    namespace: 'shop',
    project: 'Shop App',
    command: 'dev',
    onLost: () => undefined,
    ...extra,
  };
  const taken = await lockNamespace(cluster, request, session.signal, timing);
  if (taken.kind === 'ok') held.push(taken.value);
  return taken;
}

async function lease(): Promise<KubeObject | undefined> {
  const ref = {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    name: 'appdev-shop-app',
    namespace: 'shop',
  };
  const found = await cluster.get(ref, session.signal);
  if (found.kind !== 'ok') throw new Error(JSON.stringify(found));
  return found.value;
}

async function holder(): Promise<unknown> {
  return ((await lease())?.['spec'] as { holderIdentity?: string } | undefined)?.holderIdentity;
}

/** A Lease as another session would hold it. */
async function putLease(by: Holder, renewed: Date, command?: string): Promise<void> {
  fake.put({
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: {
      name: 'appdev-shop-app',
      namespace: 'shop',
      annotations: {
        'dev.appdev/holder-place': by.place,
        ...(command === undefined ? {} : { 'dev.appdev/command': command }),
      },
    },
    spec: {
      holderIdentity: by.identity,
      leaseDurationSeconds: 60,
      acquireTime: '2026-11-21T05:00:00.000000Z',
      renewTime: renewed.toISOString(),
    },
  });
  await Promise.resolve();
}

describe('lockNamespace', () => {
  it('takes a free lock, renews it, and leaves nothing behind', async () => {
    expect(await lock()).toMatchObject({ kind: 'ok' });
    const first = await lease();
    expect(await holder()).toMatch(new RegExp(`@.* ${process.pid}/\\d+$`));
    await until(
      'a renewal',
      async () => (await lease())?.metadata.resourceVersion !== first?.metadata.resourceVersion,
    );
    await held.pop()?.release(session.signal);
    expect(await lease()).toBeUndefined();
  });

  it('names the other session and since when it works there', async () => {
    await putLease(other, new Date());
    expect(await lock()).toEqual({
      kind: 'failed',
      error: {
        code: 'NAMESPACE_LOCKED',
        message:
          'ben@desktop (pid 4711) has been working on Shop App in namespace shop since 2026-11-21T05:00:00Z',
        hint: 'end that session, or use another namespace: -n shop-2; to take this one over: --ignore-lock',
      },
    });
    expect(await holder()).toBe(other.identity);
  });

  it('does not wait for a dev, whoever asks', async () => {
    const waits: string[] = [];
    for (const by of [undefined, 'dev']) {
      await putLease(other, new Date(), by);
      expect(await lock({ command: 'run', onWait: (who) => waits.push(who) })).toMatchObject({
        kind: 'failed',
        error: {
          code: 'NAMESPACE_LOCKED',
          hint: 'end that session first, or go on beside it: --ignore-lock',
        },
      });
    }
    expect(waits).toEqual([]);
  });

  it.each(['run', 'dev'])(
    'waits for a command that is only writing, as %s, and says so once',
    async (command) => {
      await putLease(other, new Date(), 'deploy');
      const waits: string[] = [];
      const taking = lock({ command, onWait: (who) => waits.push(who) });
      await until('three looks', () => fake.seen.filter(({ path }) => path.includes('/leases/')).length > 2);
      fake.drop('Lease', 'shop', 'appdev-shop-app');
      expect(await taking).toMatchObject({ kind: 'ok' });
      expect(waits).toEqual([
        'ben@desktop (pid 4711) has been working on Shop App in namespace shop since 2026-11-21T05:00:00Z',
      ]);
      expect((await lease())?.metadata.annotations?.['dev.appdev/command']).toBe(command);
    },
  );

  it('does not wait for ever, nor after Ctrl-C', async () => {
    await putLease(other, new Date(), 'run');
    expect(await lock({ command: 'delete' })).toMatchObject({ error: { code: 'NAMESPACE_LOCKED' } });
    const taking = lock({ command: 'delete', onWait: () => session.abort() });
    expect((await taking).kind).toBe('cancelled');
    session = new AbortController();
    expect(await holder()).toBe(other.identity);
  });

  it('takes the lock over where that is asked for', async () => {
    await putLease(other, new Date(), 'dev');
    expect(await lock({ ignoreHolder: true })).toMatchObject({ kind: 'ok' });
    expect(await holder()).not.toBe(other.identity);
  });

  it('lets two sessions that start together not both have it', async () => {
    const one = { identity: 'ann@laptop 1/1', place: 'x' };
    const two = { identity: 'ben@laptop 2/2', place: 'y' };
    const results = await Promise.all([lock({ holder: one }), lock({ holder: two })]);
    expect(results.map(({ kind }) => kind).sort()).toEqual(['failed', 'ok']);
  });

  it('takes over a lock that was not renewed in time', async () => {
    await putLease(other, new Date(Date.now() - 61_000));
    expect(await lock()).toMatchObject({ kind: 'ok' });
    expect(await holder()).not.toBe(other.identity);
  });

  it('takes over at once from a process of this machine that is gone', async () => {
    const child = spawn('sleep', ['600']);
    await new Promise((resolve) => child.once('spawn', resolve));
    const dying = holderOfProcess(child.pid);
    await putLease(dying, new Date());
    expect(await lock()).toMatchObject({ kind: 'failed', error: { code: 'NAMESPACE_LOCKED' } });
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
    expect(await lock()).toMatchObject({ kind: 'ok' });
  });

  it('does not take a process that merely has the same pid for the holder', async () => {
    const mine = holderOfProcess();
    await putLease({ ...mine, identity: mine.identity.replace(/\d+$/, '1') }, new Date());
    expect(await lock()).toMatchObject({ kind: 'ok' });
  });

  it('believes a holder whose process it cannot look for', async () => {
    const mine = holderOfProcess();
    await putLease(
      { identity: mine.identity.replace(/ \d+\//, ' 999999999/'), place: 'another machine' },
      new Date(),
    );
    expect(await lock()).toMatchObject({ kind: 'failed', error: { code: 'NAMESPACE_LOCKED' } });
  });

  it('tells its session that another one took over, and does not take it back', async () => {
    const lost: string[] = [];
    await lock({ onLost: (by) => lost.push(by) });
    const [mine] = held;
    await putLease(other, new Date());
    await until('the news', () => lost.length > 0);
    expect(lost).toEqual(['ben@desktop (pid 4711)']);
    await mine?.release(session.signal);
    expect(await holder()).toBe(other.identity);
  });

  it('finds out at once, when asked, that another one took over between two renewals', async () => {
    const lost: string[] = [];
    const seldom = { ...timing, renewMs: 600_000 };
    const request = {
      namespace: 'shop',
      project: 'Shop App',
      command: 'dev',
      onLost: (by: string) => lost.push(by),
    };
    const taken = await lockNamespace(cluster, request, session.signal, seldom);
    if (taken.kind !== 'ok') throw new Error(JSON.stringify(taken));
    await taken.value.check(session.signal);
    expect(lost).toEqual([]);
    await putLease(other, new Date());
    await taken.value.check(session.signal);
    await taken.value.check(session.signal);
    expect(lost).toEqual(['ben@desktop (pid 4711)']);
    await taken.value.release(session.signal);
    expect(await holder()).toBe(other.identity);
  });

  it('leaves a Lease alone that changes hands while it is being released', async () => {
    await lock();
    let raced = false;
    fake.intercepts.push((seen) => {
      if (seen.method === 'DELETE' && !raced) {
        raced = true;
        void putLease(other, new Date());
      }
      return false;
    });
    await held.pop()?.release(session.signal);
    expect({ raced, holder: await holder() }).toEqual({ raced: true, holder: other.identity });
  });

  it('keeps the lock over an outage, and makes a Lease again that someone deleted', async () => {
    const lost: string[] = [];
    await lock({ onLost: (by) => lost.push(by) });
    await fake.stop();
    await fake.start();
    fake.drop('Lease', 'shop', 'appdev-shop-app');
    await until('the Lease', async () => (await lease()) !== undefined);
    expect(lost).toEqual([]);
  });

  it('gives up releasing when its time is over, instead of holding up the exit', async () => {
    await lock();
    fake.intercepts.push((seen) => seen.path.includes('/leases'));
    await held.pop()?.release(AbortSignal.timeout(50));
    fake.intercepts.length = 0;
  });
});

describe('ensureNamespace', () => {
  const ensure = async (create: boolean): ReturnType<typeof ensureNamespace> =>
    await ensureNamespace(cluster, { namespace: 'shop', project: 'Shop App', create }, session.signal);

  it('creates it, marked as its own, and finds it there the next time', async () => {
    expect(await ensure(true)).toEqual({ kind: 'ok', value: 'created' });
    const made = await cluster.get({ apiVersion: 'v1', kind: 'Namespace', name: 'shop' }, session.signal);
    expect(made).toMatchObject({
      value: { metadata: { annotations: { [createdForAnnotation]: 'Shop App' } } },
    });
    expect(await ensure(false)).toEqual({ kind: 'ok', value: 'there' });
  });

  it('says what to type when it is missing and must not be created', async () => {
    expect(await ensure(false)).toEqual({
      kind: 'failed',
      error: {
        code: 'NAMESPACE_MISSING',
        message: 'there is no namespace shop in fake',
        hint: 'kubectl create namespace shop, or set cluster.createNamespace: true in appdev.yaml',
      },
    });
  });

  it('waits for one that is being removed, then creates it', async () => {
    fake.put({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'shop', deletionTimestamp: '2026-11-21T05:00:00Z' },
    });
    const ensured = ensure(true);
    await until('the wait', () => fake.watches() === 1);
    fake.drop('Namespace', '', 'shop');
    expect(await ensured).toEqual({ kind: 'ok', value: 'created' });
    await until('the watch to end', () => fake.watches() === 0);
  });

  it('believes a user who cannot read namespaces', async () => {
    fake.intercepts.push((seen, response) => {
      if (!seen.path.endsWith('/namespaces/shop')) return false;
      status(response, 403, 'Forbidden', 'no');
      return true;
    });
    expect(await ensure(true)).toEqual({ kind: 'ok', value: 'there' });
  });
});

describe('removeNamespace', () => {
  const remove = async (): ReturnType<typeof removeNamespace> =>
    await removeNamespace(cluster, { namespace: 'shop', project: 'Shop App' }, session.signal);
  const make = async (): Promise<unknown> =>
    await ensureNamespace(cluster, { namespace: 'shop', project: 'Shop App', create: true }, session.signal);

  it('removes what it created once it is empty, but for what Kubernetes and the lock put there', async () => {
    await make();
    await lock();
    fake.put({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'kube-root-ca.crt', namespace: 'shop' },
    });
    const owner = { kind: 'ReplicaSet', name: 'x', uid: '1' };
    fake.put({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'x-1', namespace: 'shop', ownerReferences: [owner] },
    });
    expect(await remove()).toEqual({ kind: 'ok', value: { kind: 'removed' } });
    expect(await remove()).toEqual({ kind: 'ok', value: { kind: 'absent' } });
  });

  it('keeps one that holds something of someone else', async () => {
    await make();
    fake.put({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'theirs', namespace: 'shop' } });
    expect(await remove()).toEqual({
      kind: 'ok',
      value: { kind: 'kept', reason: 'ConfigMap/theirs is still in it' },
    });
  });

  it('keeps one that it did not create for this project', async () => {
    const metadata = { name: 'shop', annotations: { [createdForAnnotation]: 'another' } };
    fake.put({ apiVersion: 'v1', kind: 'Namespace', metadata });
    expect(await remove()).toEqual({
      kind: 'ok',
      value: { kind: 'kept', reason: 'appdev did not create it' },
    });
  });
});
