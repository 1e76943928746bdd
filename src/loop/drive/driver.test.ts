import { afterEach, describe, expect, it } from 'vitest';
import {
  FakeLoopRig,
  fakeChart,
  fakeProject,
  fakeService,
  settled,
  type FakeWork,
} from '../../../test/support/fake-loop-parts.ts';
import type { Stage } from '../../core/routes.ts';
import { appdevError } from '../../core/errors.ts';
import { cancelled, failed, ok } from '../../core/outcome.ts';
import { createLoop, type Loop } from './driver.ts';

const all: readonly Stage[] = ['compile', 'package', 'image', 'push', 'render', 'apply', 'rollout'];
const allBut = (...stages: readonly Stage[]): Stage[] => all.filter((stage) => !stages.includes(stage));
const twoApps = () => [fakeService('orders'), fakeService('stock')];

let running: { loop: Loop; end: Promise<void>; rig: FakeLoopRig } | undefined;

async function start(rig: FakeLoopRig): Promise<Loop> {
  const loop = createLoop(rig.parts());
  running = { loop, end: loop.start(), rig };
  await settled();
  return loop;
}

/** Work that is told to stop ends as cancelled, like the real parts. */
async function obey(work: FakeWork): Promise<void> {
  expect(work.signal.aborted).toBe(true);
  await work.end(cancelled(work.signal));
}

afterEach(async () => {
  if (running === undefined) return;
  const { loop, end, rig } = running;
  running = undefined;
  loop.send({ kind: 'shutdown-requested' });
  for (const work of [...rig.workshop.open]) await work.end(cancelled(work.signal));
  await end;
  expect(rig.closed).toBe(true);
});

describe('a start', () => {
  it('builds the services of one reactor by one invocation and then deploys each alone', async () => {
    const rig = new FakeLoopRig(twoApps(), all);
    await start(rig);
    expect(rig.workshop.begun.slice(0, 2)).toEqual(['compile orders stock', 'package orders stock']);
    expect(rig.workshop.begun.filter((text) => text.startsWith('apply')).sort()).toEqual([
      'apply orders',
      'apply stock',
    ]);
    expect(rig.told('run.started').map(({ service, run, reason }) => [service, run, reason])).toEqual([
      ['orders', 1, 'start'],
      ['stock', 2, 'start'],
    ]);
    expect(rig.told('run.finished').map(({ outcome }) => outcome)).toEqual(['ok', 'ok']);
    expect(rig.told('change.detected')).toEqual([]);
    expect(rig.told('watch.started')[0]).toMatchObject({ files: 4, mode: 'events' });
  });

  it('with nothing changed since the last session builds and pushes nothing, and lets the cluster be confirmed', async () => {
    const first = new FakeLoopRig(twoApps(), all);
    await start(first);
    const second = new FakeLoopRig(twoApps(), all);
    for (const [path, value] of first.state) second.state.set(path, value);
    for (const digest of first.workshop.registry) second.workshop.registry.add(digest);
    await start(second);
    expect(second.workshop.begun.filter((text) => /compile|package|image|push/.test(text))).toEqual([]);
    expect(second.workshop.begun).toContain('apply orders');
    const [finished] = second.told('run.finished');
    expect(finished?.stages.map(({ stage, outcome }) => `${stage} ${outcome}`)).toEqual([
      'compile skipped',
      'package skipped',
      'image skipped',
      'push skipped',
      'render ok',
      'apply ok',
      'rollout ok',
    ]);
    expect(finished?.artifact?.digest).toBe('sha256:orders-1');
  });

  it('builds again what the registry has lost', async () => {
    const first = new FakeLoopRig(twoApps(), all);
    await start(first);
    const second = new FakeLoopRig(twoApps(), all);
    for (const [path, value] of first.state) second.state.set(path, value);
    second.workshop.registry.add('sha256:stock-1');
    await start(second);
    expect(second.workshop.begun).toContain('compile orders');
    expect(second.told('run.finished').map(({ outcome }) => outcome)).toEqual(['ok', 'ok']);
  });

  it('deploys a need first, while what needs it is being built', async () => {
    const services = [fakeService('orders', { needs: ['db'] }), fakeChart('db')];
    const rig = new FakeLoopRig(services, allBut('rollout'));
    await start(rig);
    expect(rig.workshop.begun).toContain('push orders');
    expect(rig.workshop.begun).not.toContain('apply orders');
    expect(rig.told('service.held')).toContainEqual({
      type: 'service.held',
      service: 'orders',
      hold: { reason: 'needs', on: 'db' },
    });
    await rig.workshop.work('rollout', 'db').end();
    expect(rig.workshop.begun).toContain('apply orders');
    expect(rig.told('service.released')).toContainEqual({ type: 'service.released', service: 'orders' });
  });
});

