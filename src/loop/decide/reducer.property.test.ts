import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeLoopWorld } from '../../../test/support/fake-loop-world.ts';
import { routes, stagesOf } from '../../core/routes.ts';
import { reduce } from './reducer.ts';
import type { CancelReason } from '../../core/outcome.ts';
import type { Message, Timer } from './messages.ts';
import { initialState, type ServiceSpec } from './state.ts';

const spec = (name: string, more: Partial<ServiceSpec> = {}): ServiceSpec => ({
  name,
  builds: true,
  tests: false,
  needs: [],
  manual: false,
  ...more,
});
/** Two of one reactor that need others, one of its own, one with a chart only, and a manual one. */
const specs: readonly ServiceSpec[] = [
  spec('orders', { reactor: '/shop', needs: ['db'] }),
  spec('stock', { reactor: '/shop', needs: ['orders'] }),
  spec('web', { reactor: '/web' }),
  spec('db', { builds: false }),
  spec('tool', { reactor: '/shop', tests: true, manual: true }),
];
/**
 * The images that manifests name: web and orders name each other's, web names a manual service's, and db that of a
 * service that needs it through orders.
 */
const uses = { web: ['orders', 'tool'], orders: ['web'], db: ['stock'] };
const names = specs.map(({ name }) => name);
const service = fc.constantFrom(...names);

type Action = (world: FakeLoopWorld) => void;

const edit = fc
  .tuple(
    service,
    fc.constantFrom('build' as const, 'deploy' as const),
    // Back to what was there before, as an undo or a checkout does.
    fc.constantFrom(1, 1, -1),
    fc.boolean(),
  )
  .map(
    ([name, what, by, lost]): Action =>
      (world) =>
        world.edit(name, what, by, lost),
  );
const advance = fc
  .tuple(fc.nat(9), fc.constantFrom('ok' as const, 'ok' as const, 'ok' as const, 'failed' as const))
  .map(([index, ending]): Action => (world) => {
    const id = [...world.runs.keys()][index % Math.max(1, world.runs.size)];
    if (id !== undefined) world.advance(id, ending);
  });
const look = fc.constantFrom(0, 0, 0, 20).map(
  (ms): Action =>
    (world) =>
      world.answerLook(ms),
);
const timer = fc
  .constantFrom('debounce' as const, 'debounce' as const, 'cap' as const, 'git' as const, 'walk' as const)
  .map(
    (name): Action =>
      (world) =>
        world.fire(name),
  );
const git = fc.constantFrom(undefined, 'index.lock', 'rebase').map((operation): Action => (world) => {
  world.git = operation;
});
const key = fc
  .tuple(
    fc.constantFrom('rebuild' as const, 'cancel' as const, 'pause' as const),
    fc.option(service, { nil: undefined }),
  )
  .map(([name, which]): Action => (world) => {
    if (name === 'pause') world.send({ kind: 'key-pressed', key: 'pause' });
    else world.send({ kind: 'key-pressed', key: name, ...(which === undefined ? {} : { service: which }) });
  });
const cluster = fc.boolean().map((lost): Action => (world) => {
  if (lost) world.send({ kind: 'cluster-lost', context: 'c', reason: 'refused' });
  else world.send({ kind: 'cluster-regained', context: 'c' });
});
const config = fc
  .tuple(fc.boolean(), fc.constantFrom('kept' as const, 'rejected' as const, 'reloaded' as const))
  .map(([touched, answer]): Action => (world) => {
    if (touched) world.send({ kind: 'files-changed', services: [], paths: ['appdev.yaml'], config: true });
    else world.answerReload(answer);
  });
/** Messages about runs that are over, and timers that nobody armed. */
const stale = fc.tuple(service, fc.nat(20)).map(([name, run]): Action => (world) => {
  if (world.runs.has(run)) return;
  const { services } = world.state;
  world.send({ kind: 'stage-reached', service: name, run, stage: 'rollout' });
  world.send({ kind: 'gate-reached', service: name, run, uses: { web: 'x' } });
  world.send({ kind: 'image-made', service: name, run, image: 'x' });
  world.send({ kind: 'run-finished', service: name, run, result: { kind: 'ok' }, ms: 1, stages: [] });
  expect(world.state.services, 'a stale run changes nothing').toEqual(services);
});
const anything = fc.oneof(
  { weight: 6, arbitrary: edit },
  { weight: 14, arbitrary: advance },
  { weight: 8, arbitrary: look },
  { weight: 8, arbitrary: timer },
  { weight: 1, arbitrary: git },
  { weight: 2, arbitrary: key },
  { weight: 1, arbitrary: cluster },
  { weight: 1, arbitrary: config },
  { weight: 1, arbitrary: stale },
);
const story = fc.array(anything, { maxLength: 150, size: 'max' });
const limits = fc.integer({ min: 1, max: 3 });

