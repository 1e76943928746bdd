/**
 * `appdev dev` on the fixture, on the sandbox: the promises of the loop. One session tells the whole story from a first build
 * on; the other ways of deploying take one edit through it.
 */
import { afterEach, describe, expect, it } from 'vitest';
import {
  createRig,
  eventually,
  namespaceGone,
  processesOf,
  served,
  serves,
  type Rig,
  type Session,
} from '../support/rig.ts';
import { isLeaving } from '../support/sandbox-api.ts';

const controller = 'src/main/java/com/example/orders/web/GreetingController.java';
const service = 'src/main/java/com/example/orders/OrderService.java';

let rig: Rig;
afterEach(async () => {
  await rig.dispose();
});

/** Waits until these services are deployed for the first time. */
async function deployed(session: Session, services = ['stock', 'orders']): Promise<void> {
  for (const name of services) {
    const run = await session.waitFor('run.finished', (event) => event.service === name);
    expect(run).toMatchObject({ outcome: 'ok' });
  }
  await session.waitFor('watch.started');
}

/** Ctrl-C takes away what was deployed, every process, and the namespace: appdev made it. */
async function endsCleanly(dev: Session): Promise<void> {
  expect(await dev.end('SIGINT')).toBe(130);
  expect(processesOf(rig)).toEqual([]);
  expect(await isLeaving(rig.namespace)).toBe(true);
}

describe.each([
  ['Helm 3', [], { helm: 'helm3' }],
  ['Kustomize', ['-p', 'kustomize'], {}],
])('dev with %s', (_name, flags, tools) => {
  it('deploys, redeploys a save, and leaves nothing behind', async () => {
    rig = createRig({ tools });
    const dev = rig.start('dev', ...flags);
    await deployed(dev);
    await serves(rig, 'orders', 'Orders is up and running');
    const mark = dev.events.length;
    rig.replace(controller, 'up and running', 'up, and new');
    const edit = await dev.waitFor('run.finished', (event) => event.service === 'orders', mark);
    expect(edit).toMatchObject({ outcome: 'ok', reason: expect.stringContaining('GreetingController.java') });
    await serves(rig, 'orders', /up, and new/);
    await endsCleanly(dev);
  });
});

