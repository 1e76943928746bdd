/** A save in the middle of each stage of a run: the newest bytes are what is served in the end, and nothing brings older ones back. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createRig, serves, servesOnly, type Rig, type Session } from '../support/rig.ts';

const controller = 'stock/src/main/java/com/example/stock/StockController.java';

let rig: Rig;
let dev: Session;
let text = 'Stock is up and running';
beforeAll(async () => {
  rig = createRig();
  dev = rig.start('dev', 'stock');
  const run = await dev.waitFor('run.finished', (event) => event.service === 'stock');
  expect(run.error).toBeUndefined();
  await dev.waitFor('watch.started');
});
afterAll(async () => {
  await rig.dispose();
});

function save(next: string): void {
  rig.replace(controller, `"${text}"`, `"${next}"`);
  text = next;
}

it.each(['compile', 'package', 'image', 'push', 'render', 'apply', 'rollout'])(
  'a save during %s is never lost',
  async (stage) => {
    const mark = dev.events.length;
    save(`A save before ${stage}`);
    await dev.waitFor('stage.started', (event) => event.stage === stage, mark);
    save(`A save during ${stage}`);
    await serves(rig, 'stock', text);
    // No run is left that would bring the first one back.
    await dev.waitFor('run.finished', (event) => event.service === 'stock' && event.outcome === 'ok', mark);
    await servesOnly(rig, 'stock', text);
  },
);

it('and the session that took them all ends cleanly', async () => {
  expect(await dev.end()).toBe(130);
});
