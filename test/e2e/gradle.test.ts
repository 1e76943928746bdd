/** An app that Gradle builds, from a save to new text served. The Gradle is Debian's, the app's Spring Boot fits it. */
import { basename, resolve } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { commandOf, environmentOf, processIds } from '../../src/support/process/proc.ts';
import { sessionIn } from '../../src/support/process/session-folder.ts';
import { createRig, serves, type Rig } from '../support/rig.ts';

let rig: Rig;
afterEach(async () => {
  await rig.dispose();
});

/** Gradle's daemons of one appdev. */
function daemonsOf(pid: number | undefined): number[] {
  return processIds().filter(
    (each) =>
      commandOf(each).includes('GradleDaemon') &&
      basename(sessionIn(environmentOf(each)) ?? '').startsWith(`${pid}-`),
  );
}

it('develops an app of three Gradle projects', async () => {
  rig = createRig({ project: resolve(import.meta.dirname, '../fixtures/letters') });
  expect(await rig.appdev('config', 'validate')).toMatchObject({ code: 0 });
  const dev = rig.start('dev');
  const first = await dev.waitFor('run.finished');
  expect(first.error).toBeUndefined();
  await serves(rig, 'letters', 'A letter of 40 g costs 115 cents', '/price/40');
  const daemons = daemonsOf(dev.child.pid);
  expect(daemons).toHaveLength(1);

  const mark = dev.events.length;
  rig.replace('desk/src/main/java/com/example/letters/Tariff.java', 'A letter of', 'Each letter of');
  expect(await dev.waitFor('run.finished', undefined, mark)).toMatchObject({
    outcome: 'ok',
    reason: 'Tariff.java',
  });
  await serves(rig, 'letters', 'Each letter of 40 g costs 115 cents', '/price/40');

  // A change in the other project reaches the app, built by the same daemon.
  const next = dev.events.length;
  rig.replace('postage/src/main/java/com/example/letters/Postage.java', '85 +', '95 +');
  expect(await dev.waitFor('run.finished', undefined, next)).toMatchObject({ outcome: 'ok' });
  await serves(rig, 'letters', 'Each letter of 40 g costs 125 cents', '/price/40');
  expect(daemonsOf(dev.child.pid)).toEqual(daemons);
  expect(await dev.end()).toBe(130);
  expect(daemonsOf(dev.child.pid)).toEqual([]);
});

it('runs it once and leaves no daemon', async () => {
  rig = createRig({ project: resolve(import.meta.dirname, '../fixtures/letters') });
  const run = rig.start('run');
  expect(await run.exited).toBe(0);
  expect(daemonsOf(run.child.pid)).toEqual([]);
  await serves(rig, 'letters', 'A letter of 40 g costs 115 cents', '/price/40');
  // Nothing to do is done without Gradle's building anything: no new pod.
  const pods = rig.kubectl('get', 'pods', '-o', 'name');
  expect(await rig.appdev('run')).toMatchObject({ code: 0 });
  expect(rig.kubectl('get', 'pods', '-o', 'name')).toBe(pods);
});