describe('dev', () => {
  it('deploys, redeploys a save, keeps the old pod through a compile error, and leaves nothing behind', async () => {
    rig = createRig({ cold: true });
    const dev = rig.start('dev');
    await deployed(dev);
    await serves(rig, 'orders', 'Orders is up and running');
    // orders calls stock by its Service name.
    await serves(rig, 'orders', /cup/, '/stock/cup');

    // A save that changes a text is served; what was changed by hand is set back, and dev says so.
    let mark = dev.events.length;
    rig.kubectl('scale', 'deployment', 'orders', '--replicas=2');
    rig.replace(controller, 'up and running', 'up, and new');
    const edit = await dev.waitFor('run.finished', (event) => event.service === 'orders', mark);
    expect(edit).toMatchObject({ outcome: 'ok', reason: expect.stringContaining('GreetingController.java') });
    await serves(rig, 'orders', /up, and new/);
    expect(dev.events.slice(mark)).toContainEqual(
      expect.objectContaining({
        ...{ type: 'notice', level: 'warning', service: 'orders' },
        message: 'Deployment/orders: kubectl changed .spec.replicas to 2 (set back to 1)',
      }),
    );
    // Only the service that the file belongs to ran.
    expect(dev.events.slice(mark).filter((e) => e.type === 'run.started' && e.service === 'stock')).toEqual(
      [],
    );

    // Saving the same bytes builds nothing; the next real change is the next run.
    mark = dev.events.length;
    rig.write(controller, rig.read(controller));
    rig.replace('src/main/resources/application.properties', 'Good morning', 'Good evening');
    await dev.waitFor('run.finished', (event) => event.service === 'orders' && event.outcome === 'ok', mark);
    const started = dev.events.slice(mark).filter((e) => e.type === 'run.started');
    expect(started).toHaveLength(1);
    expect(started[0]).toMatchObject({ reason: 'application.properties' });
    await serves(rig, 'orders', /Good evening/, '/greeting');

    // A compile error names the place; the old pod goes on serving; the fix is served.
    mark = dev.events.length;
    rig.replace(controller, 'return "Orders is up, and new";', 'return missing;');
    const line =
      rig
        .read(controller)
        .split('\n')
        .findIndex((text) => text.includes('return missing;')) + 1;
    const broken = await dev.waitFor('run.finished', (event) => event.service === 'orders', mark);
    expect(broken).toMatchObject({ outcome: 'failed', error: { code: 'SOURCE_BUILD_FAILED' } });
    expect(broken.error?.diagnostics?.[0]).toMatchObject({
      file: expect.stringContaining(controller),
      line,
      message: expect.stringContaining('cannot find symbol'),
    });
    expect(await served(rig, 'orders', '/')).toBe('Orders is up, and new');
    mark = dev.events.length;
    rig.replace(controller, 'return missing;', 'return "Orders is fixed";');
    await dev.waitFor('run.finished', (event) => event.service === 'orders' && event.outcome === 'ok', mark);
    await serves(rig, 'orders', /Orders is fixed/);

    await endsCleanly(dev);
    await namespaceGone(rig);
  });

  it('supersedes: the next run has both edits, and the first one is gone before it starts', async () => {
    rig = createRig();
    const dev = rig.start('dev', 'stock', 'orders');
    await deployed(dev);
    const mark = dev.events.length;
    rig.replace(controller, 'up and running', 'first edit');
    await dev.waitFor(
      'stage.started',
      (event) => event.service === 'orders' && event.stage === 'compile',
      mark,
    );
    const maven = await eventually('Maven to run', () => {
      const found = processesOf(rig).filter(({ command }) => command.includes('plexus-classworlds'));
      return found.length > 0 ? found : undefined;
    });
    rig.replace(service, 'pieces for', 'pieces, second edit, for');
    const first = await dev.waitFor('run.finished', (event) => event.service === 'orders', mark);
    expect(first).toMatchObject({ outcome: 'cancelled', cancelReason: 'superseded' });
    const alive = processesOf(rig).map(({ pid }) => pid);
    expect(maven.filter(({ pid }) => alive.includes(pid))).toEqual([]);
    await dev.waitFor('run.finished', (event) => event.service === 'orders' && event.outcome === 'ok', mark);
    await serves(rig, 'orders', /first edit/);
    await serves(rig, 'orders', /second edit/, '/orders');
    expect(await dev.end()).toBe(130);
  });

  it('starts again on an unchanged tree without building, pushing or upgrading', async () => {
    rig = createRig({ fixture: 'signboard', cold: true });
    const first = rig.start('dev', '--cleanup=false');
    await deployed(first, ['sign', 'lamp']);
    expect(await first.end()).toBe(130);
    const images = rig.kubectl('get', 'deployments', '-o', 'jsonpath={..image}');
    const revisions = rig.objects('secrets').map(({ metadata }) => metadata.name);

    const second = rig.start('dev');
    await deployed(second, ['sign', 'lamp']);
    const stages = second.events.filter((event) => event.type === 'stage.finished');
    const of = (service: string): string[] =>
      stages.filter((event) => event.service === service).map(({ stage, outcome }) => `${stage} ${outcome}`);
    expect(of('lamp')).toEqual(['render ok', 'apply skipped', 'rollout ok']);
    expect(of('sign')).toEqual([
      ...['compile', 'package', 'image', 'push'].map((stage) => `${stage} skipped`),
      ...['render ok', 'apply skipped', 'rollout ok'],
    ]);
    expect(rig.kubectl('get', 'deployments', '-o', 'jsonpath={..image}')).toBe(images);
    expect(rig.objects('secrets').map(({ metadata }) => metadata.name)).toEqual(revisions);
    expect(await second.end()).toBe(130);
  });

  it('keeps the configuration in force while the file is wrong, and takes the corrected one', async () => {
    rig = createRig({ fixture: 'signboard' });
    rig.replace('appdev.yaml', '    jar:', '    needs: [lamp]\n    jar:');
    const dev = rig.start('dev');
    await deployed(dev, ['lamp', 'sign']);
    let mark = dev.events.length;
    rig.replace('deploy/chart/values.yaml', 'replicas: 1', 'replicas: 2');
    const render = await dev.waitFor('run.started', (event) => event.service === 'sign', mark);
    expect(render).toMatchObject({ route: 'render-only' });
    await dev.waitFor('run.finished', (event) => event.service === 'sign' && event.outcome === 'ok', mark);
    await eventually('two pods', () =>
      rig.kubectl('get', 'deployment', 'sign', '-o', 'jsonpath={.status.readyReplicas}') === '2'
        ? true
        : undefined,
    );

    mark = dev.events.length;
    rig.replace('appdev.yaml', 'needs: [lamp]', 'needs: [lam]');
    const rejected = await dev.waitFor('config.rejected', undefined, mark);
    expect(rejected.error).toMatchObject({ code: 'CONFIG_INVALID' });
    expect(rejected.error.diagnostics?.[0]).toMatchObject({ hint: expect.stringContaining('lamp') });
    rig.write('src/main/resources/sign.txt', 'Still open');
    await dev.waitFor('run.finished', (event) => event.service === 'sign' && event.outcome === 'ok', mark);
    await serves(rig, 'sign', 'Still open');

    mark = dev.events.length;
    rig.replace('appdev.yaml', 'needs: [lam]', 'needs: [lamp]');
    await dev.waitFor('config.reloaded', undefined, mark);
    expect(await dev.end()).toBe(130);
  });
});
