/** An API server that goes away and comes back, in each step of a deploy; and what runs, told and verified. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { OpenCluster } from '../../src/cluster/api/client.ts';
import { readRelease } from '../../src/deploy/record/release-store.ts';
import type { PodSummary } from '../../src/core/events.ts';
import { createCutProxy, type CutProxy } from '../support/cut-proxy.ts';
import { createDeployRig, type DeployRig } from '../support/deploy-rig.ts';
import { recordedContext, valueOf } from '../support/deploy-service.ts';
import { eventually } from '../support/rig.ts';

let rig: DeployRig;
let proxy: CutProxy;
let cluster: OpenCluster;
beforeEach(async () => {
  rig = await createDeployRig();
  const server = new URL(rig.cluster.identity.server);
  proxy = await createCutProxy(server.hostname, Number(server.port));
  cluster = await rig.through(proxy.port);
});
afterEach(async () => {
  await rig.dispose();
  await proxy.close();
});

async function statusOfRelease(): Promise<string> {
  const state = valueOf(await readRelease('web', rig.namespace, rig.cluster, new AbortController().signal));
  return state.kind === 'absent' ? 'absent' : state.last.status;
}

/** A chart whose hook ends when the test says so. */
const slowHook = 'hook: true\nhookCommand: ["sh", "-c", "trap \'exit 1\' TERM; sleep 100000 & wait"]\n';

describe('an API server that goes away', () => {
  it('during the rollout is waited for', async () => {
    const deployer = rig.deployer({ cluster });
    const service = rig.service({ set: { replicas: 1 } });
    const context = recordedContext();
    const rendered = valueOf(await deployer.render(service, rig.artifact('v1'), context));
    rig.kubectl('create', 'quota', 'none', '--hard=pods=0');
    valueOf(await deployer.apply(service, rendered, context));
    // Nothing can become ready before the outage is over.
    const patient = { ...service, deploy: { ...service.deploy, deadlineMs: 120_000 } };
    await eventually('the pods to be refused', () =>
      rig.kubectl('get', 'events').includes('exceeded quota') ? true : undefined,
    );
    rig.kubectl('delete', 'quota', 'none');
    const waiting = deployer.awaitReady(patient, rendered, context);
    await proxy.cut();
    await eventually('the loss to be told', () =>
      context.lines.some((line) => line.includes('waiting for it to come back')) ? true : undefined,
    );
    await proxy.join();
    expect(await waiting).toEqual({ kind: 'ok', value: undefined });
    expect(context.lines.join('\n')).toContain('the API server is back; watching web again');
  });

  it('and stays away until the deadline leaves the state unknown, not failed', async () => {
    const deployer = rig.deployer({ cluster });
    const service = rig.service({}, { deadlineMs: 4_000 });
    const context = recordedContext();
    const rendered = valueOf(await deployer.render(service, rig.artifact('v1'), context));
    rig.kubectl('create', 'quota', 'none', '--hard=pods=0');
    valueOf(await deployer.apply(service, rendered, context));
    await proxy.cut();
    expect(await deployer.awaitReady(service, rendered, context)).toMatchObject({
      kind: 'failed',
      error: {
        code: 'CLUSTER_UNREACHABLE',
        message: expect.stringContaining('the rollout of web cannot be seen') as string,
      },
    });
  });

  it.each(['helm3', 'helm4'])(
    'in the middle of %s upgrade leaves a release that the next run repairs',
    async (helm) => {
      const tools = { helm };
      const context = recordedContext();
      const first = rig.service({});
      const rendered = valueOf(await rig.deployer({ tools }).render(first, rig.artifact('v1'), context));
      valueOf(await rig.deployer({ tools }).apply(first, rendered, context));

      rig.write('slow.yaml', slowHook);
      const second = rig.service({ values: ['slow.yaml'] });
      const next = valueOf(await rig.deployer({ tools }).render(second, rig.artifact('v2'), context));
      const applying = rig.deployer({ tools, cluster }).apply(second, next, context);
      await eventually('the release to be pending', async () =>
        (await statusOfRelease()) === 'pending-upgrade' ? true : undefined,
      );
      await proxy.cut();
      const applied = await applying;
      expect(applied).toMatchObject({
        kind: 'failed',
        error: {
          code: 'CLUSTER_UNREACHABLE',
          message: expect.stringContaining('its state is unknown') as string,
        },
      });
      expect(await statusOfRelease()).toBe('pending-upgrade');
      // Still away: nothing is done, and it says so.
      expect(await rig.deployer({ tools, cluster }).apply(first, rendered, context)).toMatchObject({
        error: { code: 'CLUSTER_UNREACHABLE' },
      });

      await proxy.join();
      const third = rig.service({ set: { greeting: 'third' } });
      const last = valueOf(await rig.deployer({ tools }).render(third, rig.artifact('v3'), context));
      valueOf(await rig.deployer({ tools, cluster }).apply(third, last, context));
      valueOf(await rig.deployer({ tools, cluster }).awaitReady(third, last, context));
      expect(context.lines.join('\n')).toContain('it was rolled back to revision 1');
    },
  );

  it('between two objects leaves an apply that the next run completes', async () => {
    const map = (name: string): string =>
      `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\ndata: {a: b}\n`;
    for (const name of ['a', 'b', 'c']) rig.write(`${name}.yaml`, map(name));
    const { image: _none, ...service } = rig.service({ files: ['*.yaml'] });
    const context = recordedContext();
    const rendered = valueOf(await rig.deployer().render(service, undefined, context));
    let applied = 0;
    const cutting: OpenCluster = {
      ...cluster,
      async apply(object, options, signal) {
        // After the inventory, which is created, and the first object.
        if ((applied += 1) === 2) await proxy.cut();
        return await cluster.apply(object, options, signal);
      },
    };
    expect(await rig.deployer({ cluster: cutting }).apply(service, rendered, context)).toMatchObject({
      error: { code: 'CLUSTER_UNREACHABLE' },
    });
    expect(await rig.get('ConfigMap', 'a')).toBeDefined();
    expect(await rig.get('ConfigMap', 'b')).toBeUndefined();
    await proxy.join();
    // What was created before is known as ours: it is neither foreign now, nor left behind when it is removed.
    expect(valueOf(await rig.deployer({ cluster }).apply(service, rendered, context)).changed).toBe(true);
    expect(
      valueOf(await rig.deployer({ cluster }).remove(service, { deleteVolumes: false }, context)),
    ).toEqual({ removed: 3, kept: [] });
  });
});

