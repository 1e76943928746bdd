import { describe, expect, it } from 'vitest';
import { routes } from '../../core/routes.ts';
import { plan, type Plan } from './plan.ts';
import { mayCancel } from './run-stage.ts';
import {
  initialState,
  type LoopState,
  type Pending,
  type Run,
  type ServiceSpec,
  type ServiceState,
} from './state.ts';

const fingerprint = { build: 'b', deploy: 'd', tests: '' };
const pending: Pending = {
  ...{ change: 1, fingerprint, paths: [], kinds: [] },
  ...{ reason: 'start', asked: false, waits: false },
};
const run: Run = {
  id: 1,
  batch: 1,
  change: 1,
  fingerprint,
  paths: [],
  kinds: [],
  reason: 'start',
  route: routes.image,
  force: false,
  atGate: false,
  imageMade: false,
  uses: {},
  cancelAsked: false,
};
const spec = (name: string, more: Partial<ServiceSpec> = {}): ServiceSpec => ({
  name,
  builds: true,
  tests: false,
  needs: [],
  manual: false,
  reactor: '/shop',
  ...more,
});

const namesIn = (start: Plan['start']) =>
  start.map(({ services, route: { route } }) => ({ services, route }));

/** A state with dirty, looked-at services, changed by `more`. */
function state(
  specs: readonly ServiceSpec[],
  more: Readonly<Record<string, Partial<ServiceState>>> = {},
): LoopState {
  const start = initialState(specs, 2);
  const services = [...start.services].map(
    ([name, service]) => [name, { ...service, touched: false, pending, ...more[name] }] as const,
  );
  return { ...start, services: new Map(services) };
}

const running = (more: Partial<Run>): Partial<ServiceState> => ({
  activity: { kind: 'running', run: { ...run, ...more } },
});

describe('plan', () => {
  it('starts services of one reactor together and others apart', () => {
    const { start, holds } = plan(state([spec('a'), spec('w', { reactor: '/web' }), spec('b')]));
    expect(namesIn(start)).toEqual([
      { services: ['a', 'b'], route: 'image' },
      { services: ['w'], route: 'image' },
    ]);
    expect(holds.size).toBe(0);
  });

  it('never mixes those whose tests run with those whose tests do not', () => {
    const { start, holds } = plan(state([spec('a'), spec('b', { tests: true })]));
    expect(namesIn(start)).toEqual([{ services: ['a'], route: 'image' }]);
    expect(holds.get('b')).toEqual({ reason: 'building', on: 'a' });
  });

  it('renders without the reactor, even while that is busy', () => {
    const rendered = { made: { image: 'i', build: 'b', tests: '' } };
    const { start } = plan(state([spec('a'), spec('b')], { a: running({ stage: 'compile' }), b: rendered }));
    expect(namesIn(start)).toEqual([{ services: ['b'], route: 'render-only' }]);
  });

  it.each([
    [undefined, 'building'],
    ['compile', 'building'],
    ['package', 'building'],
    ['image', 'building'],
    ['push', undefined],
    ['render', undefined],
    ['rollout', undefined],
  ] as const)('while a mate is in stage %s, holds with: %s', (stage, reason) => {
    const mate = running(stage === undefined ? {} : { stage });
    expect(plan(state([spec('a'), spec('b')], { a: mate })).holds.get('b')?.reason).toBe(reason);
  });

  it('starts what others need first', () => {
    const specs = [spec('web', { needs: ['db'], reactor: '/web' }), spec('db', { builds: false })];
    expect(namesIn(plan({ ...state(specs), limit: 1 }).start)).toEqual([
      { services: ['db'], route: 'render-only' },
    ]);
  });

  it('starts the needs of one service in file order, whatever order it lists them in', () => {
    const specs = [
      spec('web', { needs: ['db', 'cache'], reactor: '/web' }),
      spec('cache', { builds: false }),
      spec('db', { builds: false }),
    ];
    expect(plan(state(specs)).start.flatMap(({ services }) => services)).toEqual(['cache', 'db']);
  });

  it('holds beyond the limit, and does not count runs that only wait for the cluster', () => {
    const specs = [spec('a', { reactor: '/a' }), spec('b', { reactor: '/b' })];
    const busy = { ...state(specs, { a: running({ stage: 'push' }) }), limit: 1 };
    expect(plan(busy).holds.get('b')).toEqual({ reason: 'limit', running: 1 });
    const waiting = { ...state(specs, { a: running({ stage: 'rollout' }) }), limit: 1 };
    expect(namesIn(plan(waiting).start)).toEqual([{ services: ['b'], route: 'image' }]);
  });

  it.each<[string, Partial<LoopState>, Partial<ServiceState>, string]>([
    ['paused', { paused: true }, {}, 'paused'],
    ['config', { reloading: true }, {}, 'config'],
    ['git', { git: 'rebase' }, {}, 'git'],
    ['cluster', { lostCluster: 'kind-x' }, {}, 'cluster'],
    ['manual', {}, { pending: { ...pending, waits: true } }, 'manual'],
    ['touched', {}, { touched: true }, 'settling'],
    ['looking', { looking: ['a'] }, {}, 'settling'],
    ['cancelling', {}, { activity: { kind: 'cancelling', run, reason: 'superseded' } }, 'cancelling'],
    ['paused and git', { paused: true, git: 'rebase' }, {}, 'paused'],
  ])('%s is the reason', (_name, session, service, reason) => {
    const { start, holds } = plan({ ...state([spec('a')], { a: service }), ...session });
    expect(namesIn(start)).toEqual([]);
    expect(holds.get('a')?.reason).toBe(reason);
  });

  it('starts what was asked for although paused', () => {
    const asked = { ...state([spec('a')], { a: { pending: { ...pending, asked: true } } }), paused: true };
    expect(plan(asked).start).toHaveLength(1);
  });

  it('starts nothing while stopping', () => {
    expect(namesIn(plan({ ...state([spec('a')]), phase: 'stopping' }).start)).toEqual([]);
  });
});

describe('a newer save', () => {
  it('cancels every stage but the apply, which would be half done', () => {
    const finish = Object.values(routes).flatMap(({ stages }) =>
      stages.filter(({ supersede }) => (supersede as string) === 'finish').map(({ stage }) => stage),
    );
    expect([...new Set(finish)]).toEqual(['apply']);
    expect(mayCancel({ ...run, stage: 'apply' })).toBe(false);
    expect(mayCancel({ ...run, stage: 'rollout' })).toBe(true);
    expect(mayCancel(run)).toBe(true);
  });
});
