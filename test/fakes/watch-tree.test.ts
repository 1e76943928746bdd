/** What trees contain beside sources, and what counts as an input of which kind. Real folders, real special files. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ProjectConfig, ServiceConfig } from '../../src/config/model.ts';
import { failed, ok, type Outcome } from '../../src/core/outcome.ts';
import { createScanner } from '../../src/watch/scanner.ts';
import type { InputScanner, Scan } from '../../src/watch/types.ts';
import type { Note } from '../../src/watch/walk.ts';
import { fakeChart, fakeProject, fakeService } from '../support/fake-loop-parts.ts';

let root: string;
let notes: Note[];
let jarInputs: Outcome<readonly string[]>;
/** Of `jarInputs`. */
let jarSources: readonly string[];
let jarOutputs: readonly string[];

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'appdev-tree-')));
  notes = [];
  jarInputs = ok([at('pom.xml'), at('src/main'), at('src/test')]);
  jarSources = [];
  jarOutputs = [];
  write({
    'pom.xml': '<project/>',
    'src/main/java/App.java': 'class App {}',
    'src/test/java/T.java': 'class T {}',
  });
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

const at = (path: string): string => join(root, path);
function write(files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(at(path)), { recursive: true });
    writeFileSync(at(path), text);
  }
}

function app(more: Partial<ServiceConfig> = {}): ServiceConfig {
  const service = fakeService('orders', { reactor: root });
  return {
    ...service,
    deploy: { ...service.deploy, chart: at('chart') } as ServiceConfig['deploy'],
    ...more,
  };
}

function projectOf(service: ServiceConfig, more: Partial<ProjectConfig> = {}): ProjectConfig {
  return { ...fakeProject([service]), root, file: at('appdev.yaml'), files: [at('appdev.yaml')], ...more };
}

function scannerOf(service: ServiceConfig, more: Partial<ProjectConfig> = {}, tests = false): InputScanner {
  return createScanner({
    config: projectOf(service, more),
    jarBuilder: {
      inputsOf: () =>
        Promise.resolve(
          jarInputs.kind === 'ok'
            ? ok({ paths: jarInputs.value, sources: jarSources, outputs: jarOutputs })
            : jarInputs,
        ),
    },
    testsRun: () => tests,
    now: () => Date.now() + 3_600_000,
    note: (_service, note) => notes.push(note),
    toolchain: 'jdk 17',
    target: 'localhost:5001',
  });
}

const namesOf = (scan: Scan): string[] => [...scan.files.keys()].map((path) => relative(root, path)).sort();

describe('special files', () => {
  it('symlink loops, FIFOs, sockets and dangling links are left out, with one note each', async () => {
    const java = at('src/main/java');
    symlinkSync('..', join(java, 'up'));
    symlinkSync('.', join(java, 'self'));
    symlinkSync(root, join(java, 'top'));
    symlinkSync('nowhere', join(java, 'dangling'));
    execFileSync('mkfifo', [join(java, 'fifo')]);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(join(java, 'socket'), resolve));
    try {
      const scanner = scannerOf(app());
      const scan = await scanner.scan(app());
      expect(namesOf(scan)).toEqual(['pom.xml', 'src/main/java/App.java', 'src/test/java/T.java']);
      await scanner.scan(app());
      expect(notes.map(({ path, why }) => `${relative(java, path)} ${why}`).sort()).toEqual([
        'fifo special',
        'self loop',
        'socket special',
        'top loop',
        'up loop',
      ]);
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });

  it('a FIFO that takes the place of a file is not opened', async () => {
    const scanner = scannerOf(app());
    await scanner.scan(app());
    rmSync(at('src/main/java/App.java'));
    execFileSync('mkfifo', [at('src/main/java/App.java')]);
    expect(namesOf(await scanner.scan(app()))).toEqual(['pom.xml', 'src/test/java/T.java']);
  });

  it('links to folders are followed once, and what is behind them counts', async () => {
    write({ 'shared/S.java': 'class S {}', 'shared/in/I.java': 'class I {}' });
    symlinkSync('../../../shared', at('src/main/java/a'));
    symlinkSync('../../../shared', at('src/main/java/b'));
    const scanner = scannerOf(app());
    const before = await scanner.scan(app());
    expect(namesOf(before)).toContain('src/main/java/a/in/I.java');
    write({ 'shared/in/I.java': 'class I { int i; }' });
    const after = await scanner.scan(app());
    expect(scanner.compare(before, after).changed.map(({ path }) => path)).toEqual([
      'src/main/java/a/in/I.java',
    ]);
    expect(after.folders.has(at('src/main/java/a/in'))).toBe(true);
    // Events there come under the real name.
    expect(scanner.concern([at('shared/in/I.java')]).services).toEqual(['orders']);
  });

  it('a tree of absurd depth ends somewhere', async () => {
    let deep = at('src/main/java');
    for (let level = 0; level < 80; level += 1) deep = join(deep, 'd');
    mkdirSync(deep, { recursive: true });
    writeFileSync(join(deep, 'Deep.java'), '');
    const scan = await scannerOf(app()).scan(app());
    expect(notes.map(({ why }) => why)).toEqual(['deep']);
    expect(namesOf(scan)).toContain('src/main/java/App.java');
  });
});

