/**
 * Every signal in every stage. The matrix is generated from the stages that a run really has, so that a new stage gets
 * its cells by itself. Each cell: a run is brought to the stage and the signal is sent; expected are the exit code, no
 * process of ours, the old version serving, and a next session that deploys the edit.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Stage } from '../../src/events.ts';
import { createRig, processesOf, served, servesOnly, type Rig, type Session } from '../support/rig.ts';

const controller = 'stock/src/main/java/com/example/stock/StockController.java';
const stages: readonly Stage[] = ['compile', 'package', 'image', 'push', 'render', 'apply', 'rollout'];
const signals = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129, SIGKILL: null } as const;

let rig: Rig;
let text = 'Stock is up and running';
let edits = 0;

/** Starts dev on what is there and waits until it has deployed what is on disk. */
async function start(): Promise<Session> {
  const dev = rig.start('dev', 'stock', '--cleanup=false');
  await dev.waitFor('run.finished', (event) => event.service === 'stock' && event.outcome === 'ok');
  await dev.waitFor('watch.started');
  return dev;
}

function edit(): string {
  edits += 1;
  const next = `Stock edit ${edits}`;
  rig.replace(controller, `"${text}"`, `"${next}"`);
  text = next;
  return next;
}

beforeAll(async () => {
  rig = createRig();
  const dev = await start();
  const mark = dev.events.length;
  const before = text;
  edit();
  const run = await dev.waitFor('run.finished', (event) => event.service === 'stock', mark);
  // What follows covers exactly the stages that there are.
  expect(run.stages.map(({ stage }) => stage)).toEqual(stages);
  expect(before).not.toBe(text);
  expect(await dev.end('SIGINT')).toBe(130);
});

afterAll(async () => {
  await rig.dispose();
});

describe.each(Object.entries(signals))('%s', (signal, exitCode) => {
  it.each(stages)('during %s', async (stage) => {
    const dev = await start();
    // The session before this one was cut off somewhere; this one has brought its edit into the cluster.
    const before = text;
    await servesOnly(rig, 'stock', before);
    const mark = dev.events.length;
    edit();
    await dev.waitFor('stage.started', (event) => event.stage === stage, mark);
    expect(await dev.end(signal as NodeJS.Signals)).toBe(exitCode);
    // Somebody serves, old or new: a signal never costs the service.
    expect([before, text]).toContain(await served(rig, 'stock'));
    if (signal === 'SIGKILL') {
      // Nothing can clean up after itself then; the next start does.
      const next = await start();
      const alive = processesOf(rig).filter(({ pid }) => pid !== next.child.pid);
      expect(alive.filter(({ command }) => /maven|buildah|helm/.test(command))).toEqual([]);
      expect(await next.end('SIGINT')).toBe(130);
    }
    expect(processesOf(rig)).toEqual([]);
  });
});
