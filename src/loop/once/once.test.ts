import { describe, expect, it } from 'vitest';
import { FakeLoopRig, fakeChart, fakeService, settled } from '../../../test/support/fake-loop-parts.ts';
import type { Artifact } from '../../core/events.ts';
import type { Stage } from '../../core/routes.ts';
import { cancelled, failed, ok, type Outcome } from '../../core/outcome.ts';
import { buildServices, deployServices, runServices, type OnceOptions } from './once.ts';
import type { Did } from './run-once.ts';
import { writtenOnce } from '../work/written.ts';

const all: readonly Stage[] = ['compile', 'package', 'image', 'push', 'render', 'apply', 'rollout'];
const allBut = (...stages: readonly Stage[]): Stage[] => all.filter((stage) => !stages.includes(stage));

function optionsOf(rig: FakeLoopRig, more: Partial<OnceOptions> = {}): OnceOptions {
  const { work, scanner, records, clock, emit } = rig.parts();
  return {
    services: rig.config.services,
    images: [...rig.config.services, ...rig.beside],
    parts: { ...work, scanner, records, written: writtenOnce, testsRun: () => true, projectRoot: '/p' },
    emit,
    now: () => clock.now(),
    signal: new AbortController().signal,
    reason: 'start',
    ...more,
  };
}

const kinds = (outcomes: ReadonlyMap<string, Outcome<unknown>>): string[] =>
  [...outcomes].map(([name, { kind }]) => `${name} ${kind}`).sort();

describe('buildServices', () => {
  it('builds one reactor by one invocation and hands out the artifacts', async () => {
    const rig = new FakeLoopRig([fakeService('orders'), fakeService('stock'), fakeChart('db')], all);
    const outcomes = await buildServices(optionsOf(rig));
    expect(rig.workshop.begun[0]).toBe('compile orders stock');
    expect(rig.workshop.begun).not.toContain('render orders');
    expect(outcomes.get('orders')).toMatchObject({ kind: 'ok', value: { digest: 'sha256:orders-1' } });
    expect(outcomes.get('db')).toEqual({ kind: 'ok', value: undefined });
    expect(rig.told('run.finished').map(({ outcome }) => outcome)).toEqual(['ok', 'ok', 'ok']);
  });

  it('builds nothing that is there', async () => {
    const rig = new FakeLoopRig([fakeService('orders')], all);
    await buildServices(optionsOf(rig));
    rig.workshop.begun.length = 0;
    const options = optionsOf(rig);
    expect(kinds(await buildServices(options))).toEqual(['orders ok']);
    expect(rig.workshop.begun).toEqual([]);
  });

  it('builds once more when the sources moved, and then fails with what moved', async () => {
    const rig = new FakeLoopRig([fakeService('orders')], allBut('compile'));
    const building = buildServices(optionsOf(rig));
    for (const content of ['2', '3']) {
      await settled();
      rig.disk.write('orders/App.java', content);
      await rig.workshop.work('compile').end();
    }
    expect((await building).get('orders')).toMatchObject({
      kind: 'failed',
      error: { code: 'SOURCE_CHANGED', message: expect.stringContaining('orders/App.java') as string },
    });
  });

  it('does not build what is given, and tells what each run did', async () => {
    const rig = new FakeLoopRig([fakeService('orders'), fakeService('stock')], all);
    const given: Artifact = {
      ...{ service: 'orders', repository: 'elsewhere/orders', pullRepository: 'elsewhere/orders' },
      ...{ tag: '1', digest: 'sha256:given', inputHash: '' },
    };
    const did = new Map<string, Did>();
    const options = optionsOf(rig, {
      given: new Map([['orders', given]]),
      finished: (service, one) => did.set(service, one),
    });
    const outcomes = await runServices(options);
    expect(rig.workshop.begun[0]).toBe('compile stock');
    expect(outcomes.get('orders')).toEqual({ kind: 'ok', value: given });
    expect(did.get('orders')).toMatchObject({ artifact: given });
    expect(did.get('orders')?.stages[0]).toMatchObject({ stage: 'image', outcome: 'skipped' });
    expect(did.get('stock')).toMatchObject({
      artifact: { builder: { name: 'buildah' }, jarSha256: expect.any(String) as string },
    });
  });

  it('ends as cancelled when it is cancelled', async () => {
    const rig = new FakeLoopRig([fakeService('orders')], allBut('compile'));
    const controller = new AbortController();
    const building = buildServices(optionsOf(rig, { signal: controller.signal }));
    await settled();
    controller.abort('shutdown');
    const work = rig.workshop.work('compile');
    await work.end(cancelled(work.signal));
    expect((await building).get('orders')).toEqual({ kind: 'cancelled', reason: 'shutdown' });
    expect(rig.told('run.finished')[0]).toMatchObject({ outcome: 'cancelled', cancelReason: 'shutdown' });
  });
});