describe('a save', () => {
  it('runs the affected service only, 20 ms after the event', async () => {
    const rig = new FakeLoopRig(twoApps(), all);
    await start(rig);
    rig.workshop.begun.length = 0;
    await rig.save({ 'orders/App.java': '2' });
    await rig.clock.pass(19);
    expect(rig.workshop.begun).toEqual([]);
    await rig.clock.pass(1);
    expect(rig.workshop.begun[0]).toBe('compile orders');
    expect(rig.workshop.cluster.get('orders')).toContain('sha256:orders-2');
    expect(rig.told('change.detected')).toEqual([
      { type: 'change.detected', service: 'orders', change: 3, paths: ['orders/App.java'], more: 0 },
    ]);
    expect(rig.told('run.finished').at(-1)).toMatchObject({
      service: 'orders',
      reason: 'App.java',
      outcome: 'ok',
    });
  });

  it('of the same bytes runs nothing', async () => {
    const rig = new FakeLoopRig(twoApps(), all);
    await start(rig);
    rig.workshop.begun.length = 0;
    await rig.save({ 'orders/App.java': '1' });
    await rig.clock.pass(1_000);
    expect(rig.workshop.begun).toEqual([]);
    expect(rig.told('change.detected')).toEqual([]);
  });

  it('of several files waits until they are all there, and of many longer', async () => {
    const rig = new FakeLoopRig(twoApps(), all);
    await start(rig);
    await rig.save({ 'orders/App.java': '2', 'orders/B.java': '1' });
    await rig.clock.pass(49);
    expect(rig.told('run.started')).toHaveLength(2);
    await rig.clock.pass(1);
    expect(rig.told('run.started')).toHaveLength(3);
    const many = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`orders/N${index}.java`, '1']));
    await rig.save(many);
    await rig.clock.pass(299);
    expect(rig.told('run.started')).toHaveLength(3);
    await rig.clock.pass(1);
    expect(rig.told('run.started')).toHaveLength(4);
    expect(rig.told('change.detected').at(-1)).toMatchObject({ more: 40 });
  });

  it('of a chart renders and applies without a build', async () => {
    const rig = new FakeLoopRig(twoApps(), all);
    await start(rig);
    rig.workshop.begun.length = 0;
    await rig.save({ 'orders/chart/values.yaml': '2' });
    await rig.clock.pass(20);
    expect(rig.workshop.begun).toEqual(['render orders', 'apply orders', 'rollout orders']);
    expect(rig.told('run.started').at(-1)).toMatchObject({ route: 'render-only' });
  });

  it('of a test builds nothing if tests do not run', async () => {
    const rig = new FakeLoopRig(twoApps(), all);
    await start(rig);
    rig.workshop.begun.length = 0;
    await rig.save({ 'orders/test/AppTest.java': '2' });
    await rig.clock.pass(1_000);
    expect(rig.workshop.begun).toEqual([]);
  });

  it('whose event was lost is found by the slow walk', async () => {
    const rig = new FakeLoopRig(twoApps(), all);
    await start(rig);
    rig.disk.write('orders/App.java', '2');
    await rig.clock.pass(60_000);
    expect(rig.workshop.cluster.get('orders')).toContain('sha256:orders-2');
  });

  it('waits while a file is half written', async () => {
    const rig = new FakeLoopRig(twoApps(), all);
    await start(rig);
    rig.disk.settlesInMs = 20;
    await rig.save({ 'orders/App.java': '' });
    await rig.clock.pass(200);
    expect(rig.told('run.started')).toHaveLength(2);
    rig.disk.write('orders/App.java', '2');
    rig.disk.settlesInMs = 0;
    await rig.clock.pass(20);
    expect(rig.workshop.cluster.get('orders')).toContain('sha256:orders-2');
    expect(rig.told('run.started')).toHaveLength(3);
  });
});

