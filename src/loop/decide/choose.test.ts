import { describe, expect, it } from 'vitest';
import type { Role } from '../../core/role.ts';
import { devRoutes, type Ability, type ChangeKind } from '../../core/routes.ts';
import { chooseRoute, kindsToBring, routeOf } from './choose.ts';
import { newService, type Pending, type Running, type ServiceState } from './state.ts';

const ready: Running = { image: 'i1', manifests: 'm1', uses: {}, wasReady: true };
const choice = (kinds: readonly ChangeKind[], running: Running, ...can: readonly Ability[]) => {
  const chosen = chooseRoute(devRoutes, new Set(kinds), running, new Set(can));
  return [chosen?.route.route, chosen?.because];
};

describe('chooseRoute', () => {
  it('renders only what decides nothing but manifests', () => {
    expect(choice(['chart', 'values'], ready, 'builder', 'image')).toEqual([
      'render-only',
      'changed: chart, values',
    ]);
  });

  it('builds whatever decides the image, whatever else changed', () => {
    expect(choice(['source', 'values'], ready, 'builder')).toEqual(['image', 'changed: source, values']);
    expect(choice(['asked'], ready, 'builder', 'image')).toEqual(['image', 'asked for']);
  });

  it('says so when nothing runs yet', () => {
    expect(choice(['start'], { uses: {}, wasReady: false }, 'builder')).toEqual([
      'image',
      'it does not run yet',
    ]);
  });

  it('finds no route if none is possible', () => {
    expect(choice(['source'], ready)).toEqual([undefined, undefined]);
  });
});

function service(
  kinds: readonly Role[],
  more: Partial<ServiceState> = {},
  asked: Partial<Pending> = {},
): ServiceState {
  const spec = { name: 'a', builds: true, tests: false, needs: [], manual: false };
  const fingerprint = { build: 'b2', deploy: 'd2', tests: '' };
  const pending: Pending = {
    ...{ change: 1, fingerprint, paths: [], kinds, reason: '' },
    ...{ asked: false, waits: false, ...asked },
  };
  const made = { image: 'i1', build: 'b1', tests: '' };
  return { ...newService(spec), pending, made, running: ready, ...more };
}
const old = { image: 'i2', build: 'b2', tests: '' };
const failedWith = (...kinds: readonly Role[]): ServiceState['last'] => ({
  ...{ kind: 'failed', change: 1, fingerprint: { build: 'b1', deploy: 'd1', tests: '' } },
  ...{ paths: [], kinds, code: 'SOURCE_BUILD_FAILED', batch: 1 },
});

describe('kindsToBring', () => {
  it.each<[string, ServiceState, ChangeKind[]]>([
    ['what changed', service(['source', 'chart']), ['source', 'chart']],
    ['nothing that is built already', service(['source', 'chart'], { made: old }), ['chart']],
    [
      'what failed before, until it is built',
      service(['chart'], { last: failedWith('source') }),
      ['chart', 'source'],
    ],
    ['settings, if no file tells why the image differs', service(['config']), ['config', 'settings']],
    ['the wish of the key r', service([], { made: old }, { asked: true }), ['asked']],
  ])('has %s', (_name, state, kinds) => {
    expect([...kindsToBring(state)]).toEqual(kinds);
  });

  it('has the start if nothing is made yet', () => {
    const { made: _made, ...first } = service([]);
    expect([...kindsToBring(first)]).toEqual(['start']);
  });
});

describe('routeOf', () => {
  it('takes the route that a step has handed the change on to, with its reason', () => {
    const handedOn = { to: 'image', because: 'its image is gone' } as const;
    const chosen = routeOf(devRoutes, service([], { made: old }, { handedOn }));
    expect([chosen?.route.route, chosen?.because]).toEqual(['image', 'its image is gone']);
  });
});
