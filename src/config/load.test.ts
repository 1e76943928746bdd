/** Loading a project from real files: search, profiles, personal files, variables, origins, and what comes out. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { diagnosticLines } from '../core/diagnostic.ts';
import type { AppdevError } from '../core/errors.ts';
import { loadProject, type LoadedProject, type LoadOptions } from './load.ts';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'appdev-load-'));
  write({ 'deploy/chart/Chart.yaml': '', 'deploy/values-dev.yaml': '', 'deploy/values-prod.yaml': '' });
});
afterEach(() => rmSync(root, { recursive: true }));

function write(files: Record<string, string | Uint8Array>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), content);
  }
}

const plain = `apiVersion: appdev/v1
name: shop
services:
  orders:
    jar: {}
    deploy: {helm: {chart: deploy/chart, values: [deploy/values-dev.yaml]}}
`;

type Changes = Partial<LoadOptions>;

async function load(changes: Changes = {}): Promise<Awaited<ReturnType<typeof loadProject>>> {
  const base: LoadOptions = {
    cwd: root,
    profiles: [],
    autoActivation: true,
    variables: {},
    personalFiles: true,
    kubeContext: undefined,
    command: 'dev',
  };
  return await loadProject({ ...base, ...changes });
}

async function loaded(changes: Changes = {}): Promise<LoadedProject> {
  const outcome = await load(changes);
  if (outcome.kind !== 'ok') throw new Error(JSON.stringify(outcome, undefined, 2));
  return outcome.value;
}

async function refused(changes: Changes = {}): Promise<AppdevError> {
  const outcome = await load(changes);
  if (outcome.kind !== 'failed') throw new Error('it was accepted');
  return outcome.error;
}

function linesOf(error: AppdevError): string[] {
  return (error.diagnostics ?? []).flatMap(diagnosticLines);
}

describe('the search for appdev.yaml', () => {
  it('goes upwards to the git root', async () => {
    write({ 'appdev.yaml': plain, '.git/HEAD': '', 'a/b/x': '' });
    const { config } = await loaded({ cwd: join(root, 'a/b') });
    expect(config.file).toBe(join(root, 'appdev.yaml'));
    expect(config.root).toBe(root);
  });

  it('goes no further than the git root', async () => {
    write({ 'appdev.yaml': plain, 'a/.git': 'gitdir: elsewhere', 'a/b/x': '' });
    const error = await refused({ cwd: join(root, 'a/b') });
    expect(error.code).toBe('CONFIG_NOT_FOUND');
    expect(error.message).toBe(
      `there is no appdev.yaml in ${join(root, 'a/b')} or above it up to ${join(root, 'a')}`,
    );
  });

  it('stays in the folder outside of a git repository', async () => {
    write({ 'appdev.yaml': plain, 'a/x': '' });
    const error = await refused({ cwd: join(root, 'a') });
    expect(error.message).toBe(`there is no appdev.yaml in ${join(root, 'a')}`);
  });

  it('shows an example file in its hint, and the example is valid', async () => {
    const { hint = '' } = await refused();
    const [, example = ''] = hint.split('create one beside the pom.xml:\n');
    write({ 'appdev.yaml': example });
    expect((await loaded()).config.services).toHaveLength(1);
  });

  it('says that it does not read an appdev.yml, and proposes to rename it', async () => {
    write({ 'appdev.yml': plain });
    expect(await refused()).toMatchObject({
      code: 'CONFIG_NOT_FOUND',
      hint: `rename ${join(root, 'appdev.yml')} to appdev.yaml`,
    });
  });

  it('takes the file of -f, with paths from its folder', async () => {
    write({ 'sub/shop.yaml': plain, 'sub/deploy/chart/Chart.yaml': '', 'sub/deploy/values-dev.yaml': '' });
    const { config } = await loaded({ file: 'sub/shop.yaml' });
    expect(config.services[0]?.deploy).toMatchObject({ chart: join(root, 'sub/deploy/chart') });
  });

  it.each<[string, Record<string, string | Uint8Array>, Partial<AppdevError>]>([
    ['missing.yaml', {}, { code: 'CONFIG_NOT_FOUND', message: 'missing.yaml does not exist' }],
    ['deploy', {}, { code: 'CONFIG_INVALID', message: 'deploy cannot be read: it is a folder' }],
    [
      'empty.yaml',
      { 'empty.yaml': '# nothing\n' },
      { code: 'CONFIG_INVALID', message: 'empty.yaml is empty' },
    ],
    [
      'latin1',
      { latin1: Uint8Array.of(0x61, 0xe4) },
      { code: 'CONFIG_INVALID', message: 'latin1 is not UTF-8 text' },
    ],
    ['big', { big: '#'.repeat(1_048_577) }, { code: 'CONFIG_INVALID', message: 'big is larger than 1 MB' }],
  ])('refuses -f %s', async (file, files, expected) => {
    write(files);
    expect(await refused({ file })).toMatchObject(expected);
  });

  it('refuses a file that it cannot read', async () => {
    write({ 'appdev.yaml': plain });
    chmodSync(join(root, 'appdev.yaml'), 0);
    chmodSync(root, 0o755);
    // Root may read everything, so as root the test reads as nobody.
    const isRoot = process.geteuid?.() === 0;
    if (isRoot) process.seteuid?.(65534);
    try {
      expect(await refused()).toMatchObject({ message: 'appdev.yaml cannot be read: permission denied' });
    } finally {
      if (isRoot) process.seteuid?.(0);
    }
  });

  it('reads a file with a byte order mark and CRLF', async () => {
    write({ 'appdev.yaml': `\uFEFF${plain.replaceAll('\n', '\r\n')}` });
    expect((await loaded()).config.name).toBe('shop');
  });
});

describe('the project', () => {
  it('repeats shared values of a key x-… by anchors, also in appdev.local.yaml', async () => {
    write({
      'appdev.yaml': `x-deploy: &deploy {deadline: 90s, restartsAllowed: 0}\n${plain.replace('{helm:', '{<<: *deploy, helm:')}`,
      'appdev.local.yaml': 'x-more: &more {context: kind-mine}\ncluster: *more\n',
    });
    const { config, document } = await loaded();
    expect(config.services[0]?.deploy).toMatchObject({ deadlineMs: 90_000, restartsAllowed: 0 });
    expect(config.cluster.context).toBe('kind-mine');
    expect(Object.keys(document)).not.toContain('x-deploy');
  });

  it('has every default and absolute paths', async () => {
    write({ 'appdev.yaml': plain });
    const { config } = await loaded();
    expect(config).toEqual({
      file: join(root, 'appdev.yaml'),
      root,
      name: 'shop',
      profiles: [],
      cluster: { allow: [], createNamespace: true },
      keepImages: 5,
      ignore: [],
      files: [join(root, 'appdev.yaml'), join(root, 'appdev.local.yaml'), join(root, '.env')],
      services: [
        {
          name: 'orders',
          path: root,
          jar: { tool: 'auto', args: [], tests: 'auto' },
          image: {
            repository: 'orders',
            builder: 'buildah',
            source: { kind: 'layers', base: 'eclipse-temurin:17-jre' },
          },
          deploy: {
            kind: 'helm',
            chart: join(root, 'deploy/chart'),
            release: 'orders',
            values: [join(root, 'deploy/values-dev.yaml')],
            set: {},
            deadlineMs: 300_000,
            restartsAllowed: 2,
          },
          dev: { trigger: 'auto', forward: [] },
          needs: [],
        },
      ],
    });
  });

  it('carries over everything that is written', async () => {
    write({
      'appdev.yaml': `apiVersion: appdev/v1
name: shop
cluster: {context: kind-shop, allow: [team-dev], namespace: dev, createNamespace: false}
registry: {push: "localhost:5001", insecure: true}
keepImages: 1
ignore: ["*.md"]
services:
  "10": {deploy: {manifests: [./deploy/*.yaml, deploy/values-dev.yaml]}}
  orders:
    path: src
    jar: {tool: maven, module: app, args: [-Pfast], tests: run}
    image: {repository: shop/orders, containerfile: src/Containerfile, context: ., buildArgs: {A: 1, B: true, C: "1.10"}}
    deploy:
      helm: {chart: "oci://registry.example.com/charts/x", release: r, set: {a.b: 1, c: "1.10"}, imageValues: {tag: t}}
      namespace: other
      deadline: 90s
      restartsAllowed: 0
    dev: {trigger: manual, forward: ["8080:80", "8081:81"]}
    needs: ["10", "10"]
  "2": {deploy: {kustomize: {path: deploy/overlay}}}
  built:
    path: src
    image:
      builder: command
      containerfile: src/Containerfile
      command: {run: [./build.sh, ""], env: {A: 1, B: x}, dependencies: ["src/**", deploy/values-dev.yaml]}
    deploy: {manifests: [deploy/values-dev.yaml]}
`,
      'src/Containerfile': '',
      'deploy/overlay/kustomization.yaml': '',
    });
    const { config } = await loaded();
    expect(config).toMatchObject({
      cluster: { context: 'kind-shop', allow: ['team-dev'], namespace: 'dev', createNamespace: false },
      registry: { push: 'localhost:5001', pull: 'localhost:5001', insecure: true },
      keepImages: 1,
      ignore: ['*.md'],
    });
    // In the order of the file, although these names are numbers to JavaScript.
    expect(config.services.map(({ name }) => name)).toEqual(['10', 'orders', '2', 'built']);
    expect(config.services).toMatchObject([
      { deploy: { kind: 'manifests', files: [`${root}/deploy/*.yaml`, `${root}/deploy/values-dev.yaml`] } },
      {
        path: join(root, 'src'),
        jar: { tool: 'maven', module: 'app', args: ['-Pfast'], tests: 'run' },
        image: {
          repository: 'shop/orders',
          source: {
            kind: 'containerfile',
            containerfile: join(root, 'src/Containerfile'),
            context: root,
            buildArgs: { A: '1', B: 'true', C: '1.10' },
          },
        },
        deploy: {
          chart: 'oci://registry.example.com/charts/x',
          release: 'r',
          set: { 'a.b': 1, c: '1.10' },
          imageValues: { repository: 'image.repository', tag: 't' },
          namespace: 'other',
          deadlineMs: 90_000,
          restartsAllowed: 0,
        },
        dev: {
          trigger: 'manual',
          forward: [
            { localPort: 8080, remotePort: 80 },
            { localPort: 8081, remotePort: 81 },
          ],
        },
        needs: ['10'],
      },
      { deploy: { kind: 'kustomize', path: join(root, 'deploy/overlay') } },
      {
        image: {
          repository: 'built',
          builder: 'command',
          source: {
            kind: 'command',
            run: ['./build.sh', ''],
            env: { A: '1', B: 'x' },
            context: join(root, 'src'),
            containerfile: join(root, 'src/Containerfile'),
            dependencies: [`${root}/src/**`, `${root}/deploy/values-dev.yaml`],
          },
        },
      },
    ]);
    expect(config.services[0]).not.toHaveProperty('image');
    expect(config.services[0]).not.toHaveProperty('jar');
  });

  it('keeps its own folder in patterns as it is', async () => {
    write({
      'a[1]/x.yaml': '',
      'a[1]/appdev.yaml':
        'apiVersion: appdev/v1\nname: a\nservices: {s: {deploy: {manifests: ["*.yaml"]}}}\n',
    });
    const { config } = await loaded({ cwd: join(root, 'a[1]') });
    expect(config.services[0]?.deploy).toMatchObject({ files: [`${root}/a[1]/*.yaml`] });
  });
});

const withProfiles = `${plain}profiles:
  - name: ci
    activation: [{env: "CI=true"}]
    overlay: {keepImages: 9}
  - name: prod
    activation: [{kubeContext: "!kind-.*", command: run}]
    overlay: {registry: {push: registry.example.com/shop}}
    patches: [{path: /services/orders/deploy/helm/values/0, value: deploy/values-prod.yaml}]
  - name: broken
    patches: [{path: /services/ordres/path, value: x}]
`;

describe('profiles', () => {
  beforeEach(() => write({ 'appdev.yaml': withProfiles }));

  it('apply by -p: the overlay, then the patches', async () => {
    const { config, activeProfiles } = await loaded({ profiles: ['prod'] });
    expect(config.profiles).toEqual(['prod']);
    expect(config.registry?.push).toBe('registry.example.com/shop');
    expect(config.services[0]?.deploy).toMatchObject({ values: [join(root, 'deploy/values-prod.yaml')] });
    expect(activeProfiles).toEqual([{ name: 'prod', reason: '-p', byContext: false }]);
  });

  it('apply with variables in names, which are checked after they are filled in', async () => {
    const overlay = 'registry: {push: "${HOST}/${PROJECT}"}, keepImages: 7';
    write({ 'appdev.yaml': `${plain}profiles:\n  - name: prod\n    overlay: {${overlay}}\n` });
    const variables = { HOST: 'registry.example.com', PROJECT: 'shop' };
    const { config } = await loaded({ profiles: ['prod'], variables });
    expect([config.registry?.push, config.keepImages]).toEqual(['registry.example.com/shop', 7]);
    const wrong = linesOf(
      await refused({ profiles: ['prod'], variables: { ...variables, PROJECT: 'Shop Two' } }),
    );
    expect(wrong.filter((line) => line.includes('error:'))).toEqual([
      expect.stringContaining('appdev.yaml:9:32: error: registry.push'),
    ]);
  });

  it.each([
    ['name', 'name: "${STAGE}"'],
    ['place of a patch', 'name: a\n    patches: [{op: remove, path: "${STAGE}"}]'],
  ])('have no variable for a %s, and say so', async (_what, profile) => {
    write({ 'appdev.yaml': `${plain}profiles:\n  - ${profile}\n` });
    expect(linesOf(await refused()).join('\n')).toMatch(/appdev.yaml:\d+:\d+: error: .*STAGE/);
  });

  it('report a mistake in an overlay only once', async () => {
    write({ 'appdev.yaml': `${plain}profiles:\n  - name: prod\n    overlay: {keepImages: no}\n` });
    const { diagnostics } = await refused({ profiles: ['prod'] });
    expect(diagnostics).toHaveLength(1);
  });

  it('apply by activation, those of -p last', async () => {
    const active = async (changes: Changes): Promise<readonly string[]> =>
      (await loaded(changes)).config.profiles;
    expect(await active({ variables: { CI: 'true' } })).toEqual(['ci']);
    expect(await active({ command: 'run', currentContext: 'team' })).toEqual(['prod']);
    expect(await active({ command: 'run', currentContext: 'kind-x' })).toEqual([]);
    expect(await active({ command: 'run', kubeContext: 'kind-x', currentContext: 'team' })).toEqual([]);
    expect(await active({ command: 'run' })).toEqual(['prod']);
    expect(await active({ variables: { CI: 'true' }, profiles: ['prod'] })).toEqual(['ci', 'prod']);
    expect(await active({ variables: { CI: 'true' }, profiles: ['-ci'] })).toEqual([]);
    expect(await active({ variables: { CI: 'true' }, autoActivation: false })).toEqual([]);
  });

  it('are activated by the context that the project names, not by the current one', async () => {
    write({
      'appdev.yaml': withProfiles.replace('services:', 'cluster: {context: "${CTX:-kind-shop}"}\nservices:'),
    });
    const active = async (changes: Changes): Promise<readonly string[]> =>
      (await loaded({ command: 'run', currentContext: 'team', ...changes })).config.profiles;
    expect(await active({})).toEqual([]);
    expect(await active({ variables: { CTX: 'team' } })).toEqual(['prod']);
    expect(await active({ kubeContext: 'team' })).toEqual(['prod']);
    write({ 'appdev.local.yaml': 'cluster: {context: team}\n' });
    expect(await active({})).toEqual(['prod']);
  });

  it('must not change the context that activated them', async () => {
    write({
      'appdev.yaml': `${plain}profiles:
  - name: local
    activation: [{kubeContext: kind-.*}]
    overlay: {cluster: {context: team}}
`,
    });
    const error = await refused({ currentContext: 'kind-x' });
    expect(linesOf(error)).toEqual([
      'appdev.yaml:10:34: error: profile local is active because the context is kind-x, but the profiles change the context to team',
      '  10 |     overlay: {cluster: {context: team}}',
      '     |                                  ^^^^',
      '  hint: choose the context on the command line: --kube-context team',
    ]);
    expect((await loaded({ kubeContext: 'kind-x' })).config.profiles).toEqual(['local']);
    expect((await loaded({ profiles: ['local'], autoActivation: false })).config.cluster.context).toBe(
      'team',
    );
  });

  it.each([
    [['prdo'], 'there is no profile "prdo" in appdev.yaml', 'did you mean -p prod?'],
    [['-xyz'], 'there is no profile "xyz" in appdev.yaml', 'profiles: ci, prod, broken'],
  ])('are unknown: %j', async (profiles, message, hint) => {
    expect(await refused({ profiles })).toEqual({ code: 'PROFILE_UNKNOWN', message, hint });
  });

  it('are unknown if there are none', async () => {
    write({ 'appdev.yaml': plain });
    expect(await refused({ profiles: ['prod'] })).toMatchObject({ hint: 'appdev.yaml has no profiles' });
  });

  it('report a patch that does not fit, with profile, path and place', async () => {
    expect(linesOf(await refused({ profiles: ['broken'] }))).toEqual([
      'appdev.yaml:16:22: error: profile broken, patch replace /services/ordres/path: there is no key "ordres" in /services',
      '  16 |     patches: [{path: /services/ordres/path, value: x}]',
      '     |                      ^^^^^^^^^^^^^^^^^^^^^',
      '  hint: did you mean orders?',
    ]);
  });

  it('may supply what the file itself leaves out, and an error says what nothing supplies', async () => {
    const text = `apiVersion: appdev/v1
name: shop
services: {orders: {jar: {}}}
profiles:
  - name: helm
    overlay: {services: {orders: {deploy: {helm: {chart: deploy/chart}}}}}
`;
    write({ 'appdev.yaml': text });
    expect((await loaded({ profiles: ['helm'] })).config.services[0]?.deploy.kind).toBe('helm');
    expect(linesOf(await refused())[0]).toBe('appdev.yaml:3:12: error: services.orders.deploy is missing');
  });
});

describe('appdev.local.yaml and .env', () => {
  it('lies over everything else', async () => {
    write({
      'appdev.yaml': withProfiles,
      'appdev.local.yaml': 'keepImages: 1\nregistry: {push: "localhost:5001"}\n',
    });
    const { config } = await loaded({ profiles: ['prod', 'ci'] });
    expect(config.keepImages).toBe(1);
    expect(config.registry?.push).toBe('localhost:5001');
  });

  it('has its mistakes shown beside those of appdev.yaml, each at its file', async () => {
    write({
      'appdev.yaml': `${plain}keepImags: 1\n`,
      'appdev.local.yaml': 'nmae: x\nprofiles: []\nservices: {orders: {path: 1}}\n',
    });
    const error = await refused();
    expect(error.message).toBe('appdev.yaml and appdev.local.yaml have 4 errors');
    expect(
      error.diagnostics?.map(({ file, line, message }) => `${file ?? ''}:${line ?? 0} ${message}`),
    ).toEqual([
      'appdev.yaml:7 unknown key "keepImags"',
      'appdev.local.yaml:1 unknown key "nmae"',
      'appdev.local.yaml:2 unknown key "profiles"',
      'appdev.local.yaml:3 services.orders.path: expected a string, found the number 1',
    ]);
  });

  it('has its syntax errors shown', async () => {
    write({ 'appdev.yaml': plain, 'appdev.local.yaml': 'a: [\n' });
    expect((await refused()).diagnostics?.[0]).toMatchObject({ file: 'appdev.local.yaml' });
  });

  it('feeds variables, below those of the process', async () => {
    write({ 'appdev.yaml': plain.replace('name: shop', 'name: "${A}-${B}"'), '.env': 'A=file\nB=file\n' });
    expect((await loaded({ variables: { B: 'process' } })).config.name).toBe('file-process');
  });

  it('activates profiles', async () => {
    write({ 'appdev.yaml': withProfiles.replace('CI=true', 'STAGE=x'), '.env': 'STAGE=x\n' });
    expect((await loaded()).config.profiles).toEqual(['ci']);
  });

  it('counts only where it is wanted', async () => {
    write({ 'appdev.yaml': plain, 'appdev.local.yaml': 'keepImages: 1\n', '.env': 'broken' });
    const here = await loaded();
    expect([here.config.keepImages, here.config.files.length]).toEqual([1, 3]);
    const inCi = await loaded({ personalFiles: false });
    expect([inCi.config.keepImages, inCi.config.files.length]).toEqual([5, 1]);
  });

  it('does not let .env decide whether this is CI', async () => {
    write({ 'appdev.yaml': plain, 'appdev.local.yaml': 'keepImages: 1\n', '.env': 'CI=true' });
    expect((await loaded()).config.keepImages).toBe(1);
  });

  it('warns about files that end in .yml', async () => {
    write({ 'appdev.yaml': plain, 'appdev.local.yml': 'keepImages: 1\n' });
    const { warnings } = await loaded();
    expect(warnings.flatMap(diagnosticLines)).toEqual([
      'appdev.local.yml: warning: appdev does not read appdev.local.yml',
      '  hint: rename it to appdev.local.yaml',
    ]);
  });
});

describe('what can be printed', () => {
  it('is the effective project with the origin of every value', async () => {
    write({ 'appdev.yaml': withProfiles, 'appdev.local.yaml': 'cluster: {namespace: mine}\n' });
    const project = await loaded({ profiles: ['prod'] });
    await expect(project.printEffective({ origin: true })).toMatchFileSnapshot(
      'golden/effective-with-origins.txt',
    );
    expect(project.originOf(['registry', 'push'])).toMatchObject({ line: 13, column: 32, profile: 'prod' });
    expect(project.originOf(['keepImages'])).toBeUndefined();
  });

  it('is itself an appdev.yaml', async () => {
    write({ 'appdev.yaml': withProfiles });
    const project = await loaded({ profiles: ['prod'] });
    write({ 'appdev.yaml': project.printEffective({ origin: false }) });
    const again = await loaded();
    expect({ ...again.config, profiles: ['prod'] }).toEqual(project.config);
  });

  it('shows secrets as their variables, also in messages', async () => {
    const variables = { DB_PASSWORD: 'hunter2!', TOKEN_FILE: 'sesame' };
    const secret = plain.replace(
      'chart: deploy/chart',
      'chart: deploy/chart, set: {db.password: "x ${DB_PASSWORD}"}',
    );
    write({ 'appdev.yaml': secret });
    const project = await loaded({ variables });
    expect(project.config.services[0]?.deploy).toMatchObject({ set: { 'db.password': 'x hunter2!' } });
    expect(project.secrets).toEqual(['hunter2!']);
    expect(project.printEffective({ origin: true })).toContain(
      'db.password: x ${DB_PASSWORD} # appdev.yaml:6:',
    );
    expect(JSON.stringify(project.document)).not.toContain('hunter2');

    write({
      'appdev.yaml':
        `${secret}    needs: ["\${DB_PASSWORD}"]\n    path: "\${TOKEN_FILE}"\nname2: 1\n`.replace(
          'name: shop',
          'name: "${DB_PASSWORD}"',
        ),
    });
    const shown = JSON.stringify(await refused({ variables }));
    expect(shown).toContain('there is no service');
    expect(shown).toContain('does not exist');
    expect(shown).not.toMatch(/hunter2|sesame/);
  });
});

describe('the fixture', () => {
  const cwd = resolve(import.meta.dirname, '../../fixtures/spring-app');

  it.each<[string, Changes, string]>([
    ['dev', {}, 'helm'],
    ['-p prod', { command: 'run', profiles: ['prod'] }, 'helm'],
    ['-p kustomize', { profiles: ['kustomize'] }, 'kustomize'],
    ['-p kustomize-prod', { command: 'run', profiles: ['kustomize-prod'] }, 'kustomize'],
  ])('is a project of two services by %s', async (_, changes, kind) => {
    const { config } = await loaded({ cwd, ...changes });
    expect(config.services.map(({ name, needs, deploy }) => [name, needs, deploy.kind])).toEqual([
      ['orders', ['stock'], kind],
      ['stock', [], kind],
    ]);
  });
});
