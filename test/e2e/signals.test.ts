/**
 * Signals in every stage: the one that is handled, and the one that is not. The matrix is generated from the stages that a
 * run really has, so that a new stage gets its cells by itself. SIGTERM and SIGHUP take the way of SIGINT (signals.test.ts
 * holds that), so that each has one cell. Each cell: a run is brought to the stage and the signal is sent; expected are the
 * exit code, the old version serving, a next session that deploys the edit, and nothing left: no process, no lock, no
 * working container, no temporary folder, no release that is half written; after SIGKILL, once the next session has started.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Stage } from '../../src/core/routes.ts';
import { createRig, processesOf, served, servesOnly, type Rig, type Session } from '../support/rig.ts';

const sign = 'src/main/resources/sign.txt';
const stages: readonly Stage[] = ['compile', 'package', 'image', 'push', 'render', 'apply', 'rollout'];
/** Exit codes of the signals, and the stages to send them in. */
const signals = [
  ['SIGINT', 130, stages],
  ['SIGKILL', null, stages],
  // There is most to clean up in this stage.
  ['SIGTERM', 143, ['apply']],
  ['SIGHUP', 129, ['apply']],
] as const;

let rig: Rig;
let temp: string;
let containers: string;
let text = 'Open all day';
let edits = 0;

/** Starts dev on what is there and waits until it has deployed what is on disk. */
async function start(): Promise<Session> {
  const dev = rig.start('dev', 'sign', '--cleanup=false');
  await dev.waitFor('run.finished', (event) => event.service === 'sign' && event.outcome === 'ok');
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
  text = `Edit ${edits}`;
  rig.write(sign, text);
  return text;
}

beforeAll(async () => {
  // Sessions of others are on this machine too: these have a temporary folder of their own.
  temp = mkdtempSync(join(tmpdir(), 'appdev-e2e-temp-'));
  rig = createRig({ fixture: 'signboard', env: { TMPDIR: temp } });
  // A pod that leaves serves on until every proxy knows: what is served is looked at in the middle of a rollout.
  rig.replace('deploy/chart/values.yaml', 'linger: 0', 'linger: 3');
  const { store } = JSON.parse(execFileSync('buildah', ['info'], { encoding: 'utf8' })) as {
    readonly store: { readonly GraphRoot: string; readonly GraphDriverName: string };
  };
  containers = join(store.GraphRoot, `${store.GraphDriverName}-containers`);
  const dev = await start();
  // The session is seen where it is looked for.
  expect(leftOnMachine(dev.child.pid)).not.toEqual([]);
  const mark = dev.events.length;
  edit();
  const run = await dev.waitFor('run.finished', (event) => event.service === 'sign', mark);
  // What follows covers exactly the stages that there are.
  expect(run.stages.map(({ stage }) => stage)).toEqual(stages);
  expect(await dev.end('SIGINT')).toBe(130);
});

afterAll(async () => {
  await rig.dispose();
  rmSync(temp, { recursive: true, force: true });
});

describe.each(signals)('%s', (signal, exitCode, during) => {
  it.each(during)('during %s', async (stage) => {
    const dev = await start();
    // The session before this one was cut off somewhere; this one has brought its edit into the cluster.
    const before = text;
    await servesOnly(rig, 'sign', before);
    const mark = dev.events.length;
    edit();
    await dev.waitFor('stage.started', (event) => event.stage === stage, mark);
    expect(await dev.end(signal)).toBe(exitCode);
    // One of them serves, the old or the new one: a signal never costs the service.
    expect([before, text]).toContain(await served(rig, 'sign'));
    if (signal === 'SIGKILL') {
      // Nothing can clean up after itself then; the next start does. It is over before anything is expected of it, so that
      // a failure here is not one of the next test too.
      const next = await start();
      const [alive, holder, left] = [processesOf(rig), lockHolder(), leftOnMachine(dev.child.pid)];
      expect(await next.end('SIGINT')).toBe(130);
      // The next session has processes of its own: it removes older images after its first run.
      expect(alive.filter(({ session }) => session.startsWith(`${dev.child.pid}-`))).toEqual([]);
      expect(holder).toContain(` ${next.child.pid}/`);
      expect(left).toEqual([]);
    }
    expect(processesOf(rig)).toEqual([]);
    expect(lockHolder()).toBe('');
    expect(unfinishedRevisions()).toEqual([]);
    expect(leftOnMachine(dev.child.pid)).toEqual([]);
  });
});