describe('a save during a run', () => {
  it('cancels the build, and the next starts only when the first one has really ended', async () => {
    const rig = new FakeLoopRig([fakeService('orders')], allBut('compile'));
    await start(rig);
    const first = rig.workshop.work('compile');
    await rig.save({ 'orders/App.java': '2' });
    await rig.clock.pass(20);
    expect(first.signal.reason).toBe('superseded');
    expect(rig.told('service.held').at(-1)).toMatchObject({
      service: 'orders',
      hold: { reason: 'cancelling' },
    });
    await rig.clock.pass(5_000);
    expect(rig.told('run.started')).toHaveLength(1);
    await obey(first);
    await rig.clock.pass(20);
    expect(rig.workshop.work('compile').input).toBe('2');
    expect(rig.told('run.finished')[0]).toMatchObject({ outcome: 'cancelled', cancelReason: 'superseded' });
    await rig.workshop.work('compile').end();
    expect(rig.told('run.finished').at(-1)).toMatchObject({ outcome: 'ok', reason: 'App.java' });
  });

  it('cancels it for its mates too, and the next one builds what both need', async () => {
    const rig = new FakeLoopRig(twoApps(), allBut('compile'));
    await start(rig);
    const first = rig.workshop.work('compile');
    await rig.save({ 'orders/App.java': '2' });
    await rig.clock.pass(20);
    await obey(first);
    await rig.clock.pass(20);
    const second = rig.workshop.work('compile');
    expect(second.services).toEqual(['orders', 'stock']);
    expect(second.input).toBe('2,1');
    await second.end();
    expect([...rig.workshop.cluster.keys()].sort()).toEqual(['orders', 'stock']);
  });

  it('of another service of the reactor waits for the build, by name', async () => {
    const rig = new FakeLoopRig(twoApps(), all);
    await start(rig);
    rig.workshop.automatic.delete('image');
    await rig.save({ 'orders/App.java': '2' });
    await rig.clock.pass(20);
    await rig.save({ 'stock/App.java': '2' });
    await rig.clock.pass(100);
    // The jar in target/ is being read: another Maven must not rewrite it.
    expect(rig.told('service.held').at(-1)).toEqual({
      type: 'service.held',
      service: 'stock',
      hold: { reason: 'building', on: 'orders' },
    });
    await rig.workshop.work('image', 'orders').end();
    expect(rig.workshop.work('image', 'stock').input).toBe('2');
  });

  it('past the jar build ends that run alone', async () => {
    const rig = new FakeLoopRig(twoApps(), allBut('push'));
    await start(rig);
    await rig.save({ 'orders/App.java': '2' });
    await rig.clock.pass(20);
    expect(rig.workshop.work('push', 'orders').signal.aborted).toBe(true);
    expect(rig.workshop.work('push', 'stock').signal.aborted).toBe(false);
  });

  it('lets an apply finish and does not wait for its rollout', async () => {
    const rig = new FakeLoopRig([fakeService('orders')], allBut('apply', 'rollout'));
    await start(rig);
    const apply = rig.workshop.work('apply');
    await rig.save({ 'orders/App.java': '2' });
    await rig.clock.pass(20);
    expect(apply.signal.aborted).toBe(false);
    await apply.end();
    await obey(rig.workshop.work('rollout'));
    await rig.clock.pass(20);
    expect(rig.workshop.work('apply').input).toContain('sha256:orders-2');
  });

  it('back to the last good state after the apply is deployed again', async () => {
    const rig = new FakeLoopRig([fakeService('orders')], all);
    await start(rig);
    rig.workshop.automatic.delete('rollout');
    await rig.save({ 'orders/App.java': '2' });
    await rig.clock.pass(20);
    expect(rig.workshop.cluster.get('orders')).toContain('sha256:orders-2');
    await rig.save({ 'orders/App.java': '3' });
    await rig.clock.pass(20);
    await rig.save({ 'orders/App.java': '1' });
    await rig.clock.pass(20);
    await obey(rig.workshop.work('rollout'));
    await rig.clock.pass(100);
    // What is on disk equals the last success, but the cluster has the cancelled run's version.
    expect(rig.workshop.cluster.get('orders')).toContain('sha256:orders-1');
  });

  it('of a chart before the render goes along with the run', async () => {
    const rig = new FakeLoopRig([fakeService('orders')], allBut('compile'));
    await start(rig);
    await rig.save({ 'orders/chart/values.yaml': '2' });
    await rig.clock.pass(20);
    expect(rig.workshop.work('compile').signal.aborted).toBe(false);
    await rig.workshop.work('compile').end();
    await rig.clock.pass(100);
    expect(rig.workshop.cluster.get('orders')).toContain('values 2');
    expect(rig.told('run.started')).toHaveLength(1);
    expect(rig.told('run.finished')[0]).toMatchObject({ outcome: 'ok', change: 2 });
  });

  it('that no event tells of is not credited to the build that missed it', async () => {
    const rig = new FakeLoopRig([fakeService('orders')], allBut('compile'));
    await start(rig);
    rig.disk.write('orders/App.java', '2');
    await rig.workshop.work('compile').end();
    expect(rig.workshop.begun).not.toContain('image orders');
    expect(rig.told('run.finished')[0]).toMatchObject({ outcome: 'cancelled', cancelReason: 'superseded' });
    await rig.clock.pass(20);
    await rig.workshop.work('compile').end();
    expect(rig.workshop.cluster.get('orders')).toContain('sha256:orders-2');
  });

  it('that makes the build fail is built again without a word', async () => {
    const rig = new FakeLoopRig([fakeService('orders')], allBut('compile'));
    await start(rig);
    rig.disk.write('orders/App.java', '2');
    await rig.workshop.work('compile').end(failed('SOURCE_BUILD_FAILED', 'half a class'));
    await rig.clock.pass(20);
    await rig.workshop.work('compile').end();
    expect(rig.told('run.finished').map(({ outcome }) => outcome)).toEqual(['cancelled', 'ok']);
  });
});