describe('the fingerprint', () => {
  it('is the same wherever the project lies', async () => {
    write({ 'chart/Chart.yaml': 'name: orders', Containerfile: 'FROM a\nCOPY conf /conf', 'conf/a': '1' });
    const containerised = (): ServiceConfig =>
      app({
        image: {
          repository: 'orders',
          builder: 'buildah',
          source: { kind: 'containerfile', containerfile: at('Containerfile'), context: root, buildArgs: {} },
        },
      });
    const first = await scannerOf(containerised()).scan(containerised());
    const elsewhere = realpathSync(mkdtempSync(join(tmpdir(), 'appdev-another-place-')));
    cpSync(root, join(elsewhere, 'deeper'), { recursive: true });
    const old = root;
    root = join(elsewhere, 'deeper');
    try {
      jarInputs = ok([at('pom.xml'), at('src/main'), at('src/test')]);
      const second = await scannerOf(containerised()).scan(containerised());
      expect(second.fingerprint).toEqual(first.fingerprint);
      expect(second.fingerprint.build).toMatch(/^[0-9a-f]{64}$/);
    } finally {
      rmSync(elsewhere, { recursive: true });
      root = old;
    }
  });

  it('tells build, deploy and tests apart', async () => {
    write({ 'chart/values.yaml': 'a: 1', 'appdev.yaml': '' });
    const scanner = scannerOf(app(), {}, true);
    const seen = async () => (await scanner.scan(app())).fingerprint;
    const first = await seen();
    write({ 'chart/values.yaml': 'a: 2' });
    const chart = await seen();
    expect([chart.build === first.build, chart.deploy === first.deploy]).toEqual([true, false]);
    write({ 'src/test/java/T.java': 'class T { int t; }' });
    const test = await seen();
    expect([test.build === chart.build, test.deploy === chart.deploy, test.tests === chart.tests]).toEqual([
      true,
      true,
      false,
    ]);
    write({ 'src/main/java/App.java': 'class App { int a; }' });
    expect((await seen()).build).not.toBe(test.build);
    write({ 'appdev.yaml': '# a word' });
    expect(await seen()).toEqual(await seen());
  });

  it('does not depend on tests that do not run', async () => {
    const scanner = scannerOf(app());
    const first = await scanner.scan(app());
    write({ 'src/test/java/T.java': 'class T { int t; }' });
    expect((await scanner.scan(app())).fingerprint).toEqual(first.fingerprint);
  });

  it('changes with the settings, each part with its own', async () => {
    const first = (await scannerOf(app()).scan(app())).fingerprint;
    const otherArgs = app({ jar: { tool: 'auto', args: ['-Pfast'], tests: 'auto' } });
    const args = (await scannerOf(otherArgs).scan(otherArgs)).fingerprint;
    expect([args.build === first.build, args.deploy === first.deploy]).toEqual([false, true]);
    const deploy = { ...app().deploy, namespace: 'other' };
    const elsewhere = (await scannerOf(app({ deploy })).scan(app({ deploy }))).fingerprint;
    expect([elsewhere.build === first.build, elsewhere.deploy === first.deploy]).toEqual([true, false]);
  });
});

