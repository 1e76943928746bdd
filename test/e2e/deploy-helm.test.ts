/** Releases on a real cluster by real Helm 3 and 4: what is done, what is not done, and what happens when helm dies. */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { podsIn } from '../../src/app/deployed/selectors.ts';
import type { ServiceConfig } from '../../src/config/model.ts';
import { labelValue } from '../../src/deploy/objects/ownership.ts';
import { readRelease } from '../../src/deploy/record/release-store.ts';
import type { Revision } from '../../src/deploy/record/release.ts';
import type { Rendered } from '../../src/deploy/types.ts';
import { runProcess } from '../../src/support/process/process.ts';
import { createDeployRig, type DeployRig, type TestDeployer } from '../support/deploy-rig.ts';
import { recordedContext, valueOf, type Way } from '../support/deploy-service.ts';
import { eventually } from '../support/rig.ts';

let rig: DeployRig;
beforeEach(async () => {
  rig = await createDeployRig();
});
afterEach(async () => {
  await rig.dispose();
});

/** Renders and applies, and waits until it runs. */
async function deploy(
  deployer: TestDeployer,
  service: ServiceConfig,
  tag = 'v1',
): Promise<{ rendered: Rendered; detail: string }> {
  const context = recordedContext();
  const rendered = valueOf(await deployer.render(service, rig.artifact(tag), context));
  const applied = valueOf(await deployer.apply(service, rendered, context));
  valueOf(await deployer.awaitReady(service, rendered, context));
  valueOf(await deployer.verify(service, rendered, context));
  return { rendered, detail: applied.detail };
}

async function lastRevision(): Promise<Revision | undefined> {
  const state = valueOf(await readRelease('web', rig.namespace, rig.cluster, new AbortController().signal));
  return state.kind === 'absent' ? undefined : state.last;
}

/** Objects of the namespace but those that Kubernetes puts there itself. */
function left(): string[] {
  const kinds = 'deploy,sts,rs,pods,jobs,svc,cm,secret,pvc';
  return rig
    .kubectl('get', kinds, '-o', 'name')
    .split('\n')
    .filter((name) => name !== '' && name !== 'configmap/kube-root-ca.crt')
    .sort();
}

