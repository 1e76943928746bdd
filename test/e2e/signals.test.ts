/**
 * Every signal in every stage. The matrix is generated from the stages that a run really has, so that a new stage gets
 * its cells by itself. Each cell: a run is brought to the stage and the signal is sent; expected are the exit code, the
 * old version serving, a next session that deploys the edit, and nothing left: no process, no lock, no working container,
 * no temporary folder, no release that is half written; after SIGKILL, once the next session has started.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Stage } from '../../src/core/routes.ts';
import { createRig, processesOf, served, servesOnly, type Rig, type Session } from '../support/rig.ts';

const controller = 'stock/src/main/java/com/example/stock/StockController.java';
const stages: readonly Stage[] = ['compile', 'package', 'image', 'push', 'render', 'apply', 'rollout'];
const signals = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129, SIGKILL: null } as const;

let rig: Rig;
let temp: string;
let containers: string;
let text = 'Stock is up and running';
let edits = 0;

/** Starts dev on what is there and waits until it has deployed what is on disk. */
async function start(): Promise<Session> {
  const dev = rig.start('dev', 'stock', '--cleanup=false');
  await dev.waitFor('run.finished', (event) => event.service === 'stock' && event.outcome === 'ok');
  await dev.waitFor('watch.started');
  return dev;
}

/** Sessions of these processes that have something on this machine: their temporary folders and working containers. */
function leftOnMachine(...pids: readonly (number | undefined)[]): string[] {
  const folder = join(temp, `appdev-${process.getuid?.()}`, 'sessions');
  const folders = existsSync(folder) ? readdirSync(folder) : [];
  const marked = readdirSync(containers).flatMap((id) => {
    try {
      const state = readFileSync(join(containers, id, 'userdata/buildah.json'), 'utf8');
      return [...state.matchAll(/appdev-session-([\d-]+)/g)].map(([, session]) => `${session} in ${id}`);
    } catch {
      // Another build's, that ended while it was looked at.
      return [];
    }
  });
  return [...folders, ...marked].filter((session) => pids.some((pid) => session.startsWith(`${pid}-`)));
}

/** Who holds the lock; empty when nobody does. */
function lockHolder(): string {
  return rig.kubectl('get', 'leases', '-o', 'jsonpath={.items[*].spec.holderIdentity}');
}

/** States of stored revisions that a Helm has yet to finish, or never will. */
function unfinishedRevisions(): string[] {
  const states = rig.kubectl(
    ...['get', 'secrets', '-l', 'owner=helm', '-o', 'jsonpath={.items[*].metadata.labels.status}'],
  );
  return states.split(' ').filter((state) => state.startsWith('pending'));
}

function edit(): string {
  edits += 1;
  const next = `Stock edit ${edits}`;
  rig.replace(controller, `"${text}"`, `"${next}"`);
  text = next;
  return next;
}

beforeAll(async () => {
  // Sessions of others are on this machine too: these have a temporary folder of their own.
  temp = mkdtempSync(join(tmpdir(), 'appdev-e2e-temp-'));
  rig = createRig({ env: { TMPDIR: temp } });
  const { store } = JSON.parse(execFileSync('buildah', ['info'], { encoding: 'utf8' })) as {
    readonly store: { readonly GraphRoot: string; readonly GraphDriverName: string };
  };
  containers = join(store.GraphRoot, `${store.GraphDriverName}-containers`);
  const dev = await start();
  // The session is seen where it is looked for.
  expect(leftOnMachine(dev.child.pid)).not.toEqual([]);
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
  rmSync(temp, { recursive: true, force: true });
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
      expect(lockHolder()).toContain(` ${next.child.pid}/`);
      expect(leftOnMachine(dev.child.pid)).toEqual([]);
      expect(await next.end('SIGINT')).toBe(130);
    }
    expect(processesOf(rig)).toEqual([]);
    expect(lockHolder()).toBe('');
    expect(unfinishedRevisions()).toEqual([]);
    expect(leftOnMachine(dev.child.pid)).toEqual([]);
  });
});
