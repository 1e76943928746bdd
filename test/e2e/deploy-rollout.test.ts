/**
 * Rollouts on a real cluster, good ones and every way of failing: what is said, how soon, and what still serves.
 * With APPDEV_RECORD_ROLLOUTS set to a folder, what the API server reported is written there, for the unit tests.
 */
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Cluster } from '../../src/cluster/types.ts';
import { createDeployer } from '../../src/deploy/deployer/deployer.ts';
import { runProcess } from '../../src/support/process/process.ts';
import { createDeployRig, type DeployRig } from '../support/deploy-rig.ts';
import { deployTerms, recordedContext, valueOf } from '../support/deploy-service.ts';
import { recording, toText, workloadsOf, type Frame } from '../support/rollout-recording.ts';
import { scenarios, type Scenario } from '../support/rollout-scenarios.ts';

const node = process.env['APPDEV_SANDBOX_NODE_IP'] ?? '198.18.0.1';
const folder = process.env['APPDEV_RECORD_ROLLOUTS'];

let web: Server;
let all: readonly Scenario[];
beforeAll(async () => {
  web = createServer((_request, response) => response.writeHead(404).end());
  await new Promise<void>((done) => web.listen(0, node, done));
  const { port } = web.address() as AddressInfo;
  const closed = createServer();
  await new Promise<void>((done) => closed.listen(0, node, done));
  const closedPort = (closed.address() as AddressInfo).port;
  await new Promise((done) => closed.close(done));
  all = scenarios({ node, httpPort: port, closedPort });
});
afterAll(async () => {
  await new Promise((done) => web.close(done));
});

const names = scenarios({ node, httpPort: 1, closedPort: 2 }).map(({ name }) => name);

describe('a rollout', () => {
  it.concurrent.each(names)('%s', async (name) => {
    const scenario = all.find((one) => one.name === name);
    if (scenario === undefined) throw new Error(name);
    const rig = await createDeployRig();
    try {
      const { deadlineMs = 90_000, restartsAllowed = 0, expected } = scenario;
      const service = rig.service({ files: ['app.yaml'] }, { deadlineMs, restartsAllowed });
      const frames: Frame[] = [];
      const deployerOn = (cluster: Cluster) =>
        createDeployer({
          cluster,
          run: runProcess,
          project: 'shop',
          root: rig.folder,
          adopt: false,
          terms: deployTerms,
          forceConflicts: false,
        });
      if (scenario.before !== undefined) {
        rig.write('app.yaml', scenario.before);
        await rolledOut(rig, deployerOn(rig.cluster));
      }
      rig.write('app.yaml', scenario.manifest);
      const context = recordedContext();
      const applying = deployerOn(rig.cluster);
      // An image of the scenario's own is not the artifact's; then there is none to look for.
      const own =
        scenario.manifest.includes('image: appdev/java') ||
        scenario.manifest.includes('image: "appdev/java"');
      const rendered = valueOf(
        await applying.renderer.render(service, own ? rig.artifact('v1') : undefined, context),
      );
      valueOf(await applying.way.apply(service, rendered, context));
      const outcome = await deployerOn(recording(rig.cluster, frames)).observer.awaitReady(
        service,
        rendered,
        context,
      );
      if (folder !== undefined) await record(rig, folder, scenario, workloadsOf(rendered.objects), frames);

      if (expected === 'ready') {
        expect(outcome).toEqual({ kind: 'ok', value: undefined });
        return;
      }
      expect(outcome).toMatchObject({ kind: 'failed', error: { code: 'ROLLOUT_FAILED' } });
      if (outcome.kind !== 'failed') return;
      expect(outcome.error.message).toMatch(expected);
      if (scenario.hint !== undefined) expect(outcome.error.hint).toMatch(scenario.hint);
      if (scenario.evidence !== undefined)
        expect(outcome.error.evidence?.join('\n')).toMatch(scenario.evidence);
    } finally {
      await rig.dispose();
    }
  });

  it('that is superseded stops waiting at once', async () => {
    const rig = await createDeployRig();
    try {
      rig.write('app.yaml', all.find(({ name }) => name === 'unschedulable')?.manifest ?? '');
      const service = rig.service({ files: ['app.yaml'] });
      const context = recordedContext();
      const rendered = valueOf(await rig.deployer().render(service, rig.artifact('v1'), context));
      valueOf(await rig.deployer().apply(service, rendered, context));
      const waiting = rig.deployer().awaitReady(service, rendered, context);
      context.controller.abort('superseded');
      expect(await waiting).toEqual({ kind: 'cancelled', reason: 'superseded' });
    } finally {
      await rig.dispose();
    }
  });
});

async function rolledOut(rig: DeployRig, deployer: ReturnType<typeof createDeployer>): Promise<void> {
  const service = rig.service({ files: ['app.yaml'] });
  const context = recordedContext();
  const rendered = valueOf(await deployer.renderer.render(service, rig.artifact('v1'), context));
  valueOf(await deployer.way.apply(service, rendered, context));
  valueOf(await deployer.observer.awaitReady(service, rendered, context));
}

async function record(
  rig: DeployRig,
  to: string,
  { name, deadlineMs = 90_000, restartsAllowed = 0 }: Scenario,
  workloads: ReturnType<typeof workloadsOf>,
  frames: readonly Frame[],
): Promise<void> {
  const kubernetes = valueOf(await rig.cluster.version(new AbortController().signal));
  const text = toText({ kubernetes, restartsAllowed, deadlineMs, workloads, frames });
  writeFileSync(join(to, `${name}.jsonl`), text.replaceAll(rig.namespace, 'shop'));
}