describe('deployServices', () => {
  const artifact = (service: string): Artifact => ({
    service,
    repository: service,
    pullRepository: service,
    tag: 't',
    digest: 'sha256:given',
    inputHash: 'h',
  });

  it('deploys given artifacts in the order of needs', async () => {
    const rig = new FakeLoopRig([fakeService('orders', { needs: ['db'] }), fakeChart('db')], all);
    const outcomes = await deployServices({
      ...optionsOf(rig),
      given: new Map([['orders', artifact('orders')]]),
    });
    expect(kinds(outcomes)).toEqual(['db ok', 'orders ok']);
    const { begun } = rig.workshop;
    expect(begun.indexOf('rollout db')).toBeLessThan(begun.indexOf('apply orders'));
    expect(rig.workshop.cluster.get('orders')).toContain('sha256:given');
    expect(begun).not.toContain('compile orders');
  });

  it('does not deploy what needs something that failed, and says so with its code', async () => {
    const services = [fakeService('orders', { needs: ['db'] }), fakeChart('db'), fakeChart('cache')];
    const rig = new FakeLoopRig(services, allBut('rollout'));
    const deploying = deployServices({ ...optionsOf(rig), given: new Map() });
    await settled();
    expect(rig.workshop.settled).toEqual([]);
    await rig.workshop.work('rollout', 'cache').end();
    await rig.workshop.work('rollout', 'db').end(failed('ROLLOUT_FAILED', 'crashes'));
    const outcomes = await deploying;
    expect(kinds(outcomes)).toEqual(['cache ok', 'db failed', 'orders failed']);
    // What the version before needed goes only where the new one serves.
    expect(rig.workshop.settled).toEqual(['cache']);
    expect(outcomes.get('orders')).toMatchObject({
      error: { code: 'ROLLOUT_FAILED', message: 'orders was not deployed: db, which it needs, failed' },
    });
    expect(rig.workshop.begun).not.toContain('apply orders');
  });

  it('refuses services that need each other', async () => {
    const rig = new FakeLoopRig([fakeChart('a', { needs: ['b'] }), fakeChart('b', { needs: ['a'] })], all);
    const outcomes = await deployServices({ ...optionsOf(rig), given: new Map() });
    expect(outcomes.get('a')).toMatchObject({ kind: 'failed', error: { code: 'CONFIG_INVALID' } });
    expect(rig.workshop.begun).toEqual([]);
  });
});

describe('images of other services', () => {
  const given = (service: string): Artifact => ({
    ...{ service, repository: `r/${service}`, pullRepository: `r/${service}` },
    ...{ tag: '1', digest: `sha256:given-${service}`, inputHash: '' },
  });

  it('go into whatever manifest names them, whether they were built now or take no part', async () => {
    const rig = new FakeLoopRig([fakeService('orders'), fakeService('stock')], all);
    rig.beside = [fakeService('jobs')];
    rig.disk.write('orders/chart/values.yaml', 'image:stock image:jobs');
    const outcomes = await runServices(optionsOf(rig, { given: new Map([['jobs', given('jobs')]]) }));
    expect(kinds(outcomes)).toEqual(['orders ok', 'stock ok']);
    expect(rig.workshop.cluster.get('orders')).toContain(
      'sha256:orders-1 and sha256:stock-1 and sha256:given-jobs',
    );
  });

  it('that nobody knows stop the deploy of the service that names them, and of no other', async () => {
    const rig = new FakeLoopRig([fakeService('orders'), fakeService('stock')], all);
    rig.beside = [fakeService('jobs')];
    rig.disk.write('orders/chart/values.yaml', 'image:jobs');
    const artifacts = new Map(['orders', 'stock'].map((name) => [name, given(name)] as const));
    const outcomes = await deployServices({ ...optionsOf(rig), given: artifacts });
    expect(kinds(outcomes)).toEqual(['orders failed', 'stock ok']);
    expect(outcomes.get('orders')).toMatchObject({
      error: { code: 'IMAGE_MISSING', hint: expect.stringContaining('appdev build jobs') as string },
    });
    expect(rig.workshop.begun).not.toContain('apply orders');
  });
});

