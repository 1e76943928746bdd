/**
 * Proves that a route is data. A new way to the pods takes only a row and a step, handed to the loop as they are
 * here. Only the words are cast, because the closed lists of routes and stages do not have them.
 */
import { expect, it } from 'vitest';
import { FakeLoopRig, fakeService, settled } from '../../../test/support/fake-loop-parts.ts';
import { ok } from '../../core/outcome.ts';
import { devRoutes, routes, type Route, type RouteSpec, type Stage } from '../../core/routes.ts';
import { createLoop } from './driver.ts';
import type { Step } from '../work/execute.ts';
import type { StepResult } from '../work/member.ts';

const swapStage = 'swap' as Stage;
/** Brings sources to pods that run already, while other runs build in the same folders. */
const swap: RouteSpec = {
  route: 'swap' as Route,
  brings: ['source'],
  needs: ['builder'],
  stages: [{ stage: swapStage, supersede: 'finish', scope: 'service', occupies: [], touches: 'cluster' }],
};

async function start(result: () => StepResult): Promise<{ rig: FakeLoopRig; end: () => Promise<void> }> {
  const rig = new FakeLoopRig(
    [fakeService('orders')],
    ['compile', 'package', 'image', 'push', 'render', 'apply', 'rollout'],
  );
  const step: Step = {
    scope: 'service',
    stages: [swapStage],
    async run({ report }, state) {
      report.started(swapStage);
      const ended = result();
      report.finished(swapStage, ended.kind === 'ok' ? 'ok' : 'failed');
      return await Promise.resolve(ended.kind === 'ok' ? ok(state) : ended);
    },
  };
  const loop = createLoop({ ...rig.parts(), routes: [swap, ...devRoutes], steps: [step] });
  const ended = loop.start();
  await settled();
  return {
    rig,
    end: async () => {
      loop.send({ kind: 'shutdown-requested' });
      await ended;
    },
  };
}

const stagesIn = (rig: FakeLoopRig): string[] =>
  rig.told('stage.started').map(({ run, stage }) => `${run} ${stage}`);

it('a change of a kind that it brings takes it', async () => {
  const { rig, end } = await start(() => ok({ scan: {} as never }));
  expect(rig.told('run.started').map(({ route }) => route)).toEqual(['image']);
  await rig.save({ 'orders/App.java': '2' });
  await rig.clock.pass(1_000);
  const [, swapped] = rig.told('run.started');
  expect(swapped).toMatchObject({ route: 'swap', because: 'changed: source' });
  expect(stagesIn(rig).at(-1)).toBe('2 swap');
  expect(rig.told('run.finished').at(-1)).toMatchObject({ run: 2, outcome: 'ok' });

  await rig.save({ 'orders/chart/values.yaml': '2', 'orders/App.java': '3' });
  await rig.clock.pass(1_000);
  expect(rig.told('run.started').at(-1)).toMatchObject({ route: 'image', because: 'changed: chart, source' });
  await end();
});

it('a step that cannot go on hands the change to another route, with the reason', async () => {
  const { rig, end } = await start(() => ({
    ...{ kind: 'redirected', to: routes.image.route, because: 'a method was added' },
  }));
  await rig.save({ 'orders/App.java': '2' });
  await rig.clock.pass(1_000);
  expect(rig.told('run.started').slice(1)).toMatchObject([
    { run: 2, route: 'swap' },
    { run: 3, route: 'image', because: 'a method was added' },
  ]);
  expect(rig.told('run.finished').slice(1)).toMatchObject([
    { run: 2, outcome: 'cancelled', cancelReason: 'redirected' },
    { run: 3, outcome: 'ok' },
  ]);
  expect(rig.workshop.cluster.get('orders')).toContain('sha256:orders-2');
  await end();
});
