/**
 * Manifests of one service that name the image of another: an init container and a CronJob of orders run what was built of
 * stock, in every phase and in `dev`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ArtifactsDocument } from '../../src/config/artifacts.ts';
import { createRig, type Ran, type Rig } from '../support/rig.ts';

const controller = 'stock/src/main/java/com/example/stock/StockController.java';
const base = 'deploy/kustomize/base';
const kustomize = ['-p', 'kustomize'] as const;
const cron = `apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly}
spec:
  schedule: "@yearly"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers: [{name: count, image: "stock:any", command: [java, -version]}]
`;

let rig: Rig;

function entries(): ArtifactsDocument {
  return JSON.parse(readFileSync(join(rig.folder, '.appdev/artifacts.json'), 'utf8')) as ArtifactsDocument;
}

function referenceOf(service: string): string {
  const entry = entries().artifacts.find((one) => one.service === service);
  if (entry === undefined) throw new Error(`artifacts.json has no ${service}`);
  return entry.reference;
}

/** The images of stock's that orders' objects name. */
function borrowed(): readonly string[] {
  const pod = '{.spec.template.spec.initContainers[0].image}';
  const job = '{.spec.jobTemplate.spec.template.spec.containers[0].image}';
  return [
    rig.kubectl('get', 'deployment', 'orders', '-o', `jsonpath=${pod}`),
    rig.kubectl('get', 'cronjob', 'nightly', '-o', `jsonpath=${job}`),
  ];
}

async function succeeds(ran: Promise<Ran>): Promise<Ran> {
  const done = await ran;
  expect([done.code, done.code === 0 ? '' : done.stdout + done.stderr]).toEqual([0, '']);
  return done;
}

beforeAll(async () => {
  rig = createRig();
  rig.replace(
    `${base}/deployment.yaml`,
    '      containers:\n',
    '      initContainers: [{name: check, image: stock, command: [java, -version]}]\n      containers:\n',
  );
  rig.write(`${base}/nightly.yaml`, cron);
  rig.replace(`${base}/kustomization.yaml`, '  - service.yaml\n', '  - service.yaml\n  - nightly.yaml\n');
  await succeeds(rig.appdev('build', '--no-tests', ...kustomize));
}, 240_000);

afterAll(async () => {
  await rig.dispose();
});

describe('the phases', () => {
  it('render, deploy, diff and verify orders alone with the image of stock from artifacts.json', async () => {
    const stock = referenceOf('stock');
    const rendered = await succeeds(rig.appdev('render', 'orders', ...kustomize));
    expect(rendered.stdout.split(stock)).toHaveLength(3);
    await succeeds(rig.appdev('deploy', 'orders', ...kustomize));
    expect(borrowed()).toEqual([stock, stock]);
    const diff = await rig.appdev('diff', 'orders', ...kustomize, '--exit-code');
    expect([diff.code, diff.stdout]).toEqual([0, `# orders in ${rig.namespace}: no change\n`]);
    await succeeds(rig.appdev('verify', 'orders', ...kustomize));
    rig.write('rendered.yaml', rendered.stdout);
    await succeeds(rig.appdev('verify', 'orders', ...kustomize, '--rendered', 'rendered.yaml'));
  });

  it('end before anything is applied if nobody built it, unless --images names it', async () => {
    const document = entries();
    const without = document.artifacts.filter(({ service }) => service !== 'stock');
    const file = join(rig.folder, 'without.json');
    writeFileSync(file, JSON.stringify({ ...document, artifacts: without }));
    const flags = [...kustomize, '--artifacts', file] as const;
    for (const command of ['deploy', 'diff', 'verify']) {
      const ran = await rig.appdev(command, 'orders', ...flags);
      expect([command, ran.code]).toEqual([command, 6]);
      expect(ran.stdout + ran.stderr).toContain('name the image of stock');
    }
    const loose = await succeeds(rig.appdev('render', 'orders', ...flags));
    expect(loose.stderr).toContain('stock has not been built yet');
    rig.write('loose.yaml', loose.stdout);
    const refused = await rig.appdev('deploy', '--rendered', 'loose.yaml', ...flags);
    expect([refused.code, refused.stdout]).toEqual([
      6,
      expect.stringContaining('orders names the image of stock as stock'),
    ]);

    const given = await succeeds(
      rig.appdev('render', 'orders', ...flags, '--images', `stock=${referenceOf('stock')}`),
    );
    expect(given.stdout.split(referenceOf('stock'))).toHaveLength(3);
  });
});

it('run takes it from its own build', async () => {
  rig.replace(controller, 'Stock is up', 'Stock two is up');
  await succeeds(rig.appdev('run', '--no-tests', ...kustomize));
  expect(borrowed()).toEqual([referenceOf('stock'), referenceOf('stock')]);
});

it('dev deploys orders anew when stock has another image, and not when only its manifests changed', async () => {
  const dev = rig.start('dev', ...kustomize);
  for (const name of ['stock', 'orders']) {
    const run = await dev.waitFor('run.finished', (event) => event.service === name);
    expect(run).toMatchObject({ outcome: 'ok' });
  }
  const [before] = borrowed();
  let mark = dev.events.length;
  rig.replace(controller, 'Stock two is up', 'Stock three is up');
  const stock = await dev.waitFor('run.finished', (event) => event.service === 'stock', mark);
  const orders = await dev.waitFor('run.finished', (event) => event.service === 'orders', mark);
  expect([stock.outcome, orders.outcome, orders.reason]).toEqual(['ok', 'ok', 'image of stock']);
  const { pullRepository = '', tag = '', digest = '' } = stock.artifact ?? {};
  const next = `${pullRepository}:${tag}@${digest}`;
  expect(next).not.toBe(before);
  expect(borrowed()).toEqual([next, next]);

  mark = dev.events.length;
  rig.replace('stock/deploy/kustomize/base/deployment.yaml', 'replicas: 1', 'replicas: 2');
  await dev.waitFor('run.finished', (event) => event.service === 'stock', mark);
  expect(await dev.end()).toBe(130);
  const runs = dev.events.slice(mark).filter((event) => event.type === 'run.started');
  expect(runs).toMatchObject([{ service: 'stock' }]);
});
