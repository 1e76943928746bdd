/** Rendering charts by real Helm 3 and Helm 4: what comes out, and where it says that a fault is. */
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HelmConfig } from '../../src/config/model.ts';
import { createRenderer } from '../../src/deploy/deployer/renderer.ts';
import type { OtherImage, Rendered } from '../../src/deploy/types.ts';
import type { AppdevError } from '../../src/core/errors.ts';
import type { Artifact } from '../../src/core/events.ts';
import type { Outcome } from '../../src/core/outcome.ts';
import { runProcess, type Command } from '../../src/support/process/process.ts';
import {
  deployedService,
  pushedArtifact as artifact,
  pushedReference,
  recordedContext,
  valueOf,
} from '../support/deploy-service.ts';

const repository = resolve(import.meta.dirname, '../..');

let folder: string;
let commands: Command[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'appdev-render-'));
  commands = [];
  cpSync(join(repository, 'test/fixtures/charts'), join(folder, 'charts'), { recursive: true });
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function write(file: string, text: string): string {
  mkdirSync(dirname(join(folder, file)), { recursive: true });
  writeFileSync(join(folder, file), text);
  return file;
}

function edit(file: string, from: string, to: string): void {
  const text = readFileSync(join(folder, file), 'utf8');
  expect(text).toContain(from);
  write(file, text.replace(from, to));
}