describe('what counts', () => {
  it('git-ignored files count in source folders, where the build reads them, and not beside', async () => {
    mkdirSync(at('.git'));
    write({
      '.gitignore': 'application-local.yml\ngenerated/\nnotes/\ntarget/\n',
      'src/main/resources/application-local.yml': 'a: 1',
      'src/main/java/generated/G.java': 'class G {}',
      'src/main/java/com/example/target/T.java': 'class T {}',
      'front/notes/n.md': 'n',
      'front/app.ts': '1',
      'front/node_modules/x/index.js': '1',
    });
    jarInputs = ok([at('pom.xml'), at('src/main'), at('front')]);
    const scanner = scannerOf(app());
    const before = await scanner.scan(app());
    expect(namesOf(before)).toEqual([
      'front/app.ts',
      'pom.xml',
      'src/main/java/App.java',
      'src/main/java/com/example/target/T.java',
      'src/main/java/generated/G.java',
      'src/main/resources/application-local.yml',
    ]);
    write({ 'src/main/resources/application-local.yml': 'a: 2' });
    const { changed } = scanner.compare(before, await scanner.scan(app()));
    expect(changed).toEqual([
      {
        path: 'src/main/resources/application-local.yml',
        role: 'resource',
        buildInput: true,
        gitIgnored: true,
      },
    ]);
  });

  it('a module as a whole counts without its output and what git ignores', async () => {
    mkdirSync(at('.git'));
    write({ '.gitignore': '/local/\n', 'local/x': '', 'target/app.jar': '', 'README.md': '' });
    jarInputs = ok([root]);
    expect(namesOf(await scannerOf(app()).scan(app()))).toEqual([
      '.gitignore',
      'README.md',
      'pom.xml',
      'src/main/java/App.java',
      'src/test/java/T.java',
    ]);
  });

  it('of what is packed as it is, everything counts; nothing that the build writes does', async () => {
    mkdirSync(at('.git'));
    write({
      '.gitignore': 'local.txt\nbundle/\n',
      'config/local.txt': '',
      'config/target/a.txt': '',
      'config/pom.xml': '',
      'front/bundle/b.js': '',
      'front/local.txt': '',
      'made/app.jar': '',
      'notes.txt': '',
      'local.txt': '',
    });
    jarInputs = ok([root, at('config'), at('front/bundle')]);
    jarSources = [at('config'), at('front/bundle')];
    jarOutputs = [at('made')];
    expect(namesOf(await scannerOf(app()).scan(app()))).toEqual([
      '.gitignore',
      'config/local.txt',
      'config/pom.xml',
      'config/target/a.txt',
      'front/bundle/b.js',
      'notes.txt',
      'pom.xml',
      'src/main/java/App.java',
      'src/test/java/T.java',
    ]);
  });

  it('`ignore` of appdev.yaml has the last word', async () => {
    write({ 'src/main/resources/big.bin': '', 'src/main/resources/app.log': '' });
    const scan = await scannerOf(app(), { ignore: ['*.bin', '!app.log'] }).scan(app());
    expect(namesOf(scan)).not.toContain('src/main/resources/big.bin');
    expect(namesOf(scan)).toContain('src/main/resources/app.log');
  });

  it('of a build context, what COPY takes and .dockerignore leaves', async () => {
    write({
      Containerfile: 'FROM a\nCOPY target/*.jar app.jar\nCOPY conf static/*.html /srv/\nCOPY gone.txt /',
      '.dockerignore': 'conf/secret',
      'conf/a.conf': '',
      'conf/secret': '',
      'conf/app.log': '',
      'static/index.html': '',
      'static/notes.txt': '',
      'target/app.jar': '',
      'README.md': '',
    });
    const source = {
      kind: 'containerfile',
      containerfile: at('Containerfile'),
      context: root,
      buildArgs: {},
    } as const;
    const service = app({ image: { repository: 'o', builder: 'buildah', source } });
    const scanner = scannerOf(service);
    const scan = await scanner.scan(service);
    expect(namesOf(scan)).toEqual([
      '.dockerignore',
      'Containerfile',
      'conf/a.conf',
      'conf/app.log',
      'pom.xml',
      'src/main/java/App.java',
      'src/test/java/T.java',
      'static/index.html',
    ]);
    // A jar that someone else builds is the very thing to watch.
    const { jar: _none, ...rest } = service;
    expect(namesOf(await scannerOf(rest).scan(rest))).toContain('target/app.jar');
    // A changed Containerfile has other inputs.
    write({ Containerfile: 'FROM a\nCOPY . .', 'gone.txt': 'back' });
    const all = namesOf(await scanner.scan(service));
    expect(all).toContain('README.md');
    expect(all).toContain('gone.txt');
    expect(all).not.toContain('target/app.jar');
    expect(all).not.toContain('conf/secret');
  });

  it('of a build context, what a RUN mounts by name, be it ignored, and no jar from an output folder', async () => {
    write({
      Containerfile: [
        'FROM a',
        'COPY made/*.jar /app.jar',
        'RUN --mount=target=/ctx,source=tools --mount=source=made,target=/made sh /ctx/run.sh',
      ].join('\n'),
      '.dockerignore': 'tools',
      'tools/run.sh': '',
      'made/app.jar': '',
      'README.md': '',
    });
    jarOutputs = [at('made')];
    const source = {
      kind: 'containerfile',
      containerfile: at('Containerfile'),
      context: root,
      buildArgs: {},
    } as const;
    const service = app({ image: { repository: 'o', builder: 'buildah', source } });
    const scanner = scannerOf(service);
    const usual = ['pom.xml', 'src/main/java/App.java', 'src/test/java/T.java'];
    const named = ['.dockerignore', 'Containerfile', ...usual, 'tools/run.sh'];
    expect(namesOf(await scanner.scan(service))).toEqual(named);
    // The whole context beside it: there, the ignore file has its say.
    write({ Containerfile: 'FROM a\nRUN --mount=target=/ctx x\nRUN --mount=source=tools,target=/t x' });
    expect(namesOf(await scanner.scan(service))).toEqual([...named, 'README.md'].sort());
  });

  describe('of an image command', () => {
    type Command = Extract<NonNullable<ServiceConfig['image']>['source'], { kind: 'command' }>;
    const built = (more: Partial<Command> = {}): ServiceConfig => {
      const source: Command = {
        kind: 'command',
        run: ['sh', 'tools/image.sh'],
        env: {},
        context: root,
        ...more,
      };
      return app({ image: { repository: 'o', builder: 'command', source } });
    };
    const jar = ['pom.xml', 'src/main/java/App.java', 'src/test/java/T.java'];
    beforeEach(() => {
      mkdirSync(at('.git'));
      write({
        '.gitignore': '/out.json\n',
        '.dockerignore': 'secret',
        Containerfile: 'FROM a\nCOPY target/*.jar conf /srv/',
        'conf/a.conf': '',
        'out.json': '',
        secret: '',
        'target/app.jar': '',
        'tools/image.sh': '',
        'tools/part.sh': '',
      });
    });

    it('the context, but for what it may write itself', async () => {
      const service = built();
      const scanner = scannerOf(service);
      const before = await scanner.scan(service);
      expect(namesOf(before)).toEqual(
        [
          '.dockerignore',
          '.gitignore',
          'Containerfile',
          'conf/a.conf',
          'tools/image.sh',
          'tools/part.sh',
          ...jar,
        ].sort(),
      );
      write({ 'out.json': '{}', 'target/more.jar': '' });
      expect((await scanner.scan(service)).fingerprint).toEqual(before.fingerprint);
      write({ 'tools/part.sh': '#' });
      expect((await scanner.scan(service)).fingerprint.build).not.toBe(before.fingerprint.build);
      // Without a jar of ours too: then the command itself makes it.
      const { jar: _none, ...rest } = service;
      expect(namesOf(await scannerOf(rest).scan(rest))).not.toContain('target/app.jar');
    });

    it('what its Containerfile copies, and the script that its command line names', async () => {
      const service = built({ containerfile: at('Containerfile') });
      expect(namesOf(await scannerOf(service).scan(service))).toEqual(
        ['.dockerignore', 'Containerfile', 'conf/a.conf', 'tools/image.sh', ...jar].sort(),
      );
    });

    it('what it lists, be it ignored elsewhere', async () => {
      const service = built({
        context: at('conf'),
        run: ['make'],
        dependencies: [at('tools/p*.sh'), at('out.json')],
      });
      expect(namesOf(await scannerOf(service).scan(service))).toEqual(
        ['out.json', 'tools/part.sh', ...jar].sort(),
      );
      const none = built({ dependencies: [] });
      expect(namesOf(await scannerOf(none).scan(none))).toEqual(['tools/image.sh', ...jar].sort());
    });

    it('its command line and its variables', async () => {
      const hashes = new Set<string>();
      const variants = [
        {},
        { run: ['sh', 'tools/image.sh', '-x'] },
        { env: { A: '1' } },
        { env: { A: '2' } },
      ];
      for (const more of variants) {
        const service = built(more);
        hashes.add((await scannerOf(service).scan(service)).fingerprint.build);
      }
      expect(hashes.size).toBe(variants.length);
    });
  });

  it('of overlays and manifests, what they refer to', async () => {
    write({
      'k/dev/kustomization.yaml': 'resources: [../base]',
      'k/base/kustomization.yaml': 'resources: [d.yaml]',
      'k/base/d.yaml': '',
      'm/a.yaml': '',
      'm/b.txt': '',
      'm/sub/c.yaml': '',
    });
    const overlay = fakeChart('db', {
      path: root,
      deploy: {
        kind: 'kustomize',
        path: at('k/dev'),
        loadRestrictor: 'LoadRestrictionsRootOnly',
        deadlineMs: 1,
        restartsAllowed: 0,
      },
    });
    const scanner = scannerOf(overlay);
    const before = await scanner.scan(overlay);
    expect(namesOf(before)).toEqual([
      'k/base/d.yaml',
      'k/base/kustomization.yaml',
      'k/dev/kustomization.yaml',
    ]);
    write({ 'k/base/kustomization.yaml': 'resources: [d.yaml, e.yaml]', 'k/base/e.yaml': '' });
    expect(namesOf(await scanner.scan(overlay))).toContain('k/base/e.yaml');
    const manifests = fakeChart('db', {
      path: root,
      deploy: { kind: 'manifests', files: [at('m/*.yaml')], deadlineMs: 1, restartsAllowed: 0 },
    });
    expect(namesOf(await scannerOf(manifests).scan(manifests))).toEqual(['m/a.yaml']);
  });

  it('what the build tool names is asked for again when a build file changes, and kept while it is half typed', async () => {
    const scanner = scannerOf(app());
    await scanner.scan(app());
    write({ 'lib/src/main/java/L.java': '' });
    jarInputs = ok([at('pom.xml'), at('src/main'), at('lib/src/main')]);
    expect(namesOf(await scanner.scan(app()))).not.toContain('lib/src/main/java/L.java');
    write({ 'pom.xml': '<project><modules/></project>' });
    expect(namesOf(await scanner.scan(app()))).toContain('lib/src/main/java/L.java');
    jarInputs = failed('SOURCE_BUILD_FAILED', 'half a pom');
    write({ 'pom.xml': '<project><mod' });
    expect(namesOf(await scanner.scan(app()))).toContain('lib/src/main/java/L.java');
    jarInputs = ok([at('pom.xml'), at('src/main')]);
    expect(namesOf(await scanner.scan(app()))).not.toContain('lib/src/main/java/L.java');
  });

  it('where the build tool cannot tell from the start, the usual places', async () => {
    jarInputs = failed('SOURCE_BUILD_FAILED', 'half a pom');
    expect(namesOf(await scannerOf(app()).scan(app()))).toContain('src/main/java/App.java');
  });
});

