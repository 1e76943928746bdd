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

const sign = 'src/main/resources/sign.txt';

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
  rig = createRig({ fixture: 'signboard' });
  terminal = new PtyTerminal({
    file: process.execPath,
    args: [appdevBin, 'dev', 'sign'],
    cwd: rig.folder,
    env: { ...rig.env, LANG: 'C.UTF-8', TERM: 'xterm-256color' },
    columns: 130,
    patienceMs: 180_000,
  });
  await terminal.shows(/sign +● ready/);
  await logs(/^✓ sign /);
  await terminal.shows('q quit');
  await serves(rig, 'sign', 'Open all day');

  terminal.press('r');
  await logs(/^✓ sign .*compile \d.*asked for/);

  // Held back: the screen says so, and what is saved stays unbuilt.
  terminal.press('p');
  await terminal.shows('paused: saves are noticed but not built');
  rig.write(sign, 'Open after a pause');
  await terminal.shows(/sign .*paused \(p resumes\)/);
  expect(logged(/sign\.txt/)).toBe(0);
  expect(await served(rig, 'sign')).toBe('Open all day');
  terminal.press('p');
  await logs(/^✓ sign .*sign\.txt/);
  await servesOnly(rig, 'sign', 'Open after a pause');

  rig.write(sign, 'Never seen');
  await terminal.shows(/sign +\S compile/);
  terminal.press('c');
  await logs(/^– sign .*cancelled \(c\)/);
  expect(await served(rig, 'sign')).toBe('Open after a pause');

  // Taking everything away lasts seconds: the second q comes in the middle of it, and hurries nothing.
  terminal.press('q');
  await terminal.shows('cleaning up: removing sign; Ctrl-C stops now');
  terminal.press('q');
  expect(await terminal.exited).toBe(0);
  expect(terminal.cursorShown()).toBe(true);
  expect(processesOf(rig)).toEqual([]);
  await namespaceGone(rig);
});