describe('what runs', () => {
  it('is followed for the panel, across rollouts', async () => {
    const deployer = rig.deployer();
    const service = rig.service({});
    const context = recordedContext();
    const stop = new AbortController();
    const seen: PodSummary[] = [];
    const rendered = valueOf(await deployer.render(service, rig.artifact('v1'), context));
    deployer.followPods(service, rendered.objects, (pods) => void seen.push(pods), stop.signal);
    await eventually('a first look', () => seen[0]);
    expect(seen[0]).toEqual({
      ready: 0,
      desired: 0,
      restarts: 0,
      phase: 'None',
      missing: ['Deployment/web'],
    });
    valueOf(await deployer.apply(service, rendered, context));
    await eventually('a ready pod', () =>
      seen.find(({ ready, phase }) => ready === 1 && phase === 'Running'),
    );
    rig.kubectl('delete', 'pod', '-l', 'app=web', '--wait=false');
    const at = seen.length;
    await eventually(
      'another ready pod',
      () =>
        seen.slice(at).find(({ ready }) => ready === 0) && seen.slice(at).find(({ ready }) => ready === 1),
    );
    // What someone deletes is missing, and not ready with 0 of 0.
    rig.kubectl('delete', 'deployment', 'web');
    await eventually('the missing Deployment', () =>
      seen.at(-1)?.missing?.includes('Deployment/web') === true ? true : undefined,
    );
    stop.abort();
  });

  it('is verified against what was built', async () => {
    const deployer = rig.deployer();
    const service = rig.service({});
    const context = recordedContext();
    const rendered = valueOf(await deployer.render(service, rig.artifact('v1'), context));
    expect(await deployer.verify(service, rendered, context)).toMatchObject({
      error: {
        code: 'VERIFY_FAILED',
        message: expect.stringContaining('no pod of Deployment/web is ready') as string,
      },
    });
    valueOf(await deployer.apply(service, rendered, context));
    valueOf(await deployer.awaitReady(service, rendered, context));
    expect(await deployer.verify(service, rendered, context)).toEqual({ kind: 'ok', value: undefined });
    const other = { ...rig.artifact('v1'), digest: `sha256:${'0'.repeat(64)}` };
    const elsewhere = valueOf(await deployer.render(service, other, context));
    expect(await deployer.verify(service, elsewhere, context)).toMatchObject({
      error: {
        code: 'VERIFY_FAILED',
        message: expect.stringMatching(
          /^Pod\/web-\S+ of Deployment\/web runs localhost:5001\/appdev\/java:v1@\S+, not \S+@sha256:0+$/,
        ) as string,
      },
    });
    rig.kubectl('scale', 'deployment', 'web', '--replicas=0');
    await eventually('no pods', () => (rig.kubectl('get', 'pods', '-o', 'name') === '' ? true : undefined));
    expect(await deployer.verify(service, rendered, context)).toEqual({ kind: 'ok', value: undefined });
  });
});
