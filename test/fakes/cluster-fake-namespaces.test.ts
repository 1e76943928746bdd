/** The namespaces of a session, with the takeover and the empty end that only a fake API server offers on demand. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openCluster, type OpenCluster } from '../../src/cluster/api/client.ts';
import type { OpenTarget } from '../../src/app/compose/cluster.ts';
import { quietContext } from '../../src/app/compose/once.ts';
import { createNamespaceLocks, type NamespaceLocks } from '../../src/app/deployed/namespaces.ts';
import { createWriteLocks, type WriteLocks } from '../../src/app/deployed/write-locks.ts';
import type { Session } from '../../src/app/session.ts';
import { handleSignals, type Signals } from '../../src/app/signals.ts';
import type { EventBody } from '../../src/core/events.ts';
import { ok, type Outcome } from '../../src/core/outcome.ts';
import type { Rendered, Way } from '../../src/deploy/types.ts';
import { onAbort } from '../../src/support/abort.ts';
import { createCleanup, type Cleanup } from '../../src/support/cleanup.ts';
import { fakeChart } from '../support/fake-loop-parts.ts';
import { until } from '../support/wait.ts';
import { startFakeApiServer, status, type FakeApiServer } from '../support/fake-apiserver.ts';

const { signal } = new AbortController();

let fake: FakeApiServer;
let cluster: OpenCluster;
let cleanup: Cleanup;
let signals: Signals;
let hurried: number;
let events: EventBody[];
let locks: NamespaceLocks;
let standIn: Session;
let config: { createNamespace: boolean };

beforeEach(async () => {
  fake = await startFakeApiServer();
  const opened = await openCluster(fake.identity);
  if (opened.kind !== 'ok') throw new Error(JSON.stringify(opened));
  cluster = opened.value;
  cleanup = createCleanup();
  hurried = 0;
  signals = handleSignals(() => (hurried += 1));
  events = [];
  config = { createNamespace: true };
  // As much of a session as the locks look at.
  standIn = {
    project: { config: { name: 'shop', cluster: config } },
    signals,
    cleanup,
    emit: (event: EventBody) => events.push(event),
    invocation: { command: 'dev', flags: {} },
  } as unknown as Session;
  locks = createNamespaceLocks(standIn, { cluster } as OpenTarget);
});
afterEach(async () => {
  await cleanup.run(5000);
  signals.dispose();
  cluster.close();
  await fake.close();
});

function inNamespace(name: string, namespace: string): ReturnType<typeof fakeChart> {
  const service = fakeChart(name);
  return { ...service, deploy: { ...service.deploy, namespace } };
}

async function exists(kind: 'Lease' | 'Namespace', name: string, namespace?: string): Promise<boolean> {
  const apiVersion = kind === 'Lease' ? 'coordination.k8s.io/v1' : 'v1';
  const ref = { apiVersion, kind, name, ...(namespace === undefined ? {} : { namespace }) };
  const found = await cluster.get(ref, signal);
  return found.kind === 'ok' && found.value !== undefined;
}

function takeOver(namespace: string, command = 'dev'): void {
  fake.put({
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: {
      name: 'appdev-shop',
      namespace,
      annotations: { 'dev.appdev/holder-place': 'another boot', 'dev.appdev/command': command },
    },
    spec: {
      holderIdentity: 'ben@desktop 4711/99',
      leaseDurationSeconds: 60,
      renewTime: new Date().toISOString(),
    },
  });
}

describe('the locks of a session', () => {
  it('takes each namespace once, also those that come later, and gives all back', async () => {
    const [a, b, c] = [inNamespace('a', 'one'), inNamespace('b', 'one'), inNamespace('c', 'two')];
    expect(await locks.take([a, b])).toMatchObject({ kind: 'ok' });
    expect(locks.names()).toEqual(['one']);
    expect(await locks.take([a, b, c])).toMatchObject({ kind: 'ok' });
    expect(locks.names()).toEqual(['one', 'two']);
    expect(await exists('Lease', 'appdev-shop', 'two')).toBe(true);
    await cleanup.run(5000);
    expect(await exists('Lease', 'appdev-shop', 'one')).toBe(false);
    expect(await exists('Lease', 'appdev-shop', 'two')).toBe(false);
  });

  it('ends the session when one is lost, as a failure, and never in a hurry', async () => {
    await locks.take([inNamespace('a', 'one')]);
    expect(await locks.check(signal)).toMatchObject({ kind: 'ok' });
    // It is ending already: the loss must not count as the second Ctrl-C.
    signals.end();
    takeOver('one');
    expect(await locks.check(signal)).toMatchObject({
      kind: 'failed',
      error: {
        code: 'NAMESPACE_LOCKED',
        message: 'ben@desktop (pid 4711) took over the namespace one; this session ends and removes nothing',
      },
    });
    expect(locks.state()).toMatchObject({ kind: 'failed' });
    expect([signals.shutdown.aborted, locks.lost.aborted, hurried]).toEqual([true, true, 0]);
    expect(events).toContainEqual(expect.objectContaining({ type: 'notice', level: 'warning' }));
  });
});

describe('a command that writes once', () => {
  const a = inNamespace('a', 'one');
  const locksOf = (command: string, flags = {}): WriteLocks =>
    createWriteLocks({ ...standIn, invocation: { command, flags } } as Session, { cluster });
  const notices = (): string[] => events.flatMap((event) => (event.type === 'notice' ? [event.message] : []));
  const holds = async (): Promise<boolean> => await exists('Lease', 'appdev-shop', 'one');
  const who = 'ben@desktop (pid 4711) has been working on shop in namespace one since an unknown time';
  beforeEach(() => fake.put({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'one' } }));

  it.each(['run', 'deploy', 'delete'])(
    '%s is refused beside a dev, by name, before and at the write',
    async (command) => {
      takeOver('one');
      const refusal = {
        kind: 'failed',
        error: {
          code: 'NAMESPACE_LOCKED',
          message: who,
          hint: 'end that session first, or go on beside it: --ignore-lock',
        },
      };
      const writes = locksOf(command);
      expect(await writes.look([a])).toEqual(refusal);
      let written = false;
      const work = async (): Promise<Outcome<void>> => await Promise.resolve(ok(void (written = true)));
      expect(await writes.holding([a], signal, work)).toEqual(refusal);
      expect([written, notices()]).toEqual([false, []]);
    },
  );

  it('goes on beside it with --ignore-lock, says what that session will do, and leaves its lock alone', async () => {
    takeOver('one');
    const writes = locksOf('run', { ignoreLock: true });
    expect(await writes.look([a])).toMatchObject({ kind: 'ok' });
    expect(notices()).toEqual([`${who}; it deploys its own files again with its next save`]);
    expect(await writes.holding([a], signal, async () => await Promise.resolve(ok('written')))).toEqual(
      ok('written'),
    );
    expect(fake.seen.filter(({ method }) => method !== 'GET')).toEqual([]);
  });

  it('says nothing if there is none, or if it is over', async () => {
    expect(await locksOf('run').look([a])).toMatchObject({ kind: 'ok' });
    fake.put({
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: 'appdev-shop', namespace: 'one' },
      spec: {
        holderIdentity: 'ben@desktop 4711/99',
        leaseDurationSeconds: 1,
        renewTime: '2026-01-01T00:00:00Z',
      },
    });
    expect(await locksOf('run').look([a])).toMatchObject({ kind: 'ok' });
    expect(notices()).toEqual([]);
  });

  it('holds the lock while any of its writes goes on, and no longer', async () => {
    const writes = locksOf('run');
    const gates = [new AbortController(), new AbortController()] as const;
    const began: boolean[] = [];
    const works = gates.map(
      async (gate) =>
        await writes.holding([a], signal, async () => {
          began.push(await holds());
          await new Promise<void>((resolve) => void onAbort(gate.signal, resolve));
          return ok(undefined);
        }),
    );
    await until('both to write', () => began.length === 2);
    expect(began).toEqual([true, true]);
    gates[0].abort();
    await works[0];
    expect(await holds()).toBe(true);
    gates[1].abort();
    await works[1];
    expect(await holds()).toBe(false);
  });

  it('gives the lock back when its work throws', async () => {
    const work = locksOf('run').holding([a], signal, async () => await Promise.reject(new Error('a bug')));
    await expect(work).rejects.toThrow('a bug');
    expect(await holds()).toBe(false);
  });

  it('waits for another one that is writing, and says for whom', async () => {
    takeOver('one', 'deploy');
    const writes = locksOf('run');
    expect(await writes.look([a])).toMatchObject({ kind: 'ok' });
    const work = writes.holding([a], signal, async () => await Promise.resolve(ok('written')));
    await until('the news', () => notices().length > 0);
    fake.drop('Lease', 'one', 'appdev-shop');
    expect(await work).toEqual(ok('written'));
    expect(notices()).toEqual([`${who}; waiting until it has written`]);
  });

  it('guards what a run applies and what it removes afterwards', async () => {
    const seen: boolean[] = [];
    const way = locksOf('run').guarding({
      async apply() {
        seen.push(await holds());
        return ok({ changed: true, detail: '' });
      },
      async settle() {
        seen.push(await holds());
        return ok([]);
      },
    });
    const rendered: Rendered = { service: 'a', namespace: 'one', objects: [], yaml: '', hash: '' };
    await way.apply(a, rendered, quietContext(signal));
    await way.settle(a, rendered, quietContext(signal));
    expect([...seen, await holds()]).toEqual([true, true, false]);
  });

  it('needs no lock where there is no namespace', async () => {
    fake.drop('Namespace', '', 'one');
    expect(await locksOf('delete').holding([a], signal, async () => await Promise.resolve(ok(1)))).toEqual(
      ok(1),
    );
    expect(notices()).toEqual([]);
  });

  it('goes on without the lock, and says so once, if its account may not have one', async () => {
    fake.intercepts.push(({ path }, response) => {
      if (!path.includes('/leases')) return false;
      status(response, 403, 'Forbidden', 'leases is forbidden');
      return true;
    });
    const writes = locksOf('run');
    for (const _ of [1, 2])
      expect(await writes.holding([a], signal, async () => await Promise.resolve(ok(1)))).toEqual(ok(1));
    expect(notices()).toEqual([
      expect.stringMatching(/^appdev run writes without the lock of one: .*forbidden/),
    ]);
  });
});

describe('a namespace that someone deletes during the session', () => {
  const rendered: Rendered = { service: 'a', namespace: 'one', objects: [], yaml: '', hash: '' };
  /** Whether the namespace was there at each apply. */
  let seen: boolean[];
  const way: Pick<Way, 'apply'> = {
    async apply() {
      seen.push(await exists('Namespace', 'one'));
      return ok({ changed: true, detail: '' });
    },
  };
  beforeEach(() => (seen = []));

  it('is created again before the next apply, and goes at the end', async () => {
    const a = inNamespace('a', 'one');
    await locks.take([a]);
    fake.drop('Namespace', '', 'one');
    fake.drop('Lease', 'one', 'appdev-shop');
    expect(await locks.restoring(way).apply(a, rendered, quietContext(signal))).toMatchObject({ kind: 'ok' });
    expect(seen).toEqual([true]);
    expect(events.filter((event) => event.type === 'notice').map(({ message }) => message)).toEqual([
      'created the namespace one',
      'created the namespace one',
    ]);
    await cleanup.run(5000);
    expect(await exists('Namespace', 'one')).toBe(false);
  });

  it('stops the apply if it may not be created', async () => {
    const a = inNamespace('a', 'one');
    await locks.take([a]);
    config.createNamespace = false;
    fake.drop('Namespace', '', 'one');
    expect(await locks.restoring(way).apply(a, rendered, quietContext(signal))).toMatchObject({
      error: { code: 'NAMESPACE_MISSING' },
    });
    expect(seen).toEqual([]);
  });
});

describe('a namespace that the session created', () => {
  it('goes at its end when nothing came into it', async () => {
    await locks.take([inNamespace('a', 'one')]);
    expect(await exists('Namespace', 'one')).toBe(true);
    await cleanup.run(5000);
    expect(await exists('Namespace', 'one')).toBe(false);
  });

  it('stays when something did', async () => {
    await locks.take([inNamespace('a', 'one')]);
    fake.put({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'theirs', namespace: 'one' } });
    await cleanup.run(5000);
    expect(await exists('Namespace', 'one')).toBe(true);
  });

  it('stays when another session has taken it over and deploys there next', async () => {
    await locks.take([inNamespace('a', 'one')]);
    takeOver('one');
    await cleanup.run(5000);
    expect([await exists('Namespace', 'one'), await exists('Lease', 'appdev-shop', 'one')]).toEqual([
      true,
      true,
    ]);
  });

  it('is not one that was there before', async () => {
    fake.put({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'one' } });
    await locks.take([inNamespace('a', 'one')]);
    await cleanup.run(5000);
    expect(await exists('Namespace', 'one')).toBe(true);
  });
});