describe.each(['helm3', 'helm4'])('%s', (helm) => {
  const render = async (
    way: Partial<HelmConfig> = {},
    image: Artifact | undefined = artifact,
    others: readonly OtherImage[] = [],
    onlyLooks = false,
  ): Promise<Outcome<Rendered>> => {
    const renderer = createRenderer({
      onlyLooks,
      run: async (command, options) => {
        commands.push(command);
        return await runProcess(command, options);
      },
      project: 'shop',
      root: folder,
      namespaceFor: () => 'dev',
      tools: { helm },
    });
    return await renderer.render(deployedService(folder, way), image, recordedContext(), others);
  };
  const errorOf = async (way: Partial<HelmConfig> = {}): Promise<AppdevError> => {
    const outcome = await render(way);
    if (outcome.kind !== 'failed') throw new Error(`rendered: ${JSON.stringify(outcome)}`);
    return outcome.error;
  };

  it('puts the pushed image by digest where a usual chart has it', async () => {
    const rendered = valueOf(await render());
    expect(rendered.objects.map(({ kind }) => kind).sort()).toEqual(['ConfigMap', 'Deployment']);
    expect(rendered.yaml).toContain(`image: "${pushedReference}"`);
    expect(rendered).toMatchObject({ service: 'web', namespace: 'dev', artifact });
  });

  it('takes values files in order, then `set`, as data', async () => {
    write('a.yaml', 'greeting: from a\nreplicas: 2\n');
    write('b.yaml', 'greeting: from b\n');
    const odd = '{{ .Release.Name }}, "\'\n$(id): [x';
    const rendered = valueOf(await render({ values: ['a.yaml', 'b.yaml'] }));
    expect(rendered.yaml).toContain('greeting: "from b"');
    expect(rendered.yaml).toContain('replicas: 2');
    const set = valueOf(await render({ values: ['a.yaml'], set: { greeting: odd } }));
    expect(set.objects.find(({ kind }) => kind === 'ConfigMap')?.['data']).toEqual({ greeting: odd });
    expect(JSON.stringify(commands.map(({ args }) => args))).not.toContain('$(id)');
  });

  it.each(['values, é.yaml', ' -values".yaml', 'värden/a b.yaml'])(
    'takes a values file called %j',
    async (file) => {
      write(file, 'replicas: 4\n');
      const rendered = valueOf(await render({ values: [file] }));
      expect(rendered.objects.find(({ kind }) => kind === 'Deployment')?.['spec']).toMatchObject({
        replicas: 4,
      });
    },
  );

  it('hands a value over that goes into a list', async () => {
    write('lists.yaml', 'containers:\n  - image: x\n    command: [a]\n');
    edit(
      'charts/web/templates/web.yaml',
      '"{{ .Values.image.repository }}:{{ .Values.image.tag }}"',
      '{{ (index .Values.containers 0).image }}',
    );
    const path = 'containers[0].image';
    const rendered = valueOf(
      await render({ values: ['lists.yaml'], imageValues: { repository: path, tag: path } }),
    );
    expect(rendered.yaml).toContain(`image: ${pushedReference}`);
  });

  it('hands over the images of other services, also to a hook, and refuses their bare names', async () => {
    const hook = write(
      'charts/web/templates/migrate.yaml',
      `apiVersion: batch/v1
kind: Job
metadata: {name: migrate, annotations: {helm.sh/hook: pre-upgrade}}
spec:
  template:
    spec:
      restartPolicy: Never
      containers: [{name: up, image: "{{ .Values.migrate.image }}:{{ .Values.migrate.tag }}"}]
`,
    );
    const set = { 'migrate.image': 'jobs', 'migrate.tag': '1.0' };
    const jobs: Artifact = { ...artifact, service: 'jobs', pullRepository: 'registry:5000/jobs' };
    const others = [{ service: 'jobs', repository: 'jobs', artifact: jobs }];
    expect(await render({ set }, artifact, others)).toMatchObject({
      error: {
        code: 'IMAGE_NOT_USED',
        message: expect.stringContaining('names the image of jobs as jobs:1.0') as string,
      },
    });
    const otherImageValues = { jobs: { repository: 'migrate.image', tag: 'migrate.tag' } };
    const rendered = valueOf(await render({ set, otherImageValues }, artifact, others));
    expect(rendered.yaml).toContain(`image: "registry:5000/jobs:c0ffee@${artifact.digest}"`);
    expect(rendered).toMatchObject({ artifact, uses: [jobs], lacks: [] });
    const unbuilt = await render({ set, otherImageValues }, artifact, [
      { service: 'jobs', repository: 'jobs' },
    ]);
    expect(valueOf(unbuilt)).toMatchObject({ uses: [], lacks: ['jobs'] });
    rmSync(join(folder, hook));
    expect(await render({ set, otherImageValues }, artifact, others)).toMatchObject({
      error: { message: expect.stringContaining('ignores the image of jobs') as string },
    });
  });

  it('gives the same hash for the same content, and another one for other values', async () => {
    const first = valueOf(await render()).hash;
    expect(valueOf(await render()).hash).toBe(first);
    write('unused.yaml', 'nobody: reads this\n');
    expect(valueOf(await render({ values: ['unused.yaml'] })).hash).not.toBe(first);
    expect(valueOf(await render({}, { ...artifact, tag: 'other' })).hash).not.toBe(first);
  });

  it('reaches no cluster and loads no plugin, whatever the environment says', async () => {
    const env = { ...process.env };
    process.env['HELM_KUBECONTEXT'] = 'production';
    process.env['HELM_DEBUG'] = '1';
    write(
      'plugins/evil/plugin.yaml',
      'name: evil\nversion: 0.0.1\ndownloaders: [{command: touch, protocols: [evil]}]\n',
    );
    process.env['HELM_PLUGINS'] = join(folder, 'plugins');
    try {
      valueOf(await render());
    } finally {
      process.env = env;
    }
    for (const { env: given } of commands) {
      expect(given).toMatchObject({
        KUBECONFIG: '/dev/null',
        HELM_PLUGINS: '/dev/null',
        HELM_KUBECONTEXT: undefined,
      });
    }
  });

  it('renders a chart for an older Kubernetes than the one that Helm assumes', async () => {
    const chart = readFileSync(join(folder, 'charts/web/Chart.yaml'), 'utf8');
    write('charts/web/Chart.yaml', `${chart}kubeVersion: ">=1.25.0-0 <1.35.0-0"\n`);
    edit('charts/web/templates/web.yaml', '{{ quote .Values.greeting }}', '{{ .Capabilities.KubeVersion }}');
    expect(valueOf(await render()).yaml).toContain('greeting: v1.34.0');
    edit('charts/web/Chart.yaml', '<1.35.0-0', '<1.20.0-0');
    expect(JSON.stringify(await errorOf())).toContain('kubeVersion');
  });

  it('says which paths a chart ignores, and what it uses instead', async () => {
    edit(
      'charts/web/templates/web.yaml',
      '"{{ .Values.image.repository }}:{{ .Values.image.tag }}"',
      'example.com/fixed:1',
    );
    const error = await errorOf();
    expect(error.code).toBe('IMAGE_NOT_USED');
    expect(error.message).toBe(
      'chart charts/web ignores the image of web, given as image.repository and image.tag: its images are example.com/fixed:1',
    );
    expect(error.hint).toContain('deploy.helm.imageValues');
  });

  describe('the parts of an image', () => {
    const template = (image: string, labels = ''): void => {
      edit(
        'charts/web/templates/web.yaml',
        '"{{ .Values.image.repository }}:{{ .Values.image.tag }}"',
        `"${image}"`,
      );
      if (labels === '') return;
      edit(
        'charts/web/templates/web.yaml',
        '  name: {{ .Release.Name }}\nspec',
        `  name: {{ .Release.Name }}\n  labels: ${labels}\nspec`,
      );
    };
    const values = (image: string): void =>
      edit('charts/web/values.yaml', 'image:\n  repository: example.com/web\n  tag: latest', image);
    const { digest } = artifact;
    const split = '{{ .Values.image.registry }}/{{ .Values.image.repository }}:{{ .Values.image.tag }}';

    it.each([
      ['a registry apart', 'image: {registry: docker.io, repository: a, tag: b}', split],
      ['an empty registry', "image: {registry: '', repository: a, tag: b}", split],
      [
        'a registry in the values that no template reads',
        "image: {registry: docker.io, repository: a, tag: b, digest: ''}",
        '{{ .Values.image.repository }}:{{ .Values.image.tag }}',
      ],
      ['one text', 'image: shop/app:1', '{{ .Values.image }}'],
      [
        'a repository and a name',
        'image: {repository: r/shop, name: a, tag: b}',
        '{{ .Values.image.repository }}/{{ .Values.image.name }}:{{ .Values.image.tag }}',
      ],
    ])('are recognised: %s', async (_name, text, image) => {
      values(text);
      template(image);
      const rendered = valueOf(await render());
      expect(rendered.yaml).toContain(`image: "${pushedReference}"`);
    });

    it("are recognised as Bitnami's charts have them, with a label from the tag", async () => {
      values("image: {registry: docker.io, repository: a, tag: b, digest: ''}");
      template(
        '{{ .Values.image.registry }}/{{ .Values.image.repository }}{{ ternary (printf ":%s" .Values.image.tag) (printf "@%s" .Values.image.digest) (empty .Values.image.digest) }}',
        '{app.kubernetes.io/version: "{{ .Values.image.tag }}"}',
      );
      const rendered = valueOf(await render());
      expect(rendered.yaml).toContain(`image: "registry:5000/appdev/java@${digest}"`);
      expect(rendered.yaml).toContain('app.kubernetes.io/version: "c0ffee"');
      expect(rendered.imageValues).toMatchObject({ digest: 'image.digest' });
    });

    it('are recognised if the template writes the algorithm of the digest itself', async () => {
      values("image: {repository: a, tag: b, digest: ''}");
      template('{{ .Values.image.repository }}@sha256:{{ .Values.image.digest }}');
      const rendered = valueOf(await render());
      expect(rendered.yaml).toContain(`image: "registry:5000/appdev/java@${digest}"`);
    });

    it('are recognised in a values file of the service, too', async () => {
      template(
        '{{ with .Values.image.registry }}{{ . }}/{{ end }}{{ .Values.image.repository }}:{{ .Values.image.tag }}',
      );
      write('company.yaml', 'image: {registry: registry.example.com}\n');
      expect(valueOf(await render({ values: ['company.yaml'] })).yaml).toContain(pushedReference);
    });

    it('go to several places at once', async () => {
      values('image: {repository: a, tag: b}\ninit: {registry: r, image: a, sha: b}');
      template('{{ .Values.image.repository }}:{{ .Values.image.tag }}');
      edit(
        'charts/web/templates/web.yaml',
        '      containers:',
        '      initContainers: [{name: up, image: "{{ .Values.init.registry }}/{{ .Values.init.image }}@sha256:{{ .Values.init.sha }}"}]\n      containers:',
      );
      const more = { registry: 'init.registry', repository: 'init.image', sha: 'init.sha' };
      const rendered = valueOf(await render({ moreImageValues: [more] }));
      expect(rendered.yaml).toContain(pushedReference);
      expect(rendered.yaml).toContain(`registry:5000/appdev/java@${digest}`);
    });

    it('name the value that puts another registry in front, and the line to write', async () => {
      values('image: {registry: docker.io, repository: a, tag: b}');
      template(split);
      const error = await errorOf({ imageValues: { repository: 'image.repository', tag: 'image.tag' } });
      expect(error.message).toContain('the value image.registry is "docker.io"');
      expect(error.hint).toContain(
        '`deploy.helm.imageValues: {registry: image.registry, repository: image.repository, tag: image.tag}`',
      );
    });

    it('name a registry for all charts that is in the way', async () => {
      values('global: {imageRegistry: r.example.com}\nimage: {registry: docker.io, repository: a, tag: b}');
      template(
        '{{ .Values.global.imageRegistry | default .Values.image.registry }}/{{ .Values.image.repository }}:{{ .Values.image.tag }}',
      );
      const { message, hint } = await errorOf();
      expect(message).toContain('the value global.imageRegistry is "r.example.com"');
      const imageValues = {
        registry: 'global.imageRegistry',
        repository: 'image.repository',
        tag: 'image.tag',
      };
      expect(hint).toContain(
        '`deploy.helm.imageValues: {registry: global.imageRegistry, repository: image.repository, tag: image.tag}`',
      );
      expect(valueOf(await render({ imageValues })).yaml).toContain(pushedReference);
    });

    it('are proposed from where the values have an image', async () => {
      values('backend: {image: {repository: a, tag: b}}\nimage: {pullPolicy: Always}');
      template('{{ .Values.backend.image.repository }}:{{ .Values.backend.image.tag }}');
      expect((await errorOf()).hint).toContain(
        '{repository: backend.image.repository, tag: backend.image.tag}',
      );
    });

    it.each([
      [
        'a label',
        '{app.kubernetes.io/version: "{{ .Values.image.tag }}"}',
        'the label app.kubernetes.io/version',
      ],
      ['a label that is cut', '{v: "{{ .Values.image.tag | trunc 63 }}"}', 'the label v'],
      ['a label with other characters', `{v: '{{ .Values.image.tag | replace "@" "_" }}'}`, 'the label v'],
    ])('refuse a digest in %s, and take the tag alone', async (_name, labels, field) => {
      template('{{ .Values.image.repository }}:{{ .Values.image.tag }}', labels);
      const { code, message, hint, evidence } = await errorOf();
      expect({ code, message }).toEqual({
        code: 'RENDER_FAILED',
        message: `chart charts/web puts image.tag into ${field} of Deployment/web, which cannot hold the digest that appdev appends to the tag`,
      });
      expect(evidence).toEqual(['in web/templates/web.yaml']);
      expect(hint).toContain('`deploy.helm.imageValues: {tagOnly: true}`');
      const imageValues = { repository: 'image.repository', tag: 'image.tag', tagOnly: true };
      const rendered = valueOf(await render({ imageValues }));
      expect(rendered.yaml).toContain('image: "registry:5000/appdev/java:c0ffee"');
      expect(rendered).toMatchObject({ artifact, byTag: ['web'] });
    });

    it('refuse a digest in a name', async () => {
      write(
        'charts/web/templates/job.yaml',
        'apiVersion: batch/v1\nkind: Job\nmetadata: {name: "migrate-{{ .Values.image.tag }}"}\n',
      );
      expect((await errorOf()).message).toContain('puts image.tag into the name of Job/migrate-c0ffee@');
    });

    it('name their own value if a schema of the chart refuses it', async () => {
      const schema = (image: object): string =>
        JSON.stringify({ properties: { image: { additionalProperties: false, properties: image } } });
      const tag = { pattern: '^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$' };
      write('charts/web/values.schema.json', schema({ repository: {}, tag }));
      const refused = await errorOf();
      expect(refused.message).toBe(
        'image.tag, which appdev sets to name the image of web, does not fit the schema of chart charts/web',
      );
      expect(refused.evidence?.join()).toContain('does not match pattern');
      expect(refused.hint).toContain('`deploy.helm.imageValues: {tagOnly: true}`');
      const imageValues = { repository: 'image.repository', tag: 'image.tag', tagOnly: true };
      expect(valueOf(await render({ imageValues })).yaml).toContain('appdev/java:c0ffee"');
      const unknown = await errorOf({ imageValues: { ...imageValues, registry: 'image.host' } });
      expect(unknown.message).toContain('image.host, which appdev sets');
    });
  });

  it('counts an image that only a hook uses, but not one of a test', async () => {
    edit(
      'charts/web/templates/web.yaml',
      '"{{ .Values.image.repository }}:{{ .Values.image.tag }}"',
      'example.com/fixed:1',
    );
    valueOf(await render({ set: { hook: true } }));
    expect((await errorOf({ set: { hook: true, hookEvents: 'test' } })).code).toBe('IMAGE_NOT_USED');
  });

  it.each([
    ['charts/wbe', 'there is no chart at charts/wbe', 'did you mean `chart: charts/web`?'],
    ['charts/web/templates', 'charts/web/templates has no Chart.yaml', 'did you mean `chart: charts/web`?'],
    ['deploy/chart', 'there is no chart at deploy/chart', 'did you mean `chart: charts/web`?'],
  ])('names the nearest chart to %s', async (chart, message, hint) => {
    expect(await errorOf({ chart })).toMatchObject({ code: 'CHART_MISSING', message, hint });
  });

  it('names the nearest values file', async () => {
    write('values-dev.yaml', '');
    expect(await errorOf({ values: ['valeus-dev.yaml'] })).toMatchObject({
      code: 'RENDER_FAILED',
      message: 'the values file valeus-dev.yaml does not exist',
      hint: 'did you mean values-dev.yaml?',
    });
  });

  it('shows the error of a values file, and not a key that is there twice, which helm takes', async () => {
    write('bad.yaml', 'a: 1\na: 2\nb: [1, 2\nc: 3\n');
    const { diagnostics } = await errorOf({ values: ['bad.yaml'] });
    expect(diagnostics?.length).toBeGreaterThan(0);
    expect(diagnostics?.filter(({ message: said }) => said.includes('unique'))).toEqual([]);
  });

  it('shows the place of a YAML error in a values file', async () => {
    write('bad.yaml', 'a: 1\nb: [1, 2\nc: 3\n');
    const { code, message, diagnostics } = await errorOf({ values: ['bad.yaml'] });
    expect({ code, message }).toEqual({
      code: 'RENDER_FAILED',
      message: 'the values file bad.yaml is not valid YAML',
    });
    expect(diagnostics?.[0]).toMatchObject({ file: 'bad.yaml', line: 3, excerpt: 'c: 3' });
  });

  it.each([
    ['nil pointer', '{{ .Values.nope.deeper }}', 'nil pointer evaluating interface {}.deeper'],
    ['required', '{{ required "set greeting.text" .Values.nope }}', 'set greeting.text'],
    ['fail', '{{ fail "not like this" }}', 'not like this'],
    ['unknown template', '{{ include "nope" . }}', 'no template "nope"'],
    ['parse error', '{{ if }}', 'missing value for if'],
  ])('shows the place of a template error: %s', async (_name, template, cause) => {
    write('charts/web/templates/broken.yaml', `# a comment\na: ${template}\n`);
    const { code, message, diagnostics } = await errorOf();
    expect({ code, message }).toEqual({
      code: 'RENDER_FAILED',
      message: 'chart charts/web of service web does not render',
    });
    expect(diagnostics?.[0]).toMatchObject({
      file: 'charts/web/templates/broken.yaml',
      line: 2,
      excerpt: `a: ${template}`,
    });
    expect(diagnostics?.[0]?.message).toContain(cause);
  });

  it('shows the rendered lines around invalid YAML, but none of a Secret', async () => {
    const broken = (kind: string): string =>
      `apiVersion: v1\nkind: ${kind}\nmetadata:\n  name: x\ndata:\n  a: b\n c: d\n`;
    write('charts/web/templates/broken.yaml', broken('ConfigMap'));
    const error = await errorOf();
    expect(error.diagnostics?.[0]).toMatchObject({ file: 'charts/web/templates/broken.yaml' });
    expect(error.evidence?.join('\n')).toContain('|  c: d');
    write('charts/web/templates/broken.yaml', broken('Secret'));
    expect((await errorOf()).evidence).toEqual([]);
  });

  it('names the template that renders to no object', async () => {
    write('charts/web/templates/broken.yaml', 'a: b\n');
    expect((await errorOf()).diagnostics?.[0]).toMatchObject({
      message: '`apiVersion` is missing or not a string',
      file: 'web/templates/broken.yaml',
    });
  });

  it('lists what values do not fit in a schema', async () => {
    write(
      'charts/web/values.schema.json',
      '{"type": "object", "properties": {"replicas": {"type": "integer"}}}',
    );
    const { message, evidence } = await errorOf({ set: { replicas: 'many' } });
    expect(message).toBe('the values of web do not fit the schema of chart charts/web');
    expect(evidence?.join('\n')).toContain('/replicas');
  });

  it('packs the charts that a chart depends on: once, and again when their source changed', async () => {
    cpSync(join(folder, 'charts/web'), join(folder, 'charts/db'), { recursive: true });
    edit('charts/db/Chart.yaml', 'name: web', 'name: db');
    rmSync(join(folder, 'charts/db/templates/web.yaml'));
    write(
      'charts/db/templates/map.yaml',
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: db}\ndata: {a: first}\n',
    );
    write(
      'charts/web/Chart.yaml',
      `${readFileSync(join(folder, 'charts/web/Chart.yaml'), 'utf8')}dependencies:\n  - {name: db, version: 0.1.0, repository: "file://../db"}\n`,
    );
    const builds = (): number => commands.filter(({ args }) => args.includes('dependency')).length;
    expect(valueOf(await render()).yaml).toContain('a: first');
    expect(builds()).toBe(1);
    valueOf(await render());
    expect(builds()).toBe(1);
    write(
      'charts/db/templates/map.yaml',
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: db}\ndata: {a: second}\n',
    );
    // Whatever the file system's clock resolves, the source is newer than the archive.
    const later = Date.now() / 1000 + 10;
    utimesSync(join(folder, 'charts/db/templates/map.yaml'), later, later);
    expect(valueOf(await render()).yaml).toContain('a: second');
    expect(builds()).toBe(2);

    // Another version of the source, without a newer date, and Chart.yaml asks for it.
    const lock = join(folder, 'charts/web/Chart.lock');
    edit('charts/db/Chart.yaml', 'version: 0.1.0', 'version: 0.2.0');
    write(
      'charts/db/templates/map.yaml',
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: db}\ndata: {a: third}\n',
    );
    for (const file of ['Chart.yaml', 'templates', 'templates/map.yaml'])
      utimesSync(join(folder, 'charts/db', file), 1, 1);
    edit('charts/web/Chart.yaml', 'name: db, version: 0.1.0', 'name: db, version: 0.2.0');
    rmSync(lock);
    expect(valueOf(await render()).yaml).toContain('a: third');
    expect(builds()).toBe(3);

    edit('charts/db/Chart.yaml', 'version: 0.2.0', 'version: 0.3.0');
    const { message, hint } = await errorOf();
    expect(message).toBe('chart charts/web of web depends on db, which helm cannot fetch');
    expect(hint).toBe('helm dependency update charts/web');
  });

  it('packs what a local chart depends on before it packs that chart', async () => {
    const chart = (name: string, dependency: string): void => {
      write(
        `charts/${name}/Chart.yaml`,
        `apiVersion: v2\nname: ${name}\nversion: 0.1.0\ndependencies:\n  - {name: ${dependency}, version: 0.1.0, repository: "file://../${dependency}"}\n`,
      );
    };
    const map = (text: string): void => {
      write(
        'charts/inner/templates/map.yaml',
        `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: inner}\ndata: {a: ${text}}\n`,
      );
    };
    chart('web', 'outer');
    chart('outer', 'inner');
    write('charts/inner/Chart.yaml', 'apiVersion: v2\nname: inner\nversion: 0.1.0\n');
    map('first');
    // A command that only looks packs them elsewhere.
    const files = (): string[] => readdirSync(join(folder, 'charts'), { recursive: true }).map(String).sort();
    const cloned = files();
    const looked = valueOf(await render({}, artifact, [], true));
    expect(looked.yaml).toContain('a: first');
    expect(files()).toEqual(cloned);
    expect(commands.filter(({ args }) => args.includes('dependency'))).toEqual([]);

    expect(valueOf(await render())).toMatchObject({ yaml: looked.yaml, hash: looked.hash });
    map('second');
    const built = files();
    expect(valueOf(await render({}, artifact, [], true)).yaml).toContain('a: second');
    expect(files()).toEqual(built);
    expect(valueOf(await render()).yaml).toContain('a: second');
  });

  it('renders the charts and values of the fixture', async () => {
    const fixture = join(repository, 'fixtures/spring-app');
    for (const [path, chart, values] of [
      ['.', 'deploy/chart', 'deploy/values-dev.yaml'],
      ['stock', 'stock/deploy/chart', 'stock/deploy/values-dev.yaml'],
    ] as const) {
      const renderer = createRenderer({
        run: runProcess,
        project: 'shop',
        root: fixture,
        namespaceFor: () => 'dev',
        tools: { helm },
      });
      const service = deployedService(fixture, { chart, values: [values] });
      const rendered = valueOf(await renderer.render({ ...service, path }, artifact, recordedContext()));
      expect(rendered.yaml).toContain(pushedReference);
    }
  });
});

it('says that helm is missing, and which one is too old', async () => {
  const rendererWith = (run: typeof runProcess) =>
    createRenderer({
      run,
      project: 'shop',
      root: folder,
      namespaceFor: () => 'dev',
      tools: { helm: 'helm-of-nowhere' },
    });
  const service = deployedService(folder, {});
  const missing = await rendererWith(runProcess).render(service, artifact, recordedContext());
  expect(missing).toMatchObject({ kind: 'failed', error: { code: 'TOOL_MISSING' } });
  const fakeOldHelm = rendererWith(
    async () =>
      await Promise.resolve({ kind: 'exited', exitCode: 0, stdout: 'v3.12.3', stderr: '', lines: [], ms: 1 }),
  );
  const old = await fakeOldHelm.render(service, artifact, recordedContext());
  expect(old).toMatchObject({
    kind: 'failed',
    error: { code: 'TOOL_TOO_OLD', message: expect.stringContaining('v3.12.3') as string },
  });
});
