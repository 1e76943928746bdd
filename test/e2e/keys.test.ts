/** A real `appdev dev` on the fixture, driven by its keys: what each does to the running service, and to the screen. */
import { afterEach, expect, it } from 'vitest';
import { appdevBin } from '../support/project-copy.ts';
import {
  createRig,
  namespaceGone,
  processesOf,
  served,
  serves,
  servesOnly,
  type Rig,
} from '../support/rig.ts';
import { PtyTerminal } from '../support/pty-terminal.ts';

const controller = 'stock/src/main/java/com/example/stock/StockController.java';

let rig: Rig;
let terminal: PtyTerminal;
afterEach(async () => {
  await terminal.close();
  await rig.dispose();
});

/** How many lines of the log so far match. */
function logged(pattern: RegExp): number {
  return terminal.all().filter((line) => pattern.test(line)).length;
}

async function logs(pattern: RegExp, times = 1): Promise<void> {
  await terminal.until(`${times} times ${String(pattern)}`, () => logged(pattern) >= times);
}

it('r rebuilds, p holds saves back and lets them go, c cancels, q cleans up, and twice is not now', async () => {
  rig = createRig();
  terminal = new PtyTerminal({
    file: process.execPath,
    args: [appdevBin, 'dev', 'stock'],
    cwd: rig.folder,
    env: { ...rig.env, LANG: 'C.UTF-8', TERM: 'xterm-256color' },
    columns: 130,
    patienceMs: 180_000,
  });
  await terminal.shows(/stock +● ready/);
  await logs(/^✓ stock /);
  await terminal.shows('q quit');
  await serves(rig, 'stock', 'Stock is up and running');

  terminal.press('r');
  await logs(/^✓ stock .*compile \d.*asked for/);

  // Held back: the screen says so, and what is saved stays unbuilt.
  terminal.press('p');
  await terminal.shows('paused: saves are noted but not built');
  rig.replace(controller, 'up and running', 'up after a pause');
  await terminal.shows(/stock .*paused \(p resumes\)/);
  expect(logged(/StockController\.java/)).toBe(0);
  expect(await served(rig, 'stock')).toBe('Stock is up and running');
  terminal.press('p');
  await logs(/^✓ stock .*StockController\.java/);
  await servesOnly(rig, 'stock', 'Stock is up after a pause');

  rig.replace(controller, 'up after a pause', 'never seen');
  await terminal.shows(/stock +\S compile/);
  terminal.press('c');
  await logs(/^– stock .*cancelled \(c\)/);
  expect(await served(rig, 'stock')).toBe('Stock is up after a pause');

  // Taking everything away lasts seconds: the second q comes in the middle of it, and is no hurry.
  terminal.press('q');
  await terminal.shows('cleaning up: removing stock; Ctrl-C stops now');
  terminal.press('q');
  expect(await terminal.exited).toBe(0);
  expect(terminal.cursorShown()).toBe(true);
  expect(processesOf(rig)).toEqual([]);
  await namespaceGone(rig);
});
