import { describe, expect, test } from 'vitest';
import type { EventBody, Hold } from '../../core/events.ts';
import { compileError, samples, session, stamped } from '../../../test/support/sample-events.ts';
import { initialView, reduceView } from './model.ts';
import { isBusy, stateOf, type ServiceView, type View } from './view.ts';

const after = (...bodies: EventBody[]): View => stamped(bodies).reduce(reduceView, initialView);
const begun = samples['session.started'];
const service = (view: View, name = 'orders'): ServiceView => {
  const found = view.services.find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
};
const finished = (outcome: 'ok' | 'failed' | 'cancelled', more: object = {}): EventBody => ({
  type: 'run.finished',
  service: 'orders',
  run: 7,
  change: 14,
  reason: 'OrderService.java (+2)',
  outcome,
  ms: 2900,
  stages: [],
  ...more,
});
const pods = (ready: number, desired: number, phase = 'Running'): EventBody => ({
  type: 'pod.changed',
  service: 'orders',
  pods: { ready, desired, restarts: 0, phase },
});
const gone: EventBody = {
  type: 'pod.changed',
  service: 'orders',
  pods: { ready: 0, desired: 0, restarts: 0, phase: 'None', missing: ['Deployment/orders'] },
};
const hold: Hold = { reason: 'needs', on: 'gateway' };
const held: EventBody = { type: 'service.held', service: 'orders', hold };
const started = samples['run.started'];

test('the header is what the session, the cluster and the registry said', () => {
  const view = after(
    begun,
    samples['cluster.selected'],
    samples['registry.selected'],
    samples['watch.started'],
  );
  expect(view).toMatchObject({
    command: 'dev',
    project: 'shop',
    profiles: ['local'],
    cluster: { context: 'kind-shop', namespace: 'shop-dev' },
    registry: { push: 'localhost:5001', source: 'KEP-1755' },
    watch: { files: 412, mode: 'polling' },
    change: 0,
    phase: 'working',
  });
  expect(view.services.map((row) => row.name)).toEqual(['orders', 'gateway', 'catalog', 'billing']);
});

test('the first runs are no changes', () => {
  const start: EventBody = { ...started, change: 2, reason: 'start' };
  expect(after(begun, start).change).toBe(0);
  expect(after(begun, start, { ...started, change: 3 }).change).toBe(3);
});

test('the number of watched files follows the disk', () => {
  expect(after(begun, samples['watch.started'], samples['watch.changed']).watch).toEqual({
    files: 562,
    mode: 'polling',
  });
});

describe('the state of a service', () => {
  test.each<readonly [string, EventBody[], string]>([
    ['nothing happened', [], 'waiting'],
    ['saved, not yet planned', [samples['change.detected']], 'changed'],
    ['held', [samples['change.detected'], held], 'held'],
    [
      'released again',
      [samples['change.detected'], held, { type: 'service.released', service: 'orders' }],
      'changed',
    ],
    ['a run takes up hold and change', [samples['change.detected'], held, started], 'running'],
    ['built, no pods known', [started, finished('ok')], 'ok'],
    ['pods on their way', [started, finished('ok'), pods(0, 1)], 'starting'],
    ['pods ready', [started, finished('ok'), pods(1, 1)], 'ready'],
    ['scaled to nothing', [started, finished('ok'), pods(0, 0)], 'no pods'],
    ['deleted by someone', [started, finished('ok'), pods(1, 1), gone], 'missing'],
    ['deleted by someone, and deployed again', [started, finished('ok'), gone, pods(1, 1)], 'ready'],
    ['deleted, and being deployed again', [started, finished('ok'), gone, { ...started, run: 8 }], 'running'],
    ['being removed at the end', [started, finished('failed'), samples['cleanup.started']], 'removing'],
    ['pods crash after a good run', [started, finished('ok'), pods(0, 1, 'CrashLoopBackOff')], 'unhealthy'],
    [
      'an old pod crashes while enough are ready',
      [started, finished('ok'), pods(1, 1, 'CrashLoopBackOff')],
      'ready',
    ],
    [
      'failed, the previous version ready',
      [started, pods(1, 1), finished('failed', { error: compileError })],
      'failed',
    ],
    [
      'failed, then changed and held',
      [started, finished('failed'), samples['change.detected'], held],
      'failed',
    ],
    ['failed, then running again', [started, finished('failed'), { ...started, run: 8 }], 'running'],
    [
      'ready, then changed and held',
      [started, finished('ok'), pods(1, 1), samples['change.detected'], held],
      'held',
    ],
    ['cancelled by the user', [started, finished('cancelled', { cancelReason: 'user' })], 'cancelled'],
    [
      'a superseded run says nothing',
      [started, finished('cancelled', { cancelReason: 'superseded' })],
      'waiting',
    ],
    ['removed', [pods(1, 1), samples['cleanup.started'], samples['cleanup.finished']], 'removed'],
    [
      'ready, and could not be removed',
      [
        started,
        finished('ok'),
        pods(1, 1),
        samples['cleanup.started'],
        { ...samples['cleanup.finished'], failed: ['orders'] },
      ],
      'ready',
    ],
    [
      'removed, then run again',
      [samples['cleanup.started'], samples['cleanup.finished'], started],
      'running',
    ],
  ])('%s: %s', (_, events, state) => {
    expect(stateOf(service(after(begun, ...events)))).toBe(state);
  });
});