describe('a failure', () => {
  it('is not tried again before something changes', async () => {
    const rig = new FakeLoopRig([fakeService('orders')], allBut('compile'));
    await start(rig);
    await rig.workshop.work('compile').end(failed('SOURCE_BUILD_FAILED', 'no'));
    await rig.save({ 'orders/App.java': '1' });
    await rig.clock.pass(120_000);
    expect(rig.told('run.started')).toHaveLength(1);
    await rig.save({ 'orders/App.java': '2' });
    await rig.clock.pass(20);
    expect(rig.told('run.started')).toHaveLength(2);
  });

  it('of one service of a reactor leaves the blameless ones to be built without it', async () => {
    const rig = new FakeLoopRig(twoApps(), allBut('compile'));
    await start(rig);
    const diagnostics = [{ severity: 'error', message: 'no', file: 'orders/App.java', line: 3 }] as const;
    const error = appdevError('SOURCE_BUILD_FAILED', 'no', { diagnostics });
    await rig.workshop.work('compile').end({ kind: 'failed', error });
    await rig.clock.pass(100);
    expect(rig.workshop.work('compile').services).toEqual(['stock']);
    await rig.workshop.work('compile').end();
    expect(rig.told('run.finished').map(({ service, outcome }) => `${service} ${outcome}`)).toEqual([
      'orders failed',
      'stock cancelled',
      'stock ok',
    ]);
  });

  it('that nobody can be blamed for is healed for all by a change of one', async () => {
    const rig = new FakeLoopRig(twoApps(), allBut('compile'));
    await start(rig);
    await rig.workshop.work('compile').end(failed('SOURCE_BUILD_FAILED', 'no'));
    expect(rig.told('run.finished').map(({ outcome }) => outcome)).toEqual(['failed', 'failed']);
    await rig.save({ 'orders/App.java': '2' });
    await rig.clock.pass(20);
    expect(rig.workshop.work('compile').services).toEqual(['orders', 'stock']);
  });

  it('because the cluster was away is tried again when it is back', async () => {
    const rig = new FakeLoopRig([fakeService('orders')], allBut('apply'));
    const loop = await start(rig);
    await rig.workshop.work('apply').end(failed('CLUSTER_UNREACHABLE', 'refused'));
    loop.send({ kind: 'cluster-lost', context: 'kind-p', reason: 'refused' });
    await rig.save({ 'orders/chart/values.yaml': '2' });
    await rig.clock.pass(20);
    expect(rig.told('service.held').at(-1)).toMatchObject({ hold: { reason: 'cluster', context: 'kind-p' } });
    loop.send({ kind: 'cluster-regained', context: 'kind-p' });
    await settled();
    await rig.workshop.work('apply').end();
    expect(rig.told('run.finished').at(-1)).toMatchObject({ outcome: 'ok' });
    expect(rig.told('cluster.lost')).toHaveLength(1);
    expect(rig.told('cluster.regained')).toHaveLength(1);
  });

  it('deploys the same manifests again if what was deployed is missing', async () => {
    const rig = new FakeLoopRig([fakeChart('db')], all);
    const loop = await start(rig);
    const applies = (): number => rig.workshop.begun.filter((text) => text === 'apply db').length;
    expect(applies()).toBe(1);
    loop.send({ kind: 'deployment-missing', service: 'db' });
    // A save of something else that renders to the same.
    await rig.save({ 'db/chart/values.yaml': '2' });
    await rig.clock.pass(20);
    expect(applies()).toBe(2);
  });

  it('because the registry was away is tried again when it is back', async () => {
    const rig = new FakeLoopRig([fakeService('orders')], allBut('image'));
    const loop = await start(rig);
    await rig.workshop.work('image').end(failed('REGISTRY_UNREACHABLE', 'refused'));
    loop.send({ kind: 'registry-regained', registry: 'localhost:5001' });
    await settled();
    await rig.workshop.work('image').end();
    expect(rig.told('run.finished').map(({ outcome }) => outcome)).toEqual(['failed', 'ok']);
    expect(rig.told('notice').at(-1)?.message).toBe('the registry localhost:5001 answers again');
  });
});

