/** What holds data is not taken away unasked, by real Helm 3 and 4: not by an upgrade, not by an uninstall. */
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ServiceConfig } from '../../src/config/model.ts';
import type { Applied, Preview } from '../../src/deploy/types.ts';
import type { Outcome } from '../../src/core/outcome.ts';
import { createDeployRig, type DeployRig, type TestDeployer } from '../support/deploy-rig.ts';
import { recordedContext, valueOf } from '../support/deploy-service.ts';
import { eventually } from '../support/rig.ts';

let rig: DeployRig;
const undo: (() => void)[] = [];
beforeEach(async () => {
  rig = await createDeployRig();
});
afterEach(async () => {
  for (const step of undo.splice(0)) step();
  await rig.dispose();
});

async function apply(deployer: TestDeployer, service: ServiceConfig): Promise<Outcome<Applied>> {
  const context = recordedContext();
  const rendered = valueOf(await deployer.render(service, rig.artifact('v1'), context));
  return await deployer.apply(service, rendered, context);
}

async function preview(deployer: TestDeployer, service: ServiceConfig): Promise<Preview> {
  const context = recordedContext();
  const rendered = valueOf(await deployer.render(service, rig.artifact('v1'), context));
  return valueOf(await deployer.preview(service, rendered, context.signal));
}

/** Writes a template into the chart; the function takes it out again. */
function template(name: string, text: string): () => void {
  const path = rig.write(`charts/web/templates/${name}.yaml`, text);
  return () => rmSync(path);
}

/** Types the commands of a hint that keep the data. */
function typeToKeep(hint: string | undefined): void {
  const commands = /^to keep the data: (.*); to delete it: /.exec(hint ?? '')?.[1] ?? '';
  for (const command of commands.split('; ')) {
    const { status, stderr } = spawnSync('sh', ['-c', command], { encoding: 'utf8' });
    expect([command, status, stderr]).toEqual([command, 0, '']);
  }
}

/** Expects that an object is there and is not being deleted. */
async function expectToStay(kind: string, name: string, uid?: string): Promise<void> {
  const object = await rig.get(kind, name);
  expect([name, object?.metadata.deletionTimestamp]).toEqual([name, undefined]);
  expect(object?.metadata.uid).toEqual(uid ?? expect.any(String));
}

const takesItsClaims = `apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: db
  persistentVolumeClaimRetentionPolicy: {whenDeleted: Delete}
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: app
          image: "{{ .Values.image.repository }}:{{ .Values.image.tag }}"
          command: {{ toJson .Values.command }}
  volumeClaimTemplates:
    - metadata: {name: data}
      spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Mi}}}
`;