describe('which services a path concerns', () => {
  it('is by their inputs, the ignore rules, and what may come back', async () => {
    write({ 'chart/Chart.yaml': '' });
    const scanner = scannerOf(app());
    await scanner.scan(app());
    const concern = (path: string) => scanner.concern([at(path)]);
    expect(concern('src/main/java/New.java').services).toEqual(['orders']);
    expect(concern('src/main/java/.New.java.swp').services).toEqual([]);
    expect(concern('target/classes/App.class').services).toEqual([]);
    expect(concern('pom.xml').services).toEqual(['orders']);
    expect(concern('README.md')).toEqual({ services: [], paths: [], config: false });
    // The folder around an input went or came.
    expect(concern('src').services).toEqual(['orders']);
    expect(concern('appdev.yaml').config).toBe(true);
    expect(concern('appdev.local.yaml').config).toBe(true);
    expect(concern('.env').config).toBe(true);
  });

  it('and a root that is missing is waited for', async () => {
    rmSync(at('src'), { recursive: true });
    const scanner = scannerOf(app());
    const scan = await scanner.scan(app());
    expect(scan.folders.has(root)).toBe(true);
    expect(scan.folders.has(at('src'))).toBe(false);
    write({ 'src/main/java/App.java': '' });
    expect((await scanner.scan(app())).folders.has(at('src/main/java'))).toBe(true);
  });

  it('a folder made anew has another identity', async () => {
    const scanner = scannerOf(app());
    const java = at('src/main/java');
    const before = (await scanner.scan(app())).folders.get(java);
    renameSync(java, at('away'));
    mkdirSync(java);
    const after = (await scanner.scan(app())).folders.get(java);
    expect(after).toBeDefined();
    expect(after).not.toBe(before);
  });

  it('a changed mode of a script is a change', async () => {
    write({ 'src/main/resources/run.sh': '' });
    const scanner = scannerOf(app());
    const before = await scanner.scan(app());
    chmodSync(at('src/main/resources/run.sh'), 0o755);
    const after = await scanner.scan(app());
    expect(after.fingerprint.build).not.toBe(before.fingerprint.build);
    expect(scanner.compare(before, after).changed).toHaveLength(1);
  });
});