describe('git', () => {
  it('is waited for, and one build serves the final tree', async () => {
    const rig = new FakeLoopRig([fakeService('orders')], all);
    await start(rig);
    rig.git = 'index.lock';
    await rig.save({ 'orders/App.java': '2' });
    await rig.clock.pass(500);
    await rig.save({ 'orders/App.java': '3' });
    await rig.clock.pass(500);
    expect(rig.told('run.started')).toHaveLength(1);
    rig.git = undefined;
    await rig.clock.pass(70);
    expect(rig.told('run.started')).toHaveLength(2);
    expect(rig.workshop.cluster.get('orders')).toContain('sha256:orders-3');
  });

  it('names itself as the hold of what is dirty already, once', async () => {
    const rig = new FakeLoopRig([fakeService('orders')], all);
    const loop = await start(rig);
    loop.send({ kind: 'key-pressed', key: 'pause' });
    await rig.save({ 'orders/App.java': '2' });
    await rig.clock.pass(20);
    rig.git = 'rebase';
    await rig.save({ 'orders/App.java': '3' });
    await rig.clock.pass(20);
    loop.send({ kind: 'key-pressed', key: 'pause' });
    await rig.clock.pass(1_000);
    expect(rig.told('service.held').map(({ hold }) => hold)).toEqual([
      { reason: 'paused' },
      { reason: 'git', operation: 'rebase' },
    ]);
  });
});

describe('keys', () => {
  it('r builds what is there already', async () => {
    const rig = new FakeLoopRig(twoApps(), all);
    const loop = await start(rig);
    rig.workshop.begun.length = 0;
    loop.send({ kind: 'key-pressed', key: 'rebuild', service: 'stock' });
    await settled();
    expect(rig.workshop.begun).toEqual(
      ['compile', 'package', 'image', 'push', 'render', 'apply', 'rollout'].map((stage) => `${stage} stock`),
    );
    expect(rig.told('run.finished').at(-1)).toMatchObject({ reason: 'asked for (r)', outcome: 'ok' });
  });

  it('p holds every change until it is pressed again', async () => {
    const rig = new FakeLoopRig([fakeService('orders')], all);
    const loop = await start(rig);
    loop.send({ kind: 'key-pressed', key: 'pause' });
    await rig.save({ 'orders/App.java': '2' });
    await rig.clock.pass(1_000);
    expect(rig.told('service.held').at(-1)).toMatchObject({ hold: { reason: 'paused' } });
    expect(rig.told('run.started')).toHaveLength(1);
    expect([rig.told('watch.paused').length, rig.told('watch.resumed').length]).toEqual([1, 0]);
    loop.send({ kind: 'key-pressed', key: 'pause' });
    await settled();
    expect(rig.told('run.started')).toHaveLength(2);
    expect([rig.told('watch.paused').length, rig.told('watch.resumed').length]).toEqual([1, 1]);
  });

  it('c stops a run until the next save', async () => {
    const rig = new FakeLoopRig([fakeService('orders')], allBut('compile'));
    const loop = await start(rig);
    loop.send({ kind: 'key-pressed', key: 'cancel' });
    await obey(rig.workshop.work('compile'));
    await rig.clock.pass(60_000);
    expect(rig.told('run.started')).toHaveLength(1);
    expect(rig.told('run.finished')[0]).toMatchObject({ outcome: 'cancelled', cancelReason: 'user' });
    expect(rig.told('service.held').at(-1)).toMatchObject({ hold: { reason: 'manual' } });
    await rig.save({ 'orders/App.java': '2' });
    await rig.clock.pass(20);
    expect(rig.told('run.started')).toHaveLength(2);
  });

  it('c for one service lets its mates be built', async () => {
    const rig = new FakeLoopRig(twoApps(), allBut('compile'));
    const loop = await start(rig);
    loop.send({ kind: 'key-pressed', key: 'cancel', service: 'orders' });
    await obey(rig.workshop.work('compile'));
    await rig.clock.pass(20);
    expect(rig.workshop.work('compile').services).toEqual(['stock']);
  });

  it('a manual service starts with the session and then waits for r', async () => {
    const rig = new FakeLoopRig([fakeService('orders', { dev: { trigger: 'manual', forward: [] } })], all);
    const loop = await start(rig);
    expect(rig.told('run.finished')).toHaveLength(1);
    await rig.save({ 'orders/App.java': '2' });
    await rig.clock.pass(1_000);
    expect(rig.told('service.held').at(-1)).toMatchObject({ hold: { reason: 'manual' } });
    loop.send({ kind: 'key-pressed', key: 'rebuild' });
    await settled();
    expect(rig.workshop.cluster.get('orders')).toContain('sha256:orders-2');
  });
});

