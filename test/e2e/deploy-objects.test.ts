/** Overlays and plain manifests on a real cluster: only what changed is applied, and only what is ours is touched. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ServiceConfig } from '../../src/config/model.ts';
import type { Applied, Rendered } from '../../src/deploy/types.ts';
import type { Outcome } from '../../src/core/outcome.ts';
import { createDeployRig, type DeployRig, type TestDeployer } from '../support/deploy-rig.ts';
import { recordedContext, valueOf } from '../support/deploy-service.ts';
import { eventually } from '../support/rig.ts';

const waits = '["sh", "-c", "trap \'exit 0\' TERM; sleep 100000 & wait"]';

function deployment(name = 'web', extra = ''): string {
  return `apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}}
spec:
  ${extra}
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec:
      terminationGracePeriodSeconds: 2
      containers: [{name: app, image: appdev/java, command: ${waits}}]
`;
}

function configMap(name: string, text = 'hello'): string {
  return `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\ndata: {greeting: ${text}}\n`;
}

let rig: DeployRig;
let deployer: TestDeployer;
beforeEach(async () => {
  rig = await createDeployRig();
  deployer = rig.deployer();
});
afterEach(async () => {
  await rig.dispose();
});

async function render(service: ServiceConfig, tag = 'v1'): Promise<Rendered> {
  return valueOf(await deployer.render(service, rig.artifact(tag), recordedContext()));
}

async function apply(service: ServiceConfig, tag = 'v1', using = deployer): Promise<Outcome<Applied>> {
  return await using.apply(service, await render(service, tag), recordedContext());
}

function uidOf(kind: string, name: string): string {
  return rig.kubectl('get', kind, name, '-o', 'jsonpath={.metadata.uid}/{.metadata.resourceVersion}');
}

function left(): string[] {
  return rig
    .kubectl('get', 'deploy,sts,rs,pods,jobs,svc,cm,secret,pvc', '-o', 'name')
    .split('\n')
    .filter((name) => name !== '' && name !== 'configmap/kube-root-ca.crt')
    .sort();
}

describe('an overlay', () => {
  it('is applied, applied again only if it changed, pruned, and removed without a trace', async () => {
    const before = left();
    rig.write('base/kustomization.yaml', 'resources: [web.yaml, a.yaml, b.yaml]\n');
    rig.write('base/web.yaml', deployment());
    rig.write('base/a.yaml', configMap('a'));
    rig.write('base/b.yaml', configMap('b'));
    rig.write('overlay/kustomization.yaml', 'resources: [../base]\n');
    const service = rig.service({ path: 'overlay' });
    const context = recordedContext();
    const rendered = await render(service);
    expect(valueOf(await deployer.apply(service, rendered, context))).toEqual({
      changed: true,
      detail: '3 objects changed',
    });
    valueOf(await deployer.awaitReady(service, rendered, context));
    valueOf(await deployer.verify(service, rendered, context));
    const web = uidOf('deployment', 'web');
    const inventory = uidOf('configmap', 'appdev-inventory-web');

    // The same again, also in another session: nothing is written at all.
    expect(valueOf(await apply(service))).toEqual({ changed: false, detail: 'unchanged' });
    expect(valueOf(await apply(service, 'v1', rig.deployer()))).toEqual({
      changed: false,
      detail: 'unchanged',
    });
    expect(uidOf('configmap', 'appdev-inventory-web')).toBe(inventory);

    rig.write('base/a.yaml', configMap('a', 'changed'));
    expect(valueOf(await apply(service)).detail).toBe('1 object changed');
    expect(uidOf('deployment', 'web')).toBe(web);

    // What is no longer rendered goes; what merely looks like it stays.
    rig.kubectl('create', 'configmap', 'c', '--from-literal=greeting=hello');
    rig.kubectl('label', 'configmap', 'c', 'dev.appdev/project=shop', 'dev.appdev/service=web');
    rig.write('base/kustomization.yaml', 'resources: [web.yaml, a.yaml]\n');
    const fewer = await render(service);
    expect(valueOf(await deployer.apply(service, fewer, context)).detail).toBe(
      'unchanged, 1 to prune after the rollout',
    );
    expect(left()).toContain('configmap/b');
    expect(valueOf(await deployer.settle(service, fewer, context))).toEqual(['ConfigMap/b']);
    expect(valueOf(await deployer.settle(service, fewer, context))).toEqual([]);
    expect(left()).not.toContain('configmap/b');
    expect(left()).toContain('configmap/c');
    rig.kubectl('delete', 'configmap', 'c');

    expect(valueOf(await deployer.status(service, context.signal))).toMatchObject({
      deployed: true,
      detail: '2 objects',
      workloads: [
        {
          name: 'Deployment/web',
          ready: true,
          images: [`localhost:5001/appdev/java:v1@${rig.artifact('v1').digest}`],
        },
      ],
    });
    expect(valueOf(await deployer.remove(service, { deleteVolumes: false }, context))).toEqual({
      removed: 2,
      kept: [],
    });
    expect(left()).toEqual(before);
    expect(valueOf(await deployer.remove(service, { deleteVolumes: false }, context))).toEqual({
      removed: 0,
      kept: [],
    });
  });
});

describe('an object', () => {
  it('of someone else is left alone, unless it is taken over', async () => {
    rig.kubectl('create', 'configmap', 'a', '--from-literal=greeting=mine');
    rig.write('a.yaml', configMap('a'));
    rig.write('b.yaml', configMap('b'));
    const service = rig.service({ files: ['*.yaml'] });
    rig.write('web.yaml', deployment());
    const refused = await apply(service);
    expect(refused).toMatchObject({
      error: {
        code: 'OBJECT_FOREIGN',
        message: 'ConfigMap/a (made by someone else) already exists but was not made by service web',
      },
    });
    // Nothing was applied, not even what could have been.
    expect(left()).toEqual(['configmap/a']);
    expect(valueOf(await apply(service, 'v1', rig.deployer({ adopt: true }))).detail).toBe(
      '3 objects changed',
    );
    expect((await rig.get('ConfigMap', 'a'))?.['data']).toEqual({ greeting: 'hello' });
    expect(valueOf(await apply(service)).detail).toBe('unchanged');
    // Another service, or another project, finds it taken.
    const other = { ...service, name: 'other' };
    expect(await apply(other, 'v1', rig.deployer())).toMatchObject({
      error: {
        code: 'OBJECT_FOREIGN',
        message: expect.stringContaining('made by service web of appdev project shop') as string,
      },
    });
  });

  it('that only carries our labels is left alone, unless it is taken over', async () => {
    rig.kubectl('create', 'configmap', 'a', '--from-literal=greeting=mine');
    rig.kubectl('label', 'configmap', 'a', 'dev.appdev/project=shop', 'dev.appdev/service=web');
    rig.write('a.yaml', configMap('a'));
    rig.write('web.yaml', deployment());
    const service = rig.service({ files: ['*.yaml'] });
    // Not even if fields of our own objects are taken back.
    expect(await apply(service, 'v1', rig.deployer({ forceConflicts: true }))).toMatchObject({
      error: {
        code: 'OBJECT_FOREIGN',
        message: 'ConfigMap/a carries the labels of service web, but appdev did not make it',
      },
    });
    expect(left()).toEqual(['configmap/a']);
    expect(valueOf(await apply(service, 'v1', rig.deployer({ adopt: true }))).detail).toBe(
      '2 objects changed',
    );
    expect((await rig.get('ConfigMap', 'a'))?.['data']).toEqual({ greeting: 'hello' });
  });

  it('that someone deleted is applied again, and what appdev does not say of one is left alone', async () => {
    rig.write('web.yaml', deployment());
    rig.write('a.yaml', configMap('a'));
    const service = rig.service({ files: ['*.yaml'] });
    valueOf(await apply(service));
    rig.kubectl('delete', 'configmap', 'a');
    expect(valueOf(await apply(service)).detail).toBe('1 object changed');
    // What appdev does not say is nobody's business of ours: a restart by hand changes nothing.
    rig.kubectl('annotate', 'deployment', 'web', 'note=mine');
    expect(valueOf(await apply(service)).detail).toBe('unchanged');
  });

  it('that cannot change in place is made anew', async () => {
    const job = (text: string): string => `apiVersion: batch/v1
kind: Job
metadata: {name: once}
spec:
  template:
    spec:
      restartPolicy: Never
      containers: [{name: app, image: appdev/java, command: [echo, ${text}]}]
`;
    rig.write('job.yaml', job('one'));
    const service = rig.service({ files: ['job.yaml'] });
    const context = recordedContext();
    const first = await render(service);
    valueOf(await deployer.apply(service, first, context));
    valueOf(await deployer.awaitReady(service, first, context));
    expect(valueOf(await apply(service)).detail).toBe('unchanged');
    rig.write('job.yaml', job('two'));
    const second = await render(service);
    expect(valueOf(await deployer.apply(service, second, context)).detail).toBe('1 object changed');
    valueOf(await deployer.awaitReady(service, second, context));
    expect(rig.kubectl('logs', 'job/once').trim()).toBe('two');
  });

  it('that still ends from before is waited for', async () => {
    rig.write('web.yaml', deployment());
    const service = rig.service({ files: ['web.yaml'] });
    valueOf(await apply(service));
    rig.kubectl('patch', 'deployment', 'web', '-p', '{"metadata":{"finalizers":["example.com/hold"]}}');
    const before = (await rig.get('Deployment', 'web'))?.metadata.uid;
    rig.kubectl('delete', 'deployment', 'web', '--wait=false');
    const applied = apply(service, 'v2');
    rig.kubectl(
      'patch',
      'deployment',
      'web',
      '--type=json',
      '-p',
      '[{"op":"remove","path":"/metadata/finalizers"}]',
    );
    expect(valueOf(await applied).detail).toBe('1 object changed');
    expect((await rig.get('Deployment', 'web'))?.metadata.uid).not.toBe(before);
  });

  it('of a kind that the same manifests define is applied once the kind is served', async () => {
    const group = `${rig.namespace}.example.com`;
    rig.write(
      'kinds.yaml',
      `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.${group}}
spec:
  group: ${group}
  scope: Namespaced
  names: {kind: Widget, plural: widgets, singular: widget}
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]
---
apiVersion: ${group}/v1
kind: Widget
metadata: {name: one}
size: 3
`,
    );
    rig.write('web.yaml', deployment());
    const service = rig.service({ files: ['*.yaml'] });
    try {
      expect(valueOf(await apply(service)).detail).toBe('3 objects changed');
      expect(valueOf(await apply(service)).detail).toBe('unchanged');
      // The kind holds what others made with it, in any namespace: it stays.
      const removed = valueOf(await deployer.remove(service, { deleteVolumes: true }, recordedContext()));
      expect(removed).toEqual({ removed: 2, kept: [`CustomResourceDefinition/widgets.${group}`] });
    } finally {
      rig.kubectl('delete', 'crd', `widgets.${group}`);
    }
  });

  it('in a namespace that is not there has its own error, and a namespace that others made does not stop it', async () => {
    rig.write(
      'web.yaml',
      `${deployment()}---\napiVersion: v1\nkind: Namespace\nmetadata: {name: ${rig.namespace}}\n`,
    );
    const service = rig.service({ files: ['web.yaml'] });
    expect(valueOf(await apply(service)).detail).toBe('1 object changed');
    expect(valueOf(await apply(service)).detail).toBe('unchanged');
    expect(valueOf(await deployer.remove(service, { deleteVolumes: false }, recordedContext())).kept).toEqual(
      [],
    );
    rig.write('web.yaml', deployment());
    const nowhere = { ...service, deploy: { ...service.deploy, namespace: 'nowhere' } };
    expect(await apply(nowhere)).toMatchObject({ error: { code: 'NAMESPACE_MISSING' } });
    rig.write(
      'web.yaml',
      `${deployment()}---\n${configMap('a')}`.replace(/name: a\b/, 'name: a, namespace: nowhere'),
    );
    const named = await apply(service);
    expect(named).toMatchObject({
      error: {
        code: 'NAMESPACE_MISSING',
        hint: expect.stringContaining('`deploy.namespace: nowhere`') as string,
      },
    });
  });

  it('with a field that its kind does not have is an error', async () => {
    rig.write('web.yaml', deployment('web', 'replica: 2'));
    expect(await apply(rig.service({ files: ['web.yaml'] }))).toMatchObject({
      error: { code: 'DEPLOY_FAILED', message: expect.stringContaining('.spec.replica') as string },
    });
  });
});

describe('volume claims', () => {
  const stateful = (policy = ''): string => `apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: db
  ${policy}
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec:
      terminationGracePeriodSeconds: 2
      containers: [{name: app, image: appdev/java, command: ${waits}, volumeMounts: [{name: data, mountPath: /data}]}]
  volumeClaimTemplates:
    - metadata: {name: data}
      spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Mi}}}
`;
  const claim = `apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: own}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Mi}}}
`;

  it('stay, whether written or made by a StatefulSet, until the user says otherwise', async () => {
    rig.write('db.yaml', `${stateful()}---\n${claim}`);
    const service = rig.service({ files: ['db.yaml'] });
    const context = recordedContext();
    const rendered = await render(service);
    valueOf(await deployer.apply(service, rendered, context));
    valueOf(await deployer.awaitReady(service, rendered, context));
    const kept = ['PersistentVolumeClaim/own', 'PersistentVolumeClaim/data-db-0'];
    expect(valueOf(await deployer.remove(service, { deleteVolumes: false }, context))).toEqual({
      removed: 1,
      kept,
    });
    expect(left()).toEqual([
      'configmap/appdev-inventory-web',
      'persistentvolumeclaim/data-db-0',
      'persistentvolumeclaim/own',
    ]);
    // Not rendered any more, and still not pruned.
    const own = uidOf('pvc', 'own').split('/')[0];
    rig.write('db.yaml', stateful());
    valueOf(await apply(service));
    expect(uidOf('pvc', 'own').split('/')[0]).toBe(own);
    expect(valueOf(await apply(service)).detail).toBe('unchanged');
    expect(valueOf(await deployer.remove(service, { deleteVolumes: true }, context))).toEqual({
      removed: 3,
      kept: [],
    });
    expect(left()).toEqual([]);
  });

  it('that a StatefulSet would take along make the removal an error', async () => {
    rig.write('db.yaml', stateful('persistentVolumeClaimRetentionPolicy: {whenDeleted: Delete}'));
    const service = rig.service({ files: ['db.yaml'] });
    valueOf(await apply(service));
    await eventually('the claim', async () => await rig.get('PersistentVolumeClaim', 'data-db-0'));
    expect(await deployer.remove(service, { deleteVolumes: false }, recordedContext())).toMatchObject({
      error: {
        code: 'VOLUME_CLAIMS',
        message:
          'removing web would delete PersistentVolumeClaim/data-db-0 (with StatefulSet/db, whenDeleted: Delete) and what is stored there',
      },
    });
    valueOf(await deployer.remove(service, { deleteVolumes: true }, recordedContext()));
    expect(left()).toEqual([]);
  });

  it('that a renamed StatefulSet would take along make the deploy an error, before anything is written', async () => {
    const policy = 'persistentVolumeClaimRetentionPolicy: {whenDeleted: Delete}';
    rig.write('db.yaml', stateful(policy));
    const service = rig.service({ files: ['db.yaml'] });
    valueOf(await apply(service));
    await eventually('the claim', async () => await rig.get('PersistentVolumeClaim', 'data-db-0'));
    const inventory = uidOf('configmap', 'appdev-inventory-web');
    rig.write('db.yaml', `${deployment('db2')}---\n${configMap('a')}`);
    const loss =
      'would delete PersistentVolumeClaim/data-db-0 (with StatefulSet/db, whenDeleted: Delete) and what is stored there';
    expect(await apply(service)).toMatchObject({
      error: { code: 'VOLUME_CLAIMS', message: `deploying web ${loss}` },
    });
    expect((await rig.get('StatefulSet', 'db'))?.metadata.deletionTimestamp).toBeUndefined();
    expect(await rig.get('ConfigMap', 'a')).toBeUndefined();
    expect(uidOf('configmap', 'appdev-inventory-web')).toBe(inventory);
    const rendered = await render(service);
    expect(valueOf(await deployer.preview(service, rendered, recordedContext().signal)).notes).toEqual([
      `deploy would refuse this because it ${loss}; --delete-volumes allows it`,
    ]);
    const letting = rig.deployer({ terms: { deleteVolumes: true } });
    expect(valueOf(await apply(service, 'v1', letting)).detail).toBe('2 objects changed, 1 pruned');
    await eventually('the claim to go', () =>
      left().some((name) => name.startsWith('persistentvolumeclaim/')) ? undefined : true,
    );
  });
});

describe('what a session brought', () => {
  it('is told from what was deployed to stay, also if nothing is applied', async () => {
    rig.write('a.yaml', configMap('a'));
    rig.write('web.yaml', deployment());
    const service = rig.service({ files: ['*.yaml'] });
    const dev = rig.deployer({ terms: { lifetime: 'session' } });
    const { signal } = recordedContext();
    const lifetime = async (): Promise<unknown> => valueOf(await dev.lifetime(service, signal));
    expect(await lifetime()).toBeUndefined();
    valueOf(await apply(service, 'v1', dev));
    expect(await lifetime()).toBe('session');
    const ben = rig.deployer({
      terms: { lifetime: 'session', maker: { command: 'dev', user: 'ben@desktop' } },
    });
    expect(valueOf(await ben.lifetime(service, signal))).toBe('another');
    expect(valueOf(await apply(service, 'v1', ben)).detail).toBe('unchanged');
    expect([await lifetime(), valueOf(await ben.lifetime(service, signal))]).toEqual(['another', 'session']);
    const web = uidOf('deployment', 'web');
    expect(valueOf(await apply(service)).detail).toBe('unchanged');
    expect(await lifetime()).toBe('kept');
    rig.write('a.yaml', configMap('a', 'changed'));
    expect(valueOf(await apply(service, 'v1', dev)).detail).toBe('1 object changed');
    expect(await lifetime()).toBe('kept');
    expect(uidOf('deployment', 'web').split('/')[0]).toBe(web.split('/')[0]);
    valueOf(await deployer.remove(service, { deleteVolumes: false }, recordedContext()));
    expect(await lifetime()).toBeUndefined();
  });
});
