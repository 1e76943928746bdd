/** Rendering overlays and plain manifests: what is applied, and where it says that a fault is. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRenderer } from '../../src/deploy/deployer/renderer.ts';
import type { OtherImage, Rendered } from '../../src/deploy/types.ts';
import type { AppdevError } from '../../src/core/errors.ts';
import type { Artifact } from '../../src/core/events.ts';
import type { Outcome } from '../../src/core/outcome.ts';
import { runProcess } from '../../src/support/process/process.ts';
import {
  deployedService,
  pushedArtifact as artifact,
  pushedReference,
  recordedContext,
  valueOf,
  type Way,
} from '../support/deploy-service.ts';

const deployment = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: app, image: appdev/java}]}
`;
const map = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {switch: "yes"}\n';

let folder: string;
beforeEach(() => {
  // A folder whose name is full of what patterns give a meaning to.
  folder = join(mkdtempSync(join(tmpdir(), 'appdev-render-')), 'my [app] {1} *');
  mkdirSync(folder);
});
afterEach(() => {
  rmSync(dirname(folder), { recursive: true, force: true });
});

function write(file: string, text: string): void {
  mkdirSync(dirname(join(folder, file)), { recursive: true });
  writeFileSync(join(folder, file), text);
}

async function render(
  way: Way,
  kustomize = 'kustomize',
  others: readonly OtherImage[] = [],
): Promise<Outcome<Rendered>> {
  const tools = { kustomize };
  const settings = { run: runProcess, project: 'shop', root: folder, namespaceFor: () => 'dev', tools };
  const renderer = createRenderer(settings);
  return await renderer.render(deployedService(folder, way), artifact, recordedContext(), others);
}

async function errorOf(way: Way, kustomize?: string): Promise<AppdevError> {
  const outcome = await render(way, kustomize);
  if (outcome.kind !== 'failed') throw new Error(`rendered: ${JSON.stringify(outcome)}`);
  return outcome.error;
}

describe.each([
  ['kustomize', 'kustomize'],
  ['the Kustomize in kubectl', 'kustomize-of-nowhere'],
])('an overlay by %s', (_name, tool) => {
  it('gets the images of other services where it names them, and says whose', async () => {
    const pod = (image: string): string => `{containers: [{name: app, image: ${image}}]}`;
    write('kustomization.yaml', 'resources: [web.yaml, cron.yaml]\nimages: [{name: jobs, newTag: "1.4"}]\n');
    write(
      'web.yaml',
      deployment.replace('{containers:', '{initContainers: [{name: up, image: jobs}], containers:'),
    );
    write(
      'cron.yaml',
      `apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly}
spec: {schedule: "@daily", jobTemplate: {spec: {template: {spec: ${pod('registry.example.com/reports:2')}}}}}
`,
    );
    const jobs: Artifact = { ...artifact, service: 'jobs', pullRepository: 'registry:5000/jobs' };
    const reports = { service: 'reports', repository: 'registry.example.com/reports' };
    const others = [{ service: 'jobs', repository: 'jobs', artifact: jobs }, reports];
    const rendered = valueOf(await render({ path: '.' }, tool, others));
    const images = [...rendered.yaml.matchAll(/image: (.*)/g)].map(([, image]) => image);
    expect(images.sort()).toEqual(
      [
        'registry.example.com/reports:2',
        pushedReference,
        `registry:5000/jobs:c0ffee@${artifact.digest}`,
      ].sort(),
    );
    expect(rendered).toMatchObject({ artifact, uses: [jobs], lacks: ['reports'] });
    const newer = { ...jobs, digest: `sha256:${'56'.repeat(32)}` };
    const again = valueOf(
      await render({ path: '.' }, tool, [
        { ...reports, service: 'jobs', repository: 'jobs', artifact: newer },
      ]),
    );
    expect(again.hash).not.toBe(rendered.hash);
  });

  it('is built, and gets image, namespace and owner', async () => {
    write('base/kustomization.yaml', 'resources: [web.yaml]\n');
    write('base/web.yaml', deployment);
    write(
      'overlay/kustomization.yaml',
      'resources: [../base]\nnamePrefix: my-\nconfigMapGenerator: [{name: c, literals: [a=yes]}]\n',
    );
    const rendered = valueOf(await render({ path: 'overlay' }, tool));
    expect(rendered.objects.map(({ kind, metadata }) => [kind, metadata.name, metadata.namespace])).toEqual([
      ['ConfigMap', expect.stringMatching(/^my-c-/), 'dev'],
      ['Deployment', 'my-web', 'dev'],
    ]);
    expect(rendered.yaml).toContain(`image: ${pushedReference}`);
    expect(rendered.yaml).toContain('a: "yes"');
    for (const { metadata } of rendered.objects) {
      expect(metadata.labels).toMatchObject({ 'dev.appdev/project': 'shop', 'dev.appdev/service': 'web' });
    }
    expect(valueOf(await render({ path: 'overlay' }, tool)).hash).toBe(rendered.hash);
  });

  it('takes files from outside its folder only if loadRestrictor says so', async () => {
    write('shared/app.properties', 'a=1\n');
    write(
      'overlay/kustomization.yaml',
      'resources: [web.yaml]\nconfigMapGenerator: [{name: c, files: [../shared/app.properties]}]\n',
    );
    write('overlay/web.yaml', deployment);
    expect(await errorOf({ path: 'overlay' }, tool)).toMatchObject({
      code: 'RENDER_FAILED',
      message:
        'overlay does not build: shared/app.properties lies outside overlay, where Kustomize reads no files',
      hint: 'move it below, or set `deploy.kustomize.loadRestrictor: LoadRestrictionsNone`',
    });
    const way = { path: 'overlay', loadRestrictor: 'LoadRestrictionsNone' } as const;
    expect(valueOf(await render(way, tool)).yaml).toContain('app.properties: |');
  });

  it('fails in its own words if the files do not show why', async () => {
    write(
      'overlay/kustomization.yaml',
      'resources: [web.yaml]\npatches: [{target: {kind: Deployment}, patch: "- {op: replace, path: /spec/a/b, value: 1}"}]\n',
    );
    write('overlay/web.yaml', deployment);
    const outcome = await render({ path: 'overlay' }, tool);
    expect(outcome).toMatchObject({
      error: {
        code: 'RENDER_FAILED',
        message:
          'overlay does not build: replace operation does not apply: doc is missing path: /spec/a/b: missing value',
      },
    });
  });
});

describe('an overlay', () => {
  it.each([
    'github.com/example/base//deploy?ref=v1',
    'https://example.com/base.yaml',
    'git@example.com:team/base.git',
    'example.com/team/base',
    'ssh://git@example.com/base',
  ])('is refused when it would fetch %s', async (entry) => {
    write('overlay/kustomization.yaml', 'resources:\n  - ../base\n');
    write('base/kustomization.yaml', `resources:\n  - web.yaml\n  - ${entry}\n`);
    write('base/web.yaml', deployment);
    const { code, diagnostics } = await errorOf({ path: 'overlay' });
    expect(code).toBe('RENDER_FAILED');
    expect(diagnostics).toMatchObject([
      {
        file: 'base/kustomization.yaml',
        line: 3,
        column: 5,
        message: `${entry} would be fetched from elsewhere`,
      },
    ]);
  });

  it('is refused when a patch would be fetched, and asks nobody', async () => {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url ?? '');
      response.end('[]');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/patch.yaml`;
    write('overlay/kustomization.yaml', `resources: [web.yaml]\npatches:\n  - path: ${url}\n`);
    write('overlay/web.yaml', deployment);
    const { diagnostics } = await errorOf({ path: 'overlay' });
    server.close();
    expect(diagnostics).toMatchObject([{ line: 3, message: `${url} would be fetched from elsewhere` }]);
    expect(asked).toEqual([]);
  });

  it('may refer to a folder whose name looks like a host', async () => {
    write('overlay/kustomization.yaml', 'resources: [example.com/team/base]\n');
    write('overlay/example.com/team/base/kustomization.yaml', 'resources: [web.yaml]\n');
    write('overlay/example.com/team/base/web.yaml', deployment);
    expect(valueOf(await render({ path: 'overlay' })).objects).toHaveLength(1);
  });

  it.each([
    [
      'resources:\n  - wbe.yaml\n',
      { line: 2, column: 5, message: 'wbe.yaml does not exist', hint: 'did you mean web.yaml?' },
    ],
    ['resources: [web.yaml\nnamePrefix: x\n', { file: 'overlay/kustomization.yaml', line: 2 }],
  ])('shows the place of the fault in %j', async (text, place) => {
    write('overlay/web.yaml', deployment);
    write('overlay/kustomization.yaml', text);
    const { code, diagnostics } = await errorOf({ path: 'overlay' });
    expect(code).toBe('RENDER_FAILED');
    expect(diagnostics?.[0]).toMatchObject({ file: 'overlay/kustomization.yaml', ...place });
  });

  it('shows the place of a YAML error in a resource', async () => {
    write('overlay/kustomization.yaml', 'resources: [web.yaml]\n');
    write('overlay/web.yaml', 'kind: Service\n apiVersion: v1\n');
    expect((await errorOf({ path: 'overlay' })).diagnostics?.[0]).toMatchObject({
      file: 'overlay/web.yaml',
      line: 1,
    });
  });

  it('says that a path is not a folder, and that no manifest uses the image', async () => {
    write('overlay/web.yaml', deployment);
    expect(await errorOf({ path: 'overlay' })).toMatchObject({
      message: 'overlay contains no kustomization.yaml',
    });
    write('overlay/kustomization.yaml', 'resources: [web.yaml]\n');
    write('overlay/web.yaml', deployment.replace('appdev/java', 'example.com/other:1'));
    expect(await errorOf({ path: 'overlay' })).toMatchObject({
      code: 'IMAGE_NOT_USED',
      message: 'no manifest of web uses the image appdev/java: their images are example.com/other:1',
    });
  });

  it('finds the image in an object of a kind of its own, once the kind is listed', async () => {
    const machine =
      'apiVersion: example.com/v1\nkind: Machine\nmetadata: {name: m}\nspec: {runnerImage: appdev/java}\n';
    write('machine.yaml', machine);
    expect(await errorOf({ files: ['machine.yaml'] })).toMatchObject({
      code: 'IMAGE_NOT_USED',
      message:
        'Machine/m of web names the image appdev/java in spec.runnerImage, but appdev does not know that this names an image',
      hint: 'write `imageKinds: [{kind: Machine, group: example.com, fields: ["spec.runnerImage"]}]` at the top of appdev.yaml',
    });
    const service = deployedService(folder, { files: ['machine.yaml'] });
    const imageKinds = [{ kind: 'Machine', group: 'example.com', fields: ['spec.runnerImage'] }];
    const settings = { run: runProcess, project: 'shop', root: folder, namespaceFor: () => 'dev' };
    const rendered = await createRenderer(settings).render(
      { ...service, deploy: { ...service.deploy, imageKinds } },
      artifact,
      recordedContext(),
    );
    expect(valueOf(rendered).objects[0]?.['spec']).toEqual({ runnerImage: pushedReference });
  });

  it('loops over itself without end only in the message', async () => {
    write('overlay/kustomization.yaml', 'resources: [../other]\n');
    write('other/kustomization.yaml', 'resources: [../overlay]\n');
    expect((await errorOf({ path: 'overlay' })).message).toContain('cycle');
  });
});

describe('manifests', () => {
  it('are read by pattern, sorted, each once, and applied in order', async () => {
    write('deploy/b.yaml', `${deployment}---\n`);
    write('deploy/a.yaml', map);
    write('deploy/deep/c.yml', 'apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: other}\n');
    write('deploy/notes.txt', 'no: yaml');
    symlinkSync('.', join(folder, 'deploy/loop.yaml'));
    const rendered = valueOf(await render({ files: ['deploy/*.yaml', 'deploy/a.yaml', 'deploy/**/*.yml'] }));
    expect(rendered.objects.map(({ kind, metadata }) => [kind, metadata.namespace])).toEqual([
      ['ConfigMap', 'dev'],
      ['Service', 'other'],
      ['Deployment', 'dev'],
    ]);
    expect(rendered.yaml).toContain(pushedReference);
  });

  it('report every fault of every file with its place', async () => {
    write(
      'deploy/a.yaml',
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {}\n---\nkind: Secret\nmetadata: {name: s}\n',
    );
    write('deploy/b.yaml', `${map}---\n${deployment}`);
    write('deploy/c.yaml', `# again\n${map}`);
    const { code, message, diagnostics } = await errorOf({ files: ['deploy/*.yaml'] });
    expect({ code, message }).toEqual({ code: 'RENDER_FAILED', message: 'the manifests have 3 errors' });
    expect(diagnostics).toMatchObject([
      { file: 'deploy/a.yaml', line: 3, column: 1, excerpt: 'metadata: {}' },
      { file: 'deploy/a.yaml', line: 5 },
      { file: 'deploy/c.yaml', line: 2, message: 'ConfigMap/web is already written in deploy/b.yaml:1' },
    ]);
  });

  it.each([['deploy/*.yaml'], ['deploy/app.yaml'], ['../elsewhere/**/*.yaml']])(
    'say that nothing matches %s',
    async (pattern) => {
      expect(await errorOf({ files: [pattern] })).toMatchObject({ message: `no file matches ${pattern}` });
    },
  );

  it('may lie outside the project', async () => {
    mkdirSync(join(folder, '../elsewhere'));
    writeFileSync(join(folder, '../elsewhere/app.yaml'), deployment);
    expect(valueOf(await render({ files: ['../elsewhere/*.yaml'] })).objects).toHaveLength(1);
  });
});

it('renders the overlays of the fixture', async () => {
  const fixture = resolve(import.meta.dirname, '../../fixtures/spring-app');
  cpSync(join(fixture, 'deploy'), join(folder, 'deploy'), { recursive: true });
  const settings = { run: runProcess, project: 'shop', root: folder, namespaceFor: () => 'dev' };
  for (const overlay of ['dev', 'prod']) {
    const service = deployedService(folder, { path: `deploy/kustomize/overlays/${overlay}` });
    const image = {
      repository: 'orders',
      builder: 'buildah',
      source: { kind: 'layers', base: 'x' },
    } as const;
    const rendered = valueOf(
      await createRenderer(settings).render({ ...service, image }, artifact, recordedContext()),
    );
    expect(rendered.yaml).toContain(pushedReference);
  }
});