describe('the loop, whatever happens', () => {
  it('keeps its invariants and loses no change', () => {
    fc.assert(
      fc.property(story, limits, (actions, limit) => {
        const world = new FakeLoopWorld(specs, limit, uses);
        world.send({ kind: 'started' });
        for (const act of actions) act(world);
        world.quiesce();
        for (const [name, { last, pending, activity }] of world.state.services) {
          // Stopped by key, manual, or waiting for a need that failed. The screen says why.
          const standsFor =
            pending?.fingerprint ??
            (activity.kind === 'idle' ? 'fingerprint' in last && last.fingerprint : activity.run.fingerprint);
          expect(standsFor, `${name}: no change is lost`).toEqual(world.fingerprint(name));
        }
        for (const [name, { last, pending }] of world.state.services) {
          const asks = pending?.waits === true || last.kind === 'failed';
          if (asks) world.send({ kind: 'key-pressed', key: 'rebuild', service: name });
        }
        world.quiesce();
        for (const [name, { last, pending, activity }] of world.state.services) {
          expect([pending, activity.kind, last.kind], name).toEqual([undefined, 'idle', 'ok']);
          const { build, deploy } = world.fingerprint(name);
          const images = world.imagesFor(name);
          expect(world.cluster.get(name), `${name}: what runs is what is on disk`).toEqual({
            build,
            deploy,
            images,
          });
        }
      }),
      { numRuns: 150 },
    );
  });

  it('can be stopped from everywhere, with no run left', () => {
    fc.assert(
      fc.property(story, limits, fc.boolean(), (actions, limit, again) => {
        const world = new FakeLoopWorld(specs, limit, uses);
        world.send({ kind: 'started' });
        for (const act of actions) act(world);
        world.send({ kind: 'shutdown-requested' });
        if (again) world.send({ kind: 'shutdown-requested' });
        for (let round = 0; round < 20 && !world.exited; round += 1) {
          for (const id of [...world.runs.keys()]) world.advance(id, 'ok');
        }
        expect(world.exited).toBe(true);
        expect(world.runs.size).toBe(0);
        expect(world.state.phase).toBe('stopped');
      }),
      { numRuns: 100 },
    );
  });

  it('never throws, even for messages that make no sense', () => {
    const run = fc.nat(5);
    const fingerprint = fc.record({
      build: fc.constantFrom('a', 'b'),
      deploy: fc.constantFrom('a', 'b'),
      tests: fc.constant(''),
    });
    const message: fc.Arbitrary<Message> = fc.oneof(
      fc.constant<Message>({ kind: 'started' }),
      fc.constant<Message>({ kind: 'look-due' }),
      fc.constant<Message>({ kind: 'git-free' }),
      fc.constant<Message>({ kind: 'config-kept' }),
      fc
        .constantFrom<Timer[]>('debounce', 'cap', 'git', 'walk')
        .map((timer): Message => ({ kind: 'timer-fired', timer })),
      service.map((name): Message => ({
        kind: 'files-changed',
        services: [name, 'nobody'],
        paths: ['p'],
        config: false,
      })),
      fc.tuple(service, fingerprint, fc.constantFrom(0, 20)).map(([name, print, settlesInMs]): Message => ({
        kind: 'rescanned',
        results: [{ service: name, fingerprint: print, paths: [], kinds: [], settlesInMs }],
      })),
      fc
        .tuple(service, run, fc.constantFrom(...Object.values(routes).flatMap(stagesOf)))
        .map(([name, id, stage]): Message => ({ kind: 'stage-reached', service: name, run: id, stage })),
      fc.tuple(service, run, service).map(([name, id, other]): Message => ({
        kind: 'gate-reached',
        service: name,
        run: id,
        uses: { [other]: '', nobody: '' },
      })),
      fc.tuple(service, run, fc.constantFrom('a', 'b')).map(([name, id, image]): Message => ({
        kind: 'image-made',
        service: name,
        run: id,
        image,
      })),
      fc.tuple(service, run, fingerprint).map(([name, id, print]): Message => ({
        kind: 'inputs-accepted',
        service: name,
        run: id,
        fingerprint: print,
      })),
      fc
        .tuple(service, run, fc.constantFrom<CancelReason[]>('superseded', 'user', 'shutdown', 'deadline'))
        .map(([name, id, reason]): Message => ({
          kind: 'run-finished',
          service: name,
          run: id,
          result: { kind: 'cancelled', reason },
          ms: 0,
          stages: [],
        })),
      fc.tuple(service, run).map(([name, id]): Message => ({
        kind: 'run-finished',
        service: name,
        run: id,
        result: { kind: 'ok' },
        ms: 0,
        stages: [],
      })),
      fc
        .subarray([...specs])
        .map((services): Message => ({ kind: 'config-reloaded', services, profiles: [], changed: [] })),
      fc.subarray([...specs]).map((services): Message => ({ kind: 'specs-found', services })),
      fc
        .constantFrom('rebuild' as const, 'cancel' as const, 'pause' as const)
        .map((pressed): Message => ({ kind: 'key-pressed', key: pressed })),
      fc.constant<Message>({ kind: 'cluster-lost', context: 'c', reason: 'r' }),
      fc.constant<Message>({ kind: 'cluster-regained', context: 'c' }),
      fc.constant<Message>({ kind: 'registry-regained', registry: 'r' }),
      fc.constant<Message>({ kind: 'git-busy', operation: 'rebase' }),
    );
    fc.assert(
      fc.property(fc.array(message, { maxLength: 80, size: 'max' }), (messages) => {
        let state = initialState(specs, 2);
        for (const next of messages) ({ state } = reduce(state, next));
        expect(state.phase).toBe('running');
      }),
      { numRuns: 200 },
    );
  });
});