describe('images that were built before', () => {
  const of = (service: string): Artifact => ({
    ...{ service, repository: `r/${service}`, pullRepository: `r/${service}` },
    ...{ tag: '1', digest: `sha256:${service}`, inputHash: '' },
  });

  /** Options whose registry refuses the images of `refused`, and what it was asked. */
  function judging(rig: FakeLoopRig, refused: readonly string[], more: Partial<OnceOptions> = {}) {
    const asked: string[] = [];
    const options = optionsOf(rig, more);
    const admit: OnceOptions['parts']['admit'] = ({ service }, _origin, { report }) => {
      asked.push(service);
      report.started('scan');
      const outcome = refused.includes(service) ? failed('SCAN_GATE', `${service} is bad`) : ok(undefined);
      report.finished('scan', outcome.kind);
      return Promise.resolve(outcome);
    };
    return { asked, options: { ...options, parts: { ...options.parts, admit } } };
  }

  it('are judged before anything is applied, and if one is refused, nothing is', async () => {
    const rig = new FakeLoopRig([fakeService('orders'), fakeService('stock'), fakeChart('db')], all);
    const artifacts = new Map(['orders', 'stock'].map((name) => [name, of(name)] as const));
    const { asked, options } = judging(rig, ['stock']);
    const outcomes = await deployServices({ ...options, given: artifacts });
    expect(asked.sort()).toEqual(['orders', 'stock']);
    expect(outcomes.get('stock')).toMatchObject({ error: { code: 'SCAN_GATE', message: 'stock is bad' } });
    for (const name of ['orders', 'db']) {
      expect(outcomes.get(name)).toMatchObject({
        error: { code: 'SCAN_GATE', message: expect.stringContaining('stock must not be') as string },
      });
    }
    expect(rig.workshop.begun).toEqual([]);

    const passing = judging(rig, []);
    expect(kinds(await deployServices({ ...passing.options, given: artifacts }))).toEqual([
      'db ok',
      'orders ok',
      'stock ok',
    ]);
  });

  it('of services that take no part are judged only if a manifest names them', async () => {
    const rig = new FakeLoopRig([fakeService('orders')], all);
    rig.beside = [fakeService('jobs'), fakeService('unused')];
    rig.disk.write('orders/chart/values.yaml', 'image:jobs');
    const artifacts = new Map(['orders', 'jobs', 'unused'].map((name) => [name, of(name)] as const));
    const { asked, options } = judging(rig, ['jobs']);
    const outcomes = await deployServices({ ...options, given: artifacts });
    expect(asked).toEqual(['orders', 'jobs']);
    expect(outcomes.get('orders')).toMatchObject({ error: { message: 'jobs is bad' } });
    expect(rig.workshop.begun).not.toContain('apply orders');
  });

  it('are judged by run, whether they were given or it has built them', async () => {
    const rig = new FakeLoopRig([fakeService('orders'), fakeService('stock')], all);
    const { asked, options } = judging(rig, ['orders'], { given: new Map([['orders', of('orders')]]) });
    const outcomes = await runServices(options);
    expect(asked).toEqual(['orders', 'stock']);
    expect(kinds(outcomes)).toEqual(['orders failed', 'stock failed']);
    expect(rig.workshop.begun.filter((text) => text.startsWith('apply'))).toEqual([]);
  });
});

describe('runServices', () => {
  it('builds and deploys, with one run a service', async () => {
    const rig = new FakeLoopRig([fakeService('orders'), fakeChart('db')], all);
    expect(kinds(await runServices(optionsOf(rig)))).toEqual(['db ok', 'orders ok']);
    expect(rig.told('run.started')).toHaveLength(2);
    expect(rig.told('run.finished').map(({ outcome }) => outcome)).toEqual(['ok', 'ok']);
  });

  it('deploys nothing when one build fails', async () => {
    const rig = new FakeLoopRig(
      [fakeService('orders'), fakeService('web', { reactor: '/w' })],
      allBut('compile'),
    );
    const runs = runServices(optionsOf(rig));
    await settled();
    await rig.workshop.work('compile', 'orders').end();
    await rig.workshop.work('compile', 'web').end(failed('SOURCE_BUILD_FAILED', 'no'));
    const outcomes = await runs;
    expect(outcomes.get('orders')).toMatchObject({
      error: {
        code: 'SOURCE_BUILD_FAILED',
        message: 'orders was built but not deployed: the build of web failed',
      },
    });
    expect(rig.workshop.begun).not.toContain('apply orders');
    expect(rig.told('run.finished').map(({ outcome }) => outcome)).toEqual(['failed', 'failed']);
  });
});