describe.each(['helm3', 'helm4'])('%s', (helm) => {
  const tools = { helm };

  it('refuses an upgrade that would delete claims, until they are kept or given up', async () => {
    const deployer = rig.deployer({ tools });
    const withoutSet = template('db', takesItsClaims);
    valueOf(await apply(deployer, rig.service({ set: { claim: true } })));
    const owned = async (): Promise<number> =>
      (await rig.get('PersistentVolumeClaim', 'data-db-0'))?.metadata.ownerReferences?.length ?? 0;
    await eventually('the StatefulSet to own its claim', async () =>
      (await owned()) === 1 ? true : undefined,
    );
    withoutSet();
    const bare = rig.service({ set: { greeting: 'second' } });
    const loss =
      'would delete PersistentVolumeClaim/web-data, PersistentVolumeClaim/data-db-0 (with StatefulSet/db, whenDeleted: Delete) and what is stored there';
    const refused = await apply(deployer, bare);
    expect(refused).toMatchObject({
      error: {
        code: 'VOLUME_CLAIMS',
        message: `deploying web ${loss}`,
        hint: expect.stringMatching(/; to delete it: appdev deploy web --delete-volumes$/) as string,
      },
    });
    await expectToStay('StatefulSet', 'db');
    expect((await rig.get('ConfigMap', 'web'))?.['data']).toEqual({ greeting: 'hello' });

    expect((await preview(deployer, bare)).notes[0]).toBe(
      `deploy would refuse this because it ${loss}; --delete-volumes allows it`,
    );

    typeToKeep(refused.kind === 'failed' ? refused.error.hint : undefined);
    // The controller gives the claim up a moment later; a deploy before that is refused as well.
    await eventually('the claim to be nobody’s', async () => ((await owned()) === 0 ? true : undefined));
    expect((await preview(deployer, bare)).notes).toEqual(['release web would become revision 2']);
    expect(valueOf(await apply(deployer, bare)).detail).toBe('revision 2');
    await expectToStay('PersistentVolumeClaim', 'web-data');
    await expectToStay('PersistentVolumeClaim', 'data-db-0');

    valueOf(await apply(deployer, rig.service({ set: { claim: true } })));
    rig.kubectl('annotate', 'pvc', 'web-data', 'helm.sh/resource-policy-');
    const letting = rig.deployer({ tools, terms: { deleteVolumes: true } });
    expect((await preview(letting, bare)).notes[0]).toBe(
      'it would delete PersistentVolumeClaim/web-data and what is stored there',
    );
    valueOf(await apply(letting, bare));
    await eventually('the claim to go', async () =>
      (await rig.get('PersistentVolumeClaim', 'web-data')) === undefined ? true : undefined,
    );
  });

  it('leaves namespaces, its own too, and a kind where they are, with what others have in them', async () => {
    // A namespace that is there already has to be adopted; helm would uninstall it, its own record and all.
    const deployer = rig.deployer({ tools, adopt: true });
    template('own', 'apiVersion: v1\nkind: Namespace\nmetadata: {name: {{ .Release.Namespace }}}\n');
    const service = rig.service({});
    const inner = `${rig.namespace}-inner`;
    const group = `${rig.namespace}.example.com`;
    const kind = `widgets.${group}`;
    undo.push(() => {
      rig.kubectl('delete', 'namespace', inner, '--ignore-not-found', '--wait=false');
      rig.kubectl('delete', 'crd', kind, '--ignore-not-found', '--wait=false');
    });
    const put = (): (() => void) =>
      template(
        'holders',
        `apiVersion: v1
kind: Namespace
metadata: {name: ${inner}}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: ${kind}}
spec:
  group: ${group}
  scope: Namespaced
  names: {kind: Widget, plural: widgets, singular: widget}
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]
`,
      );
    const expectAllToStay = (): void => {
      const left = rig.kubectl('get', 'namespace', inner, '-o', 'jsonpath={.metadata.deletionTimestamp}');
      const right = rig.kubectl('get', 'crd', kind, '-o', 'jsonpath={.metadata.deletionTimestamp}');
      expect([left, right]).toEqual(['', '']);
      expect(rig.kubectl('-n', inner, 'get', 'configmap', 'theirs', '-o', 'name')).not.toBe('');
    };
    const names = [`Namespace/${inner}`, `CustomResourceDefinition/${kind}`];

    const takeOut = put();
    valueOf(await apply(deployer, service));
    rig.kubectl('-n', inner, 'create', 'configmap', 'theirs');
    // At the end of the release.
    const removed = valueOf(await deployer.remove(service, { deleteVolumes: true }, recordedContext()));
    expect(removed).toEqual({ removed: 2, kept: [names[0], `Namespace/${rig.namespace}`, names[1]] });
    await expectToStay('Namespace', rig.namespace);
    expectAllToStay();
    expect(await rig.get('Deployment', 'web')).toBeUndefined();
    // The next install takes them up again, and an upgrade without them leaves them.
    expect(valueOf(await apply(deployer, service)).detail).toBe('revision 1');
    takeOut();
    const { changes, notes } = await preview(deployer, service);
    expect(changes).toEqual([]);
    expect(notes).toEqual(
      expect.arrayContaining(names.map((name) => `${name} is no longer in the chart but would stay`)),
    );
    expect(valueOf(await apply(deployer, service)).detail).toBe(
      `revision 2, ${names.map((name) => `${name} stays`).join(', ')}`,
    );
    expectAllToStay();
  });

  it('finishes an uninstall that broke off, and leaves the claims', async () => {
    const deployer = rig.deployer({ tools });
    const service = rig.service({ set: { claim: true } });
    valueOf(await apply(deployer, service));
    const uid = (await rig.get('PersistentVolumeClaim', 'web-data'))?.metadata.uid;
    breakOffUninstall(helm);
    const context = recordedContext();
    const rendered = valueOf(await deployer.render(service, rig.artifact('v1'), context));
    expect(valueOf(await deployer.apply(service, rendered, context)).detail).toBe('revision 1');
    await expectToStay('PersistentVolumeClaim', 'web-data', uid);
    expect(context.lines).toContain(
      'release web was being uninstalled; appdev finishes that first, PersistentVolumeClaim/web-data stays',
    );
  });

  it('knows what a session brought from what was deployed to stay', async () => {
    const service = rig.service({});
    const dev = rig.deployer({ tools, terms: { lifetime: 'session' } });
    const run = rig.deployer({ tools });
    const { signal } = recordedContext();
    const lifetime = async (): Promise<unknown> => valueOf(await dev.lifetime(service, signal));
    expect(await lifetime()).toBeUndefined();
    valueOf(await apply(dev, service));
    expect(await lifetime()).toBe('session');
    expect(valueOf(await apply(dev, service)).detail).toBe('unchanged');
    expect(await lifetime()).toBe('session');
    const maker = { command: 'dev', user: 'ben@desktop' };
    const ben = rig.deployer({ tools, terms: { lifetime: 'session', maker } });
    expect(valueOf(await ben.lifetime(service, signal))).toBe('another');
    expect(valueOf(await apply(ben, service)).detail).toBe('unchanged');
    expect([await lifetime(), valueOf(await ben.lifetime(service, signal))]).toEqual(['another', 'session']);
    // Without a revision of its own: there is nothing to deploy.
    expect(valueOf(await apply(run, service)).detail).toBe('unchanged');
    expect(await lifetime()).toBe('kept');
    expect(valueOf(await apply(dev, rig.service({ set: { greeting: 'hi' } }))).detail).toBe('revision 2');
    expect(await lifetime()).toBe('kept');
    valueOf(await run.remove(service, { deleteVolumes: false }, recordedContext()));
    expect(await lifetime()).toBeUndefined();
  });
});

/** Has a user who may delete nothing but release records uninstall the release: it stays behind as `uninstalling`. */
function breakOffUninstall(helm: string): void {
  const rule = (resources: string, verbs: string): string =>
    `{apiGroups: ["", apps], resources: [${resources}], verbs: [${verbs}]}`;
  const path = rig.write(
    'intern.yaml',
    `apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: intern}
rules: [${rule('secrets', '"*"')}, ${rule('"*"', 'get')}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: intern}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: intern}
subjects: [{kind: User, name: intern, apiGroup: rbac.authorization.k8s.io}]
`,
  );
  rig.kubectl('apply', '-f', path);
  const who = ['--kube-as-user=intern', '--kube-as-group=system:authenticated'];
  const run = spawnSync(helm, ['-n', rig.namespace, 'uninstall', 'web', ...who], { encoding: 'utf8' });
  expect(run.status).not.toBe(0);
  const records = ['get', 'secrets', '-l', 'owner=helm', '-o', 'jsonpath={.items[*].metadata.labels.status}'];
  expect(rig.kubectl(...records)).toBe('uninstalling');
}