describe('a run', () => {
  test('collects its stages and knows the one under way', () => {
    const view = after(begun, started, samples['stage.started'], {
      type: 'stage.finished',
      service: 'orders',
      run: 7,
      stage: 'compile',
      outcome: 'ok',
      ms: 900,
    });
    expect(service(view).run).toMatchObject({ run: 7, done: [{ stage: 'compile', ms: 900, outcome: 'ok' }] });
    expect(service(view).run?.stage).toBeUndefined();
    expect(isBusy(view)).toBe(true);
  });

  test('elapsed time counts from the event that began the stage', () => {
    const view = after(begun, started, samples['stage.started']);
    expect(service(view).run?.stage?.startedAt).toBe(Date.parse('2026-11-21T10:41:00.200Z'));
  });

  test('events of an older run change nothing', () => {
    const view = after(begun, { ...started, run: 8 });
    const late = stamped([samples['stage.started'], samples['stage.output'], samples['stage.finished']]);
    expect(late.reduce(reduceView, view)).toBe(view);
  });

  test('the end of an older run leaves the newer one running', () => {
    const view = after(
      begun,
      started,
      { ...started, run: 8 },
      finished('cancelled', { cancelReason: 'superseded' }),
    );
    expect(service(view).run?.run).toBe(8);
  });

  test('keeps the newest lines of its tools, and a new run forgets them', () => {
    const output = Array.from({ length: 30 }, (_, n): EventBody => ({
      ...samples['stage.output'],
      line: `line ${n}`,
    }));
    const view = after(begun, started, ...output);
    expect(service(view).tail).toEqual(Array.from({ length: 10 }, (_, n) => `line ${20 + n}`));
    expect(service(after(begun, started, ...output, { ...started, run: 8 })).tail).toEqual([]);
  });

  test('a change that is newer than the run stays pending', () => {
    const newer: EventBody = { ...samples['change.detected'], change: 15 };
    expect(service(after(begun, samples['change.detected'], started)).pending).toBeUndefined();
    expect(service(after(begun, newer, started)).pending?.change).toBe(15);
    expect(after(begun, newer, started).change).toBe(15);
  });

  test('the digest is that of the newest artifact and outlives a failure', () => {
    const { artifact } = samples['run.finished'];
    const view = after(
      begun,
      started,
      finished('ok', { artifact }),
      { ...started, run: 8 },
      finished('failed', { run: 8 }),
    );
    expect(service(view).digest).toBe(artifact?.digest);
    expect(isBusy(view)).toBe(false);
  });
});

test('a lost forward is marked and a regained one is not', () => {
  const lost = after(begun, samples['forward.opened'], samples['forward.lost']);
  expect(service(lost).forwards).toEqual([{ localPort: 8080, remotePort: 8080, lost: 'the pod is gone' }]);
  const again = after(begun, samples['forward.opened'], samples['forward.lost'], samples['forward.opened']);
  expect(service(again).forwards).toEqual([{ localPort: 8080, remotePort: 8080 }]);
});

test('a rejected config stays on the screen until one is accepted', () => {
  expect(after(begun, samples['config.rejected']).configError?.code).toBe('CONFIG_INVALID');
  const view = after(begun, samples['config.rejected'], samples['config.reloaded']);
  expect(view.configError).toBeUndefined();
  expect(view.profiles).toEqual(['local', 'debug']);
});

test('a lost cluster is marked until it answers again', () => {
  const lost = after(begun, samples['cluster.selected'], samples['cluster.lost']);
  expect(lost.cluster).toEqual({ context: 'kind-shop', namespace: 'shop-dev', lost: 'connection refused' });
  expect(
    after(begun, samples['cluster.selected'], samples['cluster.lost'], samples['cluster.regained']).cluster,
  ).toEqual({
    context: 'kind-shop',
    namespace: 'shop-dev',
  });
});

test('pausing is shown until it is resumed', () => {
  expect(after(begun, samples['watch.paused']).paused).toBe(true);
  expect(after(begun, samples['watch.paused'], samples['watch.resumed']).paused).toBe(false);
});

test('cleanup and the end are phases', () => {
  expect(after(begun, samples['cleanup.started']).phase).toBe('cleaning');
  expect(after(begun, samples['cleanup.started'], samples['session.finished']).phase).toBe('finished');
});

test('a service that a config reload brought gets a row', () => {
  const view = after(begun, { ...started, service: 'search' });
  expect(view.services.map((row) => row.name)).toEqual(['orders', 'gateway', 'catalog', 'billing', 'search']);
});

test('application logs and notices leave the view as it is, object for object', () => {
  const view = after(...session);
  expect(stamped([samples['pod.log'], samples.notice]).reduce(reduceView, view)).toBe(view);
});
