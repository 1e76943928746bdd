/** A save in the middle of each stage of a run: the newest bytes are what is served in the end, and nothing brings older ones back. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createRig, serves, servesOnly, type Rig, type Session } from '../support/rig.ts';

const sign = 'src/main/resources/sign.txt';

let rig: Rig;
let dev: Session;
let text: string;
beforeAll(async () => {
  rig = createRig({ fixture: 'signboard' });
  dev = rig.start('dev', 'sign');
  const run = await dev.waitFor('run.finished', (event) => event.service === 'sign');
  expect(run.error).toBeUndefined();
  await dev.waitFor('watch.started');
});
afterAll(async () => {
  await rig.dispose();
});

function save(next: string): void {
  rig.write(sign, next);
  text = next;
}

it.each(['compile', 'package', 'image', 'push', 'render', 'apply', 'rollout'])(
  'a save during %s is never lost',
  async (stage) => {
    const mark = dev.events.length;
    save(`A save before ${stage}`);
    await dev.waitFor('stage.started', (event) => event.stage === stage, mark);
    save(`A save during ${stage}`);
    await serves(rig, 'sign', text);
    // No run is left that would bring the first one back.
    await dev.waitFor('run.finished', (event) => event.service === 'sign' && event.outcome === 'ok', mark);
    await servesOnly(rig, 'sign', text);
  },
);

it('and the session that took them all ends cleanly', async () => {
  expect(await dev.end()).toBe(130);
});