/** What flags, texts or behaviour of Helm itself decide: in these, 3 and 4 differ. */
describe.each(['helm3', 'helm4'])('%s', (helm) => {
  const tools = { helm };

  it('installs, upgrades only what changed, and leaves the namespace as it was', async () => {
    const deployer = rig.deployer({ tools });
    const service = rig.service({});
    const before = left();
    expect((await deploy(deployer, service)).detail).toBe('revision 1');
    expect((await deploy(deployer, service)).detail).toBe('unchanged');
    expect((await deploy(rig.deployer({ tools }), service)).detail).toBe('unchanged');
    expect((await deploy(deployer, service, 'v2')).detail).toBe('revision 2');
    const changed = rig.service({ set: { greeting: 'hi' } });
    expect((await deploy(deployer, changed, 'v2')).detail).toBe('revision 3');
    // Values that are gone are gone: helm would keep the last ones if there are no new ones.
    expect((await deploy(deployer, service, 'v2')).detail).toBe('revision 4');
    expect((await rig.get('ConfigMap', 'web'))?.['data']).toEqual({ greeting: 'hello' });
    expect((await lastRevision())?.labels).toMatchObject({
      'dev.appdev/project': 'shop',
      'dev.appdev/service': 'web',
    });

    const status = valueOf(await deployer.status(service, new AbortController().signal));
    expect(status).toMatchObject({ deployed: true, detail: 'revision 4', pods: { ready: 1, desired: 1 } });
    expect(status.workloads).toMatchObject([{ name: 'Deployment/web', ready: true }]);

    const context = recordedContext();
    expect(valueOf(await deployer.remove(service, { deleteVolumes: false }, context))).toEqual({
      removed: 2,
      kept: [],
    });
    expect(left()).toEqual(before);
    expect(valueOf(await deployer.remove(service, { deleteVolumes: false }, context))).toEqual({
      removed: 0,
      kept: [],
    });
    expect(valueOf(await deployer.status(service, context.signal))).toMatchObject({
      deployed: false,
      detail: 'not deployed',
    });
  });

  it('leaves alone what a chart made up, looked up or counted, and what ended by itself', async () => {
    const deployer = rig.deployer({ tools });
    const service = rig.service({});
    // Older than the Kubernetes that either Helm assumes without a cluster.
    const chart = readFileSync(join(rig.folder, 'charts/web/Chart.yaml'), 'utf8');
    rig.write('charts/web/Chart.yaml', `${chart}kubeVersion: ">=1.25.0-0 <1.35.0-0"\n`);
    rig.write('charts/web/templates/made-up.yaml', madeUp);
    const data = async (kind: string, name: string): Promise<unknown> =>
      (await rig.get(kind, name))?.['data'];
    const unchanged = async (tag: string): Promise<void> => {
      expect((await deploy(deployer, service, tag)).detail).toBe('unchanged');
      const context = recordedContext();
      const rendered = valueOf(await deployer.render(service, rig.artifact(tag), context));
      const preview = valueOf(await deployer.preview(service, rendered, context.signal));
      expect(preview).toEqual({ changes: [], notes: [] });
    };

    expect((await deploy(deployer, service)).detail).toBe('revision 1');
    const password = await data('Secret', 'password');
    expect(await data('ConfigMap', 'facts')).toMatchObject({ upgrade: 'false' });
    await eventually('the job to remove itself', async () =>
      (await rig.get('Job', 'brief')) === undefined ? true : undefined,
    );
    await unchanged('v1');
    expect(await rig.get('Job', 'brief')).toBeUndefined();

    const once = (await rig.get('Job', 'once'))?.metadata.uid;
    expect((await deploy(deployer, service, 'v2')).detail).toBe('revision 2');
    expect(await data('Secret', 'password')).toEqual(password);
    expect(await data('ConfigMap', 'facts')).toMatchObject({ upgrade: 'true' });
    expect(await rig.get('Job', 'migrate-1')).toBeUndefined();
    expect(await rig.get('Job', 'migrate-2')).toBeDefined();
    expect((await rig.get('Job', 'once'))?.metadata.uid).not.toBe(once);
    await unchanged('v2');
    const context = recordedContext();
    const rendered = valueOf(await deployer.render(service, rig.artifact('v3'), context));
    const { changes } = valueOf(await deployer.preview(service, rendered, context.signal));
    expect(changes.map(({ change, object }) => `${change} ${object}`)).toEqual(
      expect.arrayContaining(['create Job/migrate-3', 'delete Job/migrate-2', 'replace Job/once']),
    );
    // The pods run the image of v2, which has the same digest under another tag.
    valueOf(await deployer.verify(service, rendered, context));
  });

  it('has helm check a new shape against the API server, and the same with another image not again', async () => {
    const flags: boolean[] = [];
    const run: typeof runProcess = async (command, options) => {
      if (command.args.includes('--install'))
        flags.push(command.args.includes('--disable-openapi-validation'));
      return await runProcess(command, options);
    };
    const deployer = rig.deployer({ tools, run });
    await deploy(deployer, rig.service({}), 'v1');
    await deploy(deployer, rig.service({}), 'v2');
    await deploy(deployer, rig.service({ set: { greeting: 'hi' } }), 'v3');
    await deploy(deployer, rig.service({ set: { greeting: 'hi' } }), 'v4');
    expect(flags).toEqual([false, true, false, true]);
  });

  it('deploys again what someone changed by hand', async () => {
    const deployer = rig.deployer({ tools });
    const service = rig.service({});
    await deploy(deployer, service);
    rig.kubectl('delete', 'deployment', 'web', '--wait=true');
    expect((await deploy(deployer, service)).detail).toBe('revision 2');
    // A revision that someone else made of our release is not what appdev applied.
    rig.kubectl('get', 'deployment', 'web');
    await helmOf(helm, 'rollback', 'web', '1');
    expect((await deploy(deployer, service)).detail).toBe('revision 4');
  });

  it('leaves a release of someone else alone, unless told to take it over', async () => {
    const chart = `${rig.folder}/charts/web`;
    const image = rig.artifact('v1');
    await helmOf(
      helm,
      'install',
      'web',
      chart,
      '--set',
      `image.repository=${image.pullRepository},image.tag=17`,
    );
    const service = rig.service({});
    const context = recordedContext();
    const rendered = valueOf(await rig.deployer({ tools }).render(service, image, context));
    expect(await rig.deployer({ tools }).apply(service, rendered, context)).toMatchObject({
      kind: 'failed',
      error: {
        code: 'RELEASE_FOREIGN',
        message: `release web in ${rig.namespace} was installed by someone else`,
      },
    });
    expect((await lastRevision())?.revision).toBe(1);
    expect(valueOf(await rig.deployer({ tools }).remove(service, { deleteVolumes: true }, context))).toEqual({
      removed: 0,
      kept: ['Release/web'],
    });
    expect((await deploy(rig.deployer({ tools, adopt: true }), service)).detail).toBe('revision 2');
    // From then on it is this project's, and another project finds it taken.
    expect((await deploy(rig.deployer({ tools }), service)).detail).toBe('unchanged');
    expect(await rig.deployer({ tools, project: 'other' }).apply(service, rendered, context)).toMatchObject({
      error: {
        code: 'RELEASE_FOREIGN',
        message: `release web in ${rig.namespace} was installed by appdev project shop`,
      },
    });
  });

  it('leaves an object of someone else alone, unless told to take it over', async () => {
    rig.kubectl('create', 'configmap', 'web', '--from-literal=greeting=mine');
    const service = rig.service({});
    const context = recordedContext();
    const rendered = valueOf(await rig.deployer({ tools }).render(service, rig.artifact('v1'), context));
    expect(await rig.deployer({ tools }).apply(service, rendered, context)).toMatchObject({
      error: {
        code: 'OBJECT_FOREIGN',
        message: `ConfigMap/web in ${rig.namespace} exists but does not belong to release web`,
      },
    });
    expect((await rig.get('ConfigMap', 'web'))?.['data']).toEqual({ greeting: 'mine' });
    await deploy(rig.deployer({ tools, adopt: true }), service);
    expect((await rig.get('ConfigMap', 'web'))?.['data']).toEqual({ greeting: 'hello' });
  });

  it("keeps volume claims: by the chart's policy, or by refusing", async () => {
    const deployer = rig.deployer({ tools });
    const context = recordedContext();
    const risky = rig.service({ set: { claim: true } });
    await deploy(deployer, risky);
    const refused = await deployer.remove(risky, { deleteVolumes: false }, context);
    expect(refused).toMatchObject({
      error: {
        code: 'VOLUME_CLAIMS',
        message: 'removing web would delete PersistentVolumeClaim/web-data and what is stored there',
      },
    });
    expect((await rig.get('Deployment', 'web'))?.metadata.deletionTimestamp).toBeUndefined();

    const kept = rig.service({ set: { claim: true, claimPolicy: 'keep' } });
    await deploy(deployer, kept);
    expect(valueOf(await deployer.remove(kept, { deleteVolumes: false }, context))).toEqual({
      removed: 2,
      kept: ['PersistentVolumeClaim/web-data'],
    });
    expect(left()).toEqual(['persistentvolumeclaim/web-data']);
    // The next install takes the claim up again; and data goes when the user says so.
    await deploy(deployer, kept);
    expect(valueOf(await deployer.remove(kept, { deleteVolumes: true }, context))).toEqual({
      removed: 3,
      kept: [],
    });
    expect(left()).toEqual([]);
  });

  it('says what a failing hook said', async () => {
    const service = rig.service({
      set: { hook: true },
      values: [valuesWith('hookCommand: ["sh", "-c", "exit 3"]')],
    });
    const context = recordedContext();
    const rendered = valueOf(await rig.deployer({ tools }).render(service, rig.artifact('v1'), context));
    const applied = await rig.deployer({ tools }).apply(service, rendered, context);
    expect(applied).toMatchObject({
      error: { code: 'DEPLOY_FAILED', message: expect.stringMatching(/pre-install/) as string },
    });
  });

  it('says that the namespace is missing', async () => {
    const { deploy: way, ...rest } = rig.service({});
    const service = { ...rest, deploy: { ...way, namespace: 'nowhere' } };
    const context = recordedContext();
    const rendered = valueOf(await rig.deployer({ tools }).render(service, rig.artifact('v1'), context));
    expect(await rig.deployer({ tools }).apply(service, rendered, context)).toMatchObject({
      error: { code: 'NAMESPACE_MISSING', message: 'there is no namespace nowhere in appdev-sandbox' },
    });
  });

  describe('a helm that dies in the middle', () => {
    it('in the first install: the next one starts anew', async () => {
      await killInTheMiddle(tools, hanging());
      const context = recordedContext();
      const service = rig.service({});
      const deployer = rig.deployer({ tools });
      const rendered = valueOf(await deployer.render(service, rig.artifact('v1'), context));
      expect(valueOf(await deployer.apply(service, rendered, context)).detail).toBe('revision 1');
      expect(context.lines.join('\n')).toContain(
        'a helm that was killed had left release web pending-install; it was uninstalled; it had never been deployed',
      );
      valueOf(await deployer.awaitReady(service, rendered, context));
    });

    it('in an upgrade: the last good revision comes back, then the new one', async () => {
      await deploy(rig.deployer({ tools }), rig.service({}));
      await killInTheMiddle(tools, hanging());
      const context = recordedContext();
      const service = rig.service({ set: { greeting: 'third' } });
      const deployer = rig.deployer({ tools });
      const rendered = valueOf(await deployer.render(service, rig.artifact('v3'), context));
      expect(valueOf(await deployer.apply(service, rendered, context)).detail).toBe('revision 4');
      expect(context.lines.join('\n')).toContain('pending-upgrade; it was rolled back to revision 1');
      valueOf(await deployer.awaitReady(service, rendered, context));
      expect((await rig.get('ConfigMap', 'web'))?.['data']).toEqual({ greeting: 'third' });
    });

    it('told to stop by a deadline: it writes down that it failed, and the next run goes on', async () => {
      await deploy(rig.deployer({ tools }), rig.service({}));
      const service = rig.service(hanging());
      const deployer = rig.deployer({ tools });
      const context = recordedContext();
      const rendered = valueOf(await deployer.render(service, rig.artifact('v2'), context));
      const applied = deployer.apply(service, rendered, context);
      await eventually('the release to be pending', async () =>
        (await lastRevision())?.status === 'pending-upgrade' ? true : undefined,
      );
      context.controller.abort('deadline');
      expect(await applied).toEqual({ kind: 'cancelled', reason: 'deadline' });
      expect((await lastRevision())?.status).toBe('failed');
      expect((await deploy(rig.deployer({ tools }), rig.service({}), 'v3')).detail).toBe('revision 3');
    });
  });
});