describe('the image of another service', () => {
  async function startUser(automatic: readonly Stage[] = all): Promise<FakeLoopRig> {
    const rig = new FakeLoopRig([fakeService('orders'), fakeService('jobs', { reactor: '/j' })], automatic);
    rig.disk.write('orders/chart/values.yaml', 'image:jobs');
    await start(rig);
    return rig;
  }

  it('is waited for by name, and then rendered with', async () => {
    const rig = new FakeLoopRig(
      [fakeService('orders'), fakeService('jobs', { reactor: '/j' })],
      allBut('image'),
    );
    rig.disk.write('orders/chart/values.yaml', 'image:jobs');
    await start(rig);
    await rig.workshop.work('image', 'orders').end();
    expect(rig.told('service.held')).toContainEqual({
      type: 'service.held',
      service: 'orders',
      hold: { reason: 'image', on: 'jobs' },
    });
    expect(rig.workshop.begun).not.toContain('apply orders');
    await rig.workshop.work('image', 'jobs').end();
    expect(rig.workshop.cluster.get('orders')).toContain('sha256:orders-1 and sha256:jobs-1');
    expect(rig.told('run.finished').map(({ outcome }) => outcome)).toEqual(['ok', 'ok']);
  });

  it('deploys its users anew when it changed, and only then', async () => {
    const rig = await startUser();
    rig.workshop.begun.length = 0;
    await rig.save({ 'jobs/App.java': '2' });
    await rig.clock.pass(20);
    const mine = rig.workshop.begun.filter((text) => text.endsWith('orders'));
    expect(mine).toEqual(['render orders', 'apply orders', 'rollout orders']);
    expect(rig.workshop.cluster.get('orders')).toContain('sha256:orders-1 and sha256:jobs-2');
    expect(rig.told('run.started').at(-1)).toMatchObject({ service: 'orders', reason: 'image of jobs' });
    rig.workshop.begun.length = 0;
    await rig.save({ 'jobs/chart/values.yaml': '2' });
    await rig.clock.pass(20);
    await rig.save({ 'orders/App.java': '2' });
    await rig.clock.pass(20);
    expect(rig.workshop.begun.filter((text) => text.startsWith('apply'))).toEqual([
      'apply jobs',
      'apply orders',
    ]);
  });

  it('that changed while a user is rolled out ends that rollout', async () => {
    const rig = await startUser(allBut('rollout'));
    await rig.workshop.work('rollout', 'jobs').end();
    await rig.save({ 'jobs/App.java': '2' });
    await rig.clock.pass(20);
    await obey(rig.workshop.work('rollout', 'orders'));
    await rig.clock.pass(20);
    await rig.workshop.work('rollout', 'orders').end();
    expect(rig.workshop.cluster.get('orders')).toContain('sha256:jobs-2');
    expect(rig.told('run.finished').at(-1)).toMatchObject({ service: 'orders', outcome: 'ok' });
  });

  it('does not take a run back that c stopped, nor forget it', async () => {
    const rig = await startUser(allBut('rollout'));
    for (const name of ['jobs', 'orders']) await rig.workshop.work('rollout', name).end();
    rig.workshop.automatic.delete('render');
    await rig.save({ 'jobs/App.java': '2' });
    await rig.clock.pass(20);
    running?.loop.send({ kind: 'key-pressed', key: 'cancel', service: 'orders' });
    await obey(rig.workshop.work('render', 'orders'));
    const started = rig.told('run.started').length;
    await rig.clock.pass(120_000);
    expect(rig.told('run.started')).toHaveLength(started);
    expect(rig.told('service.held').at(-1)).toMatchObject({ service: 'orders', hold: { reason: 'manual' } });
    running?.loop.send({ kind: 'key-pressed', key: 'rebuild', service: 'orders' });
    await settled();
    await rig.workshop.work('render', 'orders').end();
    expect(rig.workshop.cluster.get('orders')).toContain('sha256:jobs-2');
  });

  it('of a service outside the session fails the user, and says what to do', async () => {
    const rig = new FakeLoopRig([fakeService('orders')], all);
    rig.beside = [fakeService('jobs')];
    rig.disk.write('orders/chart/values.yaml', 'image:jobs');
    await start(rig);
    expect(rig.told('run.finished')[0]).toMatchObject({
      outcome: 'failed',
      error: { code: 'IMAGE_MISSING', message: expect.stringContaining('image of jobs') as string },
    });
    await rig.clock.pass(120_000);
    expect(rig.told('run.started')).toHaveLength(1);
  });
});

