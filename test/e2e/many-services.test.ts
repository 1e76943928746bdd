/** A project of many services: what is done for each of them at once must not look like a leak to Node. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { createRig, type Rig } from '../support/rig.ts';

const names = Array.from({ length: 20 }, (_, n) => `service-${n}`);
/** The only one with a pod, for the sake of time. */
const talker = 'service-19';

let rig: Rig;
afterEach(async () => {
  await rig.dispose();
});

it('Node warns of nothing, whatever the command', async () => {
  rig = manyServices();
  for (const command of ['run', 'verify', 'deploy', 'diff', 'status']) {
    expect({ command, ...(await rig.appdev(command)) }).toMatchObject({ command, code: 0, stderr: '' });
  }
  const logs = rig.start('logs', '--follow');
  await logs.waitFor('pod.log', ({ line }) => line === 'hello');
  expect(await logs.end()).toBe(130);
  expect(logs.stderr()).toBe('');

  const dev = rig.start('dev');
  for (const name of names) {
    const run = await dev.waitFor('run.finished', ({ service }) => service === name);
    expect(run.error).toBeUndefined();
  }
  // At its end it takes all of them away, as `delete` does.
  expect(await dev.end()).toBe(130);
  expect(dev.stderr()).toBe('');
});

function manyServices(): Rig {
  const folder = mkdtempSync(join(tmpdir(), 'appdev-many-'));
  const services = names.map((name) => `  ${name}: { path: ., deploy: { manifests: [${name}.json] } }\n`);
  writeFileSync(
    join(folder, 'appdev.yaml'),
    `apiVersion: appdev/v1\nname: many\nservices:\n${services.join('')}`,
  );
  for (const name of names) {
    const labels = { app: name };
    const command = ['sh', '-c', 'echo hello; exec sleep infinity'];
    const readinessProbe = { exec: { command: ['true'] } };
    const deployment = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name },
      spec: {
        replicas: name === talker ? 1 : 0,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            terminationGracePeriodSeconds: 0,
            containers: [{ name, image: process.env['APPDEV_BASE_IMAGE'], command, readinessProbe }],
          },
        },
      },
    };
    writeFileSync(join(folder, `${name}.json`), JSON.stringify(deployment));
  }
  const made = createRig({ project: folder });
  rmSync(folder, { recursive: true });
  return made;
}
