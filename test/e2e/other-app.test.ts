/**
 * An app that is not the fixture: another package and port, two Maven modules, a Containerfile of its own, plain manifests.
 * It goes through the README's quick start with an appdev.yaml and nothing else.
 */
import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { createRig, eventually, serves, type Rig } from '../support/rig.ts';

let rig: Rig;
afterEach(async () => {
  await rig.dispose();
});

it('develops an app of two modules with a Containerfile and manifests', async () => {
  rig = createRig({ project: resolve(import.meta.dirname, '../fixtures/parcels') });
  expect(await rig.appdev('config', 'validate')).toMatchObject({ code: 0 });
  const dev = rig.start('dev');
  const first = await dev.waitFor('run.finished');
  expect(first.error).toBeUndefined();
  await serves(rig, 'parcels', 'A parcel of 500 g costs 200 cents', '/price/500');
  const forwarded = await dev.waitFor('forward.opened');
  const answer = await fetch(`http://127.0.0.1:${forwarded.localPort}/price/1000`);
  expect(await answer.text()).toBe('A parcel of 1000 g costs 250 cents');

  // A change in the other module reaches the app.
  const mark = dev.events.length;
  rig.replace('core/src/main/java/org/example/parcels/rates/Rates.java', '150 +', '90 +');
  const edit = await dev.waitFor('run.finished', undefined, mark);
  expect(edit).toMatchObject({ outcome: 'ok', reason: 'Rates.java' });
  await serves(rig, 'parcels', 'A parcel of 500 g costs 140 cents', '/price/500');

  // Another port is forwarded as soon as it is saved: nothing has to be deployed for it.
  const saved = dev.events.length;
  const other = freePort();
  rig.replace('appdev.yaml', `'${forwarded.localPort}:9090'`, `'${other}:9090'`);
  await dev.waitFor('forward.opened', ({ localPort }) => localPort === other, saved);
  expect(await (await fetch(`http://127.0.0.1:${other}/price/500`)).text()).toBe(
    'A parcel of 500 g costs 140 cents',
  );
  expect(dev.events.slice(saved).filter(({ type }) => type === 'run.started')).toEqual([]);
  expect(await dev.end()).toBe(130);
  expect(rig.kubectl('get', 'all', '--ignore-not-found')).toBe('');
});

it('runs it once, shows its status and logs, and deletes it', async () => {
  rig = createRig({ project: resolve(import.meta.dirname, '../fixtures/parcels') });
  expect(await rig.appdev('run')).toMatchObject({ code: 0 });
  const status = await rig.appdev('status', '--output', 'json');
  expect(JSON.parse(status.stdout)).toMatchObject({
    v: 1,
    services: [{ service: 'parcels', deployed: true }],
  });
  expect((await rig.appdev('verify')).code).toBe(0);
  expect((await rig.appdev('logs', '--tail', '50')).stdout).toContain('Started ParcelsApplication');
  // Followed logs go on in the pod that takes the place of the first.
  const follow = rig.start('logs', '-f', '--since', '10m');
  const started = await follow.waitFor('pod.log', ({ line }) => line.includes('Started ParcelsApplication'));
  rig.kubectl('delete', 'pod', started.pod, '--wait=false');
  await follow.waitFor(
    'pod.log',
    ({ line, pod }) => pod !== started.pod && line.includes('Started ParcelsApplication'),
  );
  expect(await follow.end()).toBe(130);
  const rendered = await rig.appdev('render');
  expect(rendered.stdout).toMatch(/image: localhost:5001\/parcels:[0-9a-f]+@sha256:[0-9a-f]{64}/);
  // Nothing to do is said, and done in no time: no new image, no new pod.
  const pods = rig.kubectl('get', 'pods', '-o', 'name');
  expect(await rig.appdev('run')).toMatchObject({ code: 0 });
  expect(rig.kubectl('get', 'pods', '-o', 'name')).toBe(pods);
  expect(await rig.appdev('delete')).toMatchObject({ code: 0 });
  expect(JSON.parse((await rig.appdev('status', '--output', 'json')).stdout)).toMatchObject({
    services: [{ service: 'parcels', deployed: false }],
  });
});

it('has doctor push an image and have the node pull it', async () => {
  rig = createRig({ project: resolve(import.meta.dirname, '../fixtures/parcels') });
  rig.kubectl('create', 'namespace', rig.namespace);
  const doctor = await rig.appdev('doctor', '--output', 'json');
  const { ok, checks } = JSON.parse(doctor.stdout) as {
    ok: boolean;
    checks: { name: string; state: string; detail: string }[];
  };
  const problems = checks.filter(({ state }) => state === 'failure');
  expect({ code: doctor.code, ok, problems }).toEqual({ code: 0, ok: true, problems: [] });
  const named = (name: string): string | undefined => checks.find((check) => check.name === name)?.detail;
  expect(named('registry push')).toContain('localhost:5001');
  const [, tag = ''] =
    /^the node pulled localhost:5001\/appdev-doctor:([0-9a-f]{16})$/.exec(named('registry pull') ?? '') ?? [];
  expect(tag).not.toBe('');
  // The pod was in this namespace, and is gone; so is the image, from the registry and from this machine.
  await eventually(
    "the pod's events",
    () => rig.kubectl('get', 'events').includes('pod/appdev-doctor-') || undefined,
  );
  expect(rig.kubectl('get', 'pods', '--ignore-not-found')).toBe('');
  const manifest = await fetch(`http://localhost:5001/v2/appdev-doctor/manifests/${tag}`);
  expect(manifest.status).toBe(404);
  const stored = execFileSync('buildah', ['images', '-q', '--no-trunc'], { encoding: 'utf8' });
  expect(stored).not.toContain(tag);
});

it('has doctor fail, and say what to do, if the image cannot be pushed', async () => {
  rig = createRig({ project: resolve(import.meta.dirname, '../fixtures/parcels') });
  // A port of this machine where nothing listens: no registry answers.
  rig.write(
    'appdev.yaml',
    `${rig.read('appdev.yaml')}\nregistry: { push: 'localhost:1', pull: 'localhost:1' }\n`,
  );
  const doctor = await rig.appdev('doctor');
  expect(doctor.code).toBe(2);
  expect(doctor.stdout).toMatch(/^✗ registry push +.*localhost:1.*\n +try: \S/m);
  const json = await rig.appdev('doctor', '--output', 'json');
  expect(json.code).toBe(2);
  expect(JSON.parse(json.stdout)).toMatchObject({
    ok: false,
    checks: expect.arrayContaining([
      expect.objectContaining({
        name: 'registry push',
        state: 'failure',
        hint: expect.any(String) as string,
      }),
    ]) as unknown,
  });
});