describe('the configuration', () => {
  it('that cannot be used is shown, and the old one stays in force', async () => {
    const rig = new FakeLoopRig([fakeService('orders')], all);
    await start(rig);
    rig.next = failed('CONFIG_INVALID', 'unknown key `servces`');
    await rig.save({ 'appdev.yaml': 'servces:' });
    await rig.clock.pass(20);
    expect(rig.told('config.rejected')).toMatchObject([{ error: { code: 'CONFIG_INVALID' } }]);
    await rig.save({ 'orders/App.java': '2' });
    await rig.clock.pass(20);
    expect(rig.workshop.cluster.get('orders')).toContain('sha256:orders-2');
  });

  it('with a new service starts it, with one less lets it go, and runs what changed', async () => {
    const rig = new FakeLoopRig(twoApps(), all);
    const loop = await start(rig);
    rig.workshop.begun.length = 0;
    const changed = fakeService('orders', { deploy: { ...fakeService('orders').deploy, deadlineMs: 5 } });
    rig.next = ok(fakeProject([changed, fakeService('web', { reactor: '/w' })]));
    rig.disk.write('web/App.java', '1');
    await rig.save({ 'appdev.yaml': '…' });
    await rig.clock.pass(20);
    expect(rig.told('config.reloaded')).toHaveLength(1);
    expect([...loop.state().services.keys()]).toEqual(['orders', 'web']);
    expect(rig.workshop.begun).toContain('compile web');
    expect(rig.workshop.begun).toContain('render orders');
    expect(rig.workshop.begun).not.toContain('compile orders');
    rig.workshop.begun.length = 0;
    await rig.save({ 'stock/App.java': '2' });
    await rig.clock.pass(100);
    expect(rig.workshop.begun).toEqual([]);
  });

  it.each([
    ['as another release', { release: 'orders-2' }],
    ['into another namespace', { namespace: 'elsewhere' }],
  ])('that sends the same manifests %s has them applied there', async (_name, place) => {
    const service = fakeService('orders');
    const rig = new FakeLoopRig([service], all);
    await start(rig);
    rig.workshop.begun.length = 0;
    const { deploy } = service;
    if (deploy.kind !== 'helm') throw new Error('the fake service has a chart');
    rig.next = ok(fakeProject([{ ...service, deploy: { ...deploy, ...place } }]));
    await rig.save({ 'appdev.yaml': '…' });
    await rig.clock.pass(20);
    expect(rig.workshop.begun).toContain('apply orders');
  });

  it('counts the files again that come and go', async () => {
    const rig = new FakeLoopRig([fakeService('orders')], all);
    await start(rig);
    expect(rig.told('watch.started')).toMatchObject([{ files: 2 }]);
    await rig.save({ 'orders/More.java': '1' });
    await rig.clock.pass(20);
    await rig.save({ 'orders/More.java': '2' });
    await rig.clock.pass(20);
    expect(rig.told('watch.changed')).toEqual([{ type: 'watch.changed', files: 3 }]);
  });

  it('saved without a change is not a reload', async () => {
    const rig = new FakeLoopRig([fakeService('orders')], all);
    await start(rig);
    await rig.save({ 'appdev.yaml': 'same' });
    await rig.clock.pass(20);
    expect(rig.told('config.reloaded')).toEqual([]);
    expect(rig.told('run.started')).toHaveLength(1);
  });

  it('never changes the cluster: it asks for a restart', async () => {
    const rig = new FakeLoopRig([fakeService('orders')], all);
    await start(rig);
    rig.next = ok({ ...rig.config, cluster: { ...rig.config.cluster, context: 'prod' } });
    await rig.save({ 'appdev.yaml': 'cluster: …' });
    await rig.clock.pass(20);
    expect(rig.told('notice')[0]?.hint).toMatch(/restart/);
    expect(rig.told('config.reloaded')[0]?.changed).toEqual(['cluster.context (new)']);
    // On the way back, the session has what the file says.
    rig.next = ok(rig.config);
    await rig.save({ 'appdev.yaml': 'cluster: back' });
    await rig.clock.pass(20);
    expect(rig.told('notice')).toHaveLength(1);
    rig.next = ok({ ...rig.config, name: 'q' });
    await rig.save({ 'appdev.yaml': 'name: q' });
    await rig.clock.pass(20);
    expect(rig.told('notice').map(({ message }) => message)).toEqual([
      expect.stringContaining('`cluster`'),
      'the name of the project changed; this session keeps the name that it started with',
    ]);
  });
});