describe('helm3', () => {
  const tools = { helm: 'helm3' };

  it('deploys a chart of a registry, and again if the registry has a newer one', async () => {
    const charts = `oci://localhost:5001/${rig.namespace}`;
    const publish = async (): Promise<void> => {
      await helmOf('helm3', 'package', 'charts/web');
      const archive = readdirSync(rig.folder).find((name) => name.endsWith('.tgz')) ?? '';
      await helmOf('helm3', 'push', '--plain-http', archive, charts);
      rmSync(join(rig.folder, archive));
    };
    const deployer = rig.deployer({ tools });
    const service = rig.service({ chart: `${charts}/web` });
    await publish();
    expect((await deploy(deployer, service)).detail).toBe('revision 1');
    expect((await deploy(deployer, service)).detail).toBe('unchanged');
    const file = join(rig.folder, 'charts/web/Chart.yaml');
    writeFileSync(file, readFileSync(file, 'utf8').replace('version: 0.1.0', 'version: 0.2.0'));
    await publish();
    expect((await deploy(deployer, service)).detail).toBe('revision 2');
  });
});

/** What rests on the release's record and on our own rules, the same with either Helm. */
describe('helm4', () => {
  const tools = { helm: 'helm4' };

  it('reports one stage for each step, and calls an unchanged one skipped', async () => {
    const deployer = rig.deployer({ tools });
    const service = rig.service({});
    const context = recordedContext();
    const rendered = valueOf(await deployer.render(service, rig.artifact('v1'), context));
    for (let round = 0; round < 2; round += 1) valueOf(await deployer.apply(service, rendered, context));
    valueOf(await deployer.awaitReady(service, rendered, context));
    valueOf(await deployer.verify(service, rendered, context));
    expect(context.stages).toEqual([
      'render ok 2 objects',
      'apply ok revision 1',
      'apply skipped unchanged',
      'rollout ok 1/1 ready',
      'verify ok',
    ]);
  });

  it('deploys a chart that is one hook, with the built image', async () => {
    const deployer = rig.deployer({ tools });
    const service = rig.service({ set: { hook: true, hookEvents: 'post-install,post-upgrade' } });
    const hook = /apiVersion: batch.*\{\{- end \}\}/s.exec(
      readFileSync(join(rig.folder, 'charts/web/templates/web.yaml'), 'utf8'),
    );
    rig.write('charts/web/templates/web.yaml', (hook?.[0] ?? '').replace(/\{\{- end \}\}$/, ''));
    expect((await deploy(deployer, service)).detail).toBe('revision 1');
    expect((await deploy(deployer, service)).detail).toBe('unchanged');
    const { signal } = new AbortController();
    expect(valueOf(await deployer.status(service, signal))).toMatchObject({
      deployed: true,
      workloads: [{ name: 'Job/web-hook', ready: true }],
    });
    const { objects } = valueOf(await deployer.deployed(service, signal));
    expect(podsIn(objects, rig.namespace).map(({ selector }) => selector)).toEqual([
      'batch.kubernetes.io/job-name=web-hook',
    ]);
    const other = { ...rig.artifact('v1'), digest: `sha256:${'0'.repeat(64)}` };
    const context = recordedContext();
    const elsewhere = valueOf(await deployer.render(service, other, context));
    expect(await deployer.verify(service, elsewhere, context)).toMatchObject({
      error: {
        code: 'VERIFY_FAILED',
        message: expect.stringContaining('what is deployed of web does not use') as string,
      },
    });
  });

  it('installs a chart that brings a kind with it, and is unchanged although the cluster offers more now', async () => {
    const deployer = rig.deployer({ tools });
    const service = rig.service({});
    const group = `${rig.namespace}.example.com`;
    const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
    const definition = {
      ...{ apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' },
      metadata: { name: `letters.${group}` },
      spec: {
        ...{ group, scope: 'Namespaced', names: { kind: 'Letter', plural: 'letters' } },
        versions: [{ name: 'v1', served: true, storage: true, schema }],
      },
    };
    rig.write('charts/web/crds/letter.json.yaml', JSON.stringify(definition));
    rig.write(
      'charts/web/templates/letter.yaml',
      `apiVersion: ${group}/v1\nkind: Letter\nmetadata: {name: first}\nto: {{ .Values.image.tag | quote }}\n`,
    );
    try {
      expect((await deploy(deployer, service)).detail).toBe('revision 1');
      expect((await deploy(deployer, service)).detail).toBe('unchanged');
      expect((await deploy(deployer, service, 'v2')).detail).toBe('revision 2');
    } finally {
      rig.kubectl('delete', 'crd', `letters.${group}`, '--ignore-not-found');
    }
  });

  it('refuses an upgrade that would drop a claim which the chart has for its first revision only', async () => {
    const deployer = rig.deployer({ tools });
    const service = rig.service({});
    rig.write(
      'charts/web/templates/claim.yaml',
      `{{- if .Release.IsInstall }}
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: first}
spec:
  accessModes: [ReadWriteOnce]
  resources: {requests: {storage: 1Mi}}
{{- end }}
`,
    );
    await deploy(deployer, service);
    const context = recordedContext();
    const rendered = valueOf(await deployer.render(service, rig.artifact('v2'), context));
    expect(await deployer.apply(service, rendered, context)).toMatchObject({
      error: {
        code: 'VOLUME_CLAIMS',
        message: expect.stringContaining('PersistentVolumeClaim/first') as string,
      },
    });
    expect(await rig.get('PersistentVolumeClaim', 'first')).toBeDefined();
  });

  it('removes what hooks left behind', async () => {
    const deployer = rig.deployer({ tools });
    const service = rig.service({ set: { hook: true } });
    await deploy(deployer, service);
    expect(await rig.get('Job', 'web-hook')).toBeDefined();
    valueOf(await deployer.remove(service, { deleteVolumes: false }, recordedContext()));
    await eventually('the hook to go', () => (left().length === 0 ? true : undefined));
  });

  describe('a helm that dies in the middle', () => {
    it('in the first install with a claim: the claim survives', async () => {
      const way = hanging();
      await killInTheMiddle(tools, { ...way, set: { hook: true, claim: true, hookEvents: 'post-install' } });
      const before = (await rig.get('PersistentVolumeClaim', 'web-data'))?.metadata.uid;
      await deploy(rig.deployer({ tools }), rig.service({ set: { claim: true } }));
      const after = (await rig.get('PersistentVolumeClaim', 'web-data'))?.metadata.uid;
      expect(before).toBeDefined();
      expect(after).toBe(before);
    });

    it('in the first install with a namespace: the namespace survives, and what others put there', async () => {
      const inner = innerNamespace();
      try {
        const way = { ...hanging(), set: { hook: true, hookEvents: 'post-install' } };
        await killInTheMiddle(tools, way, () => rig.get('Namespace', inner));
        rig.kubectl('-n', inner, 'create', 'configmap', 'theirs');
        await deploy(rig.deployer({ tools }), rig.service({}));
        expect(rig.kubectl('-n', inner, 'get', 'configmap', 'theirs', '-o', 'name')).not.toBe('');
        expect((await rig.get('Namespace', inner))?.metadata.deletionTimestamp).toBeUndefined();
      } finally {
        rig.kubectl('delete', 'namespace', inner, '--wait=false');
      }
    });

    it('in an upgrade that brought a claim and a namespace: both survive the way back', async () => {
      await deploy(rig.deployer({ tools }), rig.service({}));
      const inner = innerNamespace();
      try {
        const way = { ...hanging(), set: { hook: true, claim: true, hookEvents: 'post-upgrade' } };
        await killInTheMiddle(
          tools,
          way,
          async () =>
            (await rig.get('Namespace', inner)) && (await rig.get('PersistentVolumeClaim', 'web-data')),
        );
        rmSync(`${rig.folder}/charts/web/templates/inner.yaml`);
        const context = recordedContext();
        const service = rig.service({});
        const deployer = rig.deployer({ tools });
        const rendered = valueOf(await deployer.render(service, rig.artifact('v3'), context));
        expect(valueOf(await deployer.apply(service, rendered, context)).detail).toBe('revision 4');
        for (const [kind, name] of [
          ['Namespace', inner],
          ['PersistentVolumeClaim', 'web-data'],
        ] as const) {
          expect(await rig.get(kind, name)).toBeDefined();
          expect((await rig.get(kind, name))?.metadata.deletionTimestamp).toBeUndefined();
        }
        expect(context.lines.join('\n')).toContain(
          `it was rolled back to revision 1, Namespace/${inner} stays, PersistentVolumeClaim/web-data stays`,
        );
      } finally {
        rig.kubectl('delete', 'namespace', inner, '--wait=false');
      }
    });

    it('while it repairs: the next one can tell that it is gone', async () => {
      const { values } = hanging();
      const first = rig.service({ set: { hook: true, hookEvents: 'pre-rollback' }, values });
      await deploy(rig.deployer({ tools }), first);
      await killInTheMiddle(tools, hanging());
      let pid: number | undefined;
      const run: typeof runProcess = async (command, options) => {
        if (!command.args.includes('rollback')) return await runProcess(command, options);
        return await new Promise((resolve) => {
          const env = { ...process.env, ...command.env };
          const child = spawn(command.tool, [...command.args], { cwd: command.cwd, env, stdio: 'ignore' });
          pid = child.pid;
          child.on('close', () => {
            resolve({ kind: 'exited', exitCode: 137, stdout: '', stderr: 'killed', lines: [], ms: 0 });
          });
        });
      };
      const context = recordedContext();
      const rendered = valueOf(await rig.deployer({ tools }).render(first, rig.artifact('v3'), context));
      const applied = rig.deployer({ tools, run }).apply(first, rendered, context);
      await eventually('the rollback to be pending', async () =>
        (await lastRevision())?.status === 'pending-rollback' ? true : undefined,
      );
      expect(await rig.deployer({ tools }).apply(first, rendered, context)).toMatchObject({
        error: {
          code: 'RELEASE_STUCK',
          message: expect.stringContaining('another helm started by appdev is working on it') as string,
        },
      });
      if (pid !== undefined) process.kill(pid, 'SIGKILL');
      expect(await applied).toMatchObject({ error: { code: 'RELEASE_STUCK' } });
      // Repairing again would meet the same hook; removing does not.
      expect(await rig.deployer({ tools }).remove(first, { deleteVolumes: false }, context)).toMatchObject({
        kind: 'ok',
      });
    });

    it('in an upgrade: it can still be removed', async () => {
      await deploy(rig.deployer({ tools }), rig.service({}));
      await killInTheMiddle(tools, hanging());
      const service = rig.service({});
      valueOf(await rig.deployer({ tools }).remove(service, { deleteVolumes: false }, recordedContext()));
      await eventually('all to go', () => (left().length === 0 ? true : undefined));
    });

    it('on another machine: appdev does not guess, and says what to type', async () => {
      await deploy(rig.deployer({ tools }), rig.service({}));
      await killInTheMiddle(tools, hanging());
      const last = await lastRevision();
      rig.kubectl(
        'label',
        '--overwrite',
        'secret',
        last?.secret ?? '',
        `dev.appdev/holder=${labelValue('h0.1.x.1')}`,
      );
      const service = rig.service({});
      const context = recordedContext();
      const rendered = valueOf(await rig.deployer({ tools }).render(service, rig.artifact('v3'), context));
      expect(await rig.deployer({ tools }).apply(service, rendered, context)).toMatchObject({
        error: {
          code: 'RELEASE_STUCK',
          hint: `when it has ended, run helm rollback web 1 --kube-context appdev-sandbox -n ${rig.namespace}`,
        },
      });
    });
  });

  it('is not told to stop when the session ends', async () => {
    const deployer = rig.deployer({ tools });
    const service = rig.service({});
    const context = recordedContext();
    const rendered = valueOf(await deployer.render(service, rig.artifact('v1'), context));
    const applied = deployer.apply(service, rendered, context);
    context.controller.abort('shutdown');
    expect(await applied).toMatchObject({ kind: 'ok', value: { changed: true } });
  });
});

/** What a chart may ask and make up while it renders (Helm itself does not know of that kind), and jobs that end: by a name for each revision, by themselves, once. */
const madeUp = `
{{- if not (lookup "v1" "Namespace" "" .Release.Namespace) }}{{ fail "there is no cluster" }}{{ end }}
{{- if not (.Capabilities.APIVersions.Has "apiregistration.k8s.io/v1/APIService") }}{{ fail "there is no aggregator" }}{{ end }}
{{- $old := lookup "v1" "Secret" .Release.Namespace "password" }}
apiVersion: v1
kind: Secret
metadata: {name: password}
data:
  value: "{{ if $old }}{{ $old.data.value }}{{ else }}{{ randAlphaNum 12 | b64enc }}{{ end }}"
---
apiVersion: v1
kind: ConfigMap
metadata: {name: facts}
data:
  made: "{{ randAlphaNum 12 }} {{ now | unixEpoch }}"
  upgrade: {{ .Release.IsUpgrade | quote }}
  ca: {{ (genCA "web" 1).Cert | b64enc }}
{{- range $name, $spec := dict (printf "migrate-%d" .Release.Revision) "" "brief" "ttlSecondsAfterFinished: 0" "once" "" }}
---
apiVersion: batch/v1
kind: Job
metadata: {name: {{ $name }}}
spec:
  {{ $spec }}
  template:
    spec:
      restartPolicy: Never
      terminationGracePeriodSeconds: 1
      containers:
        - name: run
          image: "{{ $.Values.image.repository }}:{{ $.Values.image.tag }}"
          command: ["true"]
{{- end }}
`;

/** A release that stands still at its hook. */
function hanging(): { set: Record<string, string | boolean>; values: string[] } {
  return {
    set: { hook: true, greeting: 'second' },
    values: [valuesWith('hookCommand: ["sh", "-c", "trap \'exit 1\' TERM; sleep 100000 & wait"]')],
  };
}

/** Applies in the background until the release is pending and has come so far, kills the helm that does it, and waits for its end. */
async function killInTheMiddle(
  tools: { readonly helm: string },
  way: Way,
  soFar: () => Promise<unknown> = () => Promise.resolve(true),
): Promise<void> {
  let pid: number | undefined;
  const run: typeof runProcess = async (command, options) => {
    if (!command.args.includes('--install')) return await runProcess(command, options);
    return await new Promise((resolve) => {
      const env = { ...process.env, ...command.env };
      const child = spawn(command.tool, [...command.args], {
        cwd: command.cwd,
        env,
        stdio: ['pipe', 'ignore', 'ignore'],
      });
      pid = child.pid;
      child.stdin.end(command.stdin);
      child.on('close', () =>
        resolve({ kind: 'exited', exitCode: 137, stdout: '', stderr: 'killed', lines: [], ms: 0 }),
      );
    });
  };
  const service = rig.service(way);
  const deployer = rig.deployer({ tools, run });
  const context = recordedContext();
  const rendered = valueOf(await deployer.render(service, rig.artifact('v2'), context));
  const applied = deployer.apply(service, rendered, context);
  await eventually('the release to be pending', async () =>
    (await lastRevision())?.status.startsWith('pending') === true ? await soFar() : undefined,
  );

  // While it lives, nobody may touch the release.
  const other = await rig.deployer({ tools }).apply(service, rendered, context);
  expect(other).toMatchObject({
    error: {
      code: 'RELEASE_STUCK',
      message: expect.stringContaining('another helm started by appdev is working on it') as string,
    },
  });
  if (pid !== undefined) process.kill(pid, 'SIGKILL');
  expect((await applied).kind).toBe('failed');
  expect((await lastRevision())?.status).toMatch(/^pending-/);
}

/** Puts a namespace into the chart; its name. */
function innerNamespace(): string {
  const name = `${rig.namespace}-inner`;
  rig.write(
    'charts/web/templates/inner.yaml',
    `apiVersion: v1\nkind: Namespace\nmetadata: {name: ${name}}\n`,
  );
  return name;
}

/** A values file in the project, for values that are lists. */
function valuesWith(text: string): string {
  rig.write('extra.yaml', `${text}\n`);
  return 'extra.yaml';
}

async function helmOf(tool: string, ...args: readonly string[]): Promise<void> {
  const run = await runProcess(
    { tool, args: ['-n', rig.namespace, ...args], cwd: rig.folder },
    recordedContext(),
  );
  if (run.kind !== 'exited' || run.exitCode !== 0) throw new Error(JSON.stringify(run));
}