describe('files that a build writes', () => {
  it('are taken for saves at first, and in the end for its own', async () => {
    const rig = new FakeLoopRig([fakeService('orders')], allBut('compile'));
    await start(rig);
    let builds = 0;
    for (; builds < 10 && rig.told('run.finished').every(({ outcome }) => outcome !== 'ok'); builds += 1) {
      const [work] = rig.workshop.open;
      if (work === undefined) break;
      // Git-ignored, with other content each time.
      rig.disk.write('orders/ignored-stamp.properties', String(builds));
      await work.end();
      await rig.clock.pass(20);
    }
    expect(builds).toBe(3);
    expect(rig.told('notice')[0]).toMatchObject({ service: 'orders' });
    expect(rig.told('notice')[0]?.message).toContain('orders/ignored-stamp.properties');
    await rig.clock.pass(60_000);
    expect(rig.workshop.open).toEqual([]);
  });

  it('and git keeps, by other events than saves too: the third build is held, until something else is saved', async () => {
    const rig = new FakeLoopRig([fakeService('orders')], allBut('compile'));
    await start(rig);
    let builds = 0;
    const build = async (): Promise<void> => {
      builds += 1;
      await rig.save({ 'orders/version.txt': String(builds) });
      await rig.clock.pass(20);
      for (const work of rig.workshop.open) await work.end();
      await rig.clock.pass(20);
    };
    while (rig.workshop.open.length > 0 && builds < 10) await build();
    expect(builds).toBe(3);
    expect(rig.told('run.finished').map(({ outcome }) => outcome)).toEqual([
      'cancelled',
      'cancelled',
      'failed',
    ]);
    expect(rig.told('run.finished').at(-1)?.error).toMatchObject({
      code: 'SOURCE_CHANGED',
      message: expect.stringContaining('orders/version.txt'),
      hint: expect.stringContaining('ignore'),
    });
    await rig.clock.pass(60_000);
    expect(rig.workshop.open).toEqual([]);
    // A build that leaves the file alone.
    await rig.save({ 'orders/App.java': 'mended' });
    await rig.clock.pass(20);
    await rig.workshop.work('compile').end();
    await rig.clock.pass(20);
    expect(rig.told('run.finished').at(-1)?.outcome).toBe('ok');
  });

  it('with the same content cost one more build and no loop', async () => {
    const rig = new FakeLoopRig([fakeService('orders')], allBut('compile'));
    await start(rig);
    for (let build = 1; build <= 2; build += 1) {
      rig.disk.write('orders/App.java', '1');
      await rig.workshop.work('compile').end();
      await rig.clock.pass(20);
    }
    expect(rig.told('run.finished').map(({ outcome }) => outcome)).toEqual(['cancelled', 'ok']);
  });
});

describe('the end', () => {
  it('cancels what runs, waits for an apply, and only then is over', async () => {
    const rig = new FakeLoopRig(
      [fakeService('orders'), fakeService('web', { reactor: '/w' })],
      allBut('compile', 'apply', 'rollout'),
    );
    const loop = createLoop(rig.parts());
    let over = false;
    const end = loop.start().then(() => {
      over = true;
    });
    await settled();
    await rig.workshop.work('compile', 'orders').end();
    loop.send({ kind: 'shutdown-requested' });
    await obey(rig.workshop.work('compile', 'web'));
    expect(rig.workshop.work('apply', 'orders').signal.aborted).toBe(false);
    expect(over).toBe(false);
    await rig.workshop.work('apply', 'orders').end();
    await obey(rig.workshop.work('rollout', 'orders'));
    await end;
    expect(rig.told('run.finished').map(({ cancelReason }) => cancelReason)).toEqual([
      'shutdown',
      'shutdown',
    ]);
  });

  it('comes with the bug when a part throws', async () => {
    const rig = new FakeLoopRig([fakeService('orders')], all);
    const parts = rig.parts();
    const bug = new Error('a bug');
    const loop = createLoop({ ...parts, git: { look: () => Promise.reject(bug) } });
    await expect(loop.start()).rejects.toBe(bug);
    expect(rig.closed).toBe(true);
  });
});
