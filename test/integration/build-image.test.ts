/** Real Buildah with a storage of its own, a real registry, and jars that look as Spring Boot makes them. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createBuildahBuilder, type BuildahParts } from '../../src/build/image/buildah/builder.ts';
import { environmentNow } from '../support/environment.ts';
import { pruneStorage } from '../../src/build/image/buildah/prune.ts';
import type { ImageBuilder, Jar } from '../../src/build/types.ts';
import type { ServiceConfig } from '../../src/config/model.ts';
import type { Artifact } from '../../src/core/events.ts';
import { ok } from '../../src/core/outcome.ts';
import { createRegistryClient } from '../../src/registry/api/client.ts';
import type { ImageTarget, Registry } from '../../src/registry/types.ts';
import { runProcess } from '../../src/support/process/process.ts';
import { writeBootJar } from '../support/boot-jar.ts';
import { useStorage, type TestStorage } from '../support/buildah-storage.ts';
import { startFaultProxy, type FaultProxy } from '../support/fault-proxy.ts';
import { copyPrograms } from '../support/programs.ts';
import { recordingContext, type RecordingContext } from '../support/recording-context.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';

let top: string;
let storage: TestStorage;
let registry: TestRegistry;
let proxy: FaultProxy;
beforeAll(async () => {
  top = mkdtempSync(join(tmpdir(), 'appdev-image-'));
  storage = useStorage(join(top, 'storage'));
  registry = await startRegistry();
  proxy = await startFaultProxy(registry.host);
  const base = `${proxy.host}/base:1`;
  await storage.image(base, 'FROM scratch\nENV LANG=C.UTF-8\nCOPY Containerfile /etc/base\n');
  await storage.buildah('push', '--tls-verify=false', base);
});
afterAll(async () => {
  await proxy.stop();
  await registry.stop();
  storage.remove();
  rmSync(top, { recursive: true, force: true });
});

let folder: string;
let cache: string;
beforeEach(() => {
  folder = mkdtempSync(join(top, 'test-'));
  cache = join(folder, 'cache');
  proxy.faults = [];
});
afterEach(async () => {
  expect(await storage.buildah('containers', '-q')).toBe('');
});

const target = (): ImageTarget => ({ kind: 'registry', registry: registryAt(proxy.host) });

function registryAt(push: string, insecure = true): Registry {
  return { push, pull: 'registry.example.com', insecure, source: 'appdev.yaml' };
}

function builder(more: Partial<BuildahParts> = {}): ImageBuilder {
  const images = more.target ?? target();
  const at = images.kind === 'registry' ? images.registry : registryAt(proxy.host);
  return createBuildahBuilder({
    environment: environmentNow().buildah,
    run: runProcess,
    project: 'shop',
    target: images,
    reader: createRegistryClient({
      registry: at,
      credentials: async () => await Promise.resolve(ok(undefined)),
    }),
    load: async () => await Promise.reject(new Error('nothing is loaded here')),
    cache,
    ...more,
  });
}

function service(
  repository: string,
  source?: Partial<Extract<NonNullable<ServiceConfig['image']>['source'], { kind: 'containerfile' }>>,
): ServiceConfig {
  return {
    name: repository,
    path: folder,
    image: {
      repository,
      builder: 'buildah',
      source:
        source === undefined
          ? { kind: 'layers', base: `${proxy.host}/base:1` }
          : {
              kind: 'containerfile',
              containerfile: join(folder, 'Containerfile'),
              context: folder,
              buildArgs: {},
              ...source,
            },
    },
    deploy: { kind: 'manifests', files: [], deadlineMs: 1000, restartsAllowed: 0 },
    dev: { trigger: 'auto', forward: [] },
    needs: [],
  };
}

async function bootJar(text: string, name = 'app.jar', library?: string): Promise<Jar> {
  return await writeBootJar(join(folder, name), text, library);
}

async function build(
  images: ImageBuilder,
  of: ServiceConfig,
  jar: Jar | undefined,
  context: RecordingContext = recordingContext(),
): Promise<Artifact> {
  const outcome = await images.build(
    { service: of, ...(jar === undefined ? {} : { jar }), inputHash: 'a1b2' },
    context,
  );
  if (outcome.kind !== 'ok') throw new Error(JSON.stringify(outcome, null, 2));
  return outcome.value;
}

async function manifestOf({
  repository,
  digest,
}: Artifact): Promise<{ layers: { digest: string; size: number }[]; config: { digest: string } }> {
  const path = repository.slice(repository.indexOf('/') + 1);
  const answer = await fetch(`http://${registry.host}/v2/${path}/manifests/${digest}`, {
    headers: { accept: 'application/vnd.oci.image.manifest.v1+json' },
  });
  expect(answer.status).toBe(200);
  return (await answer.json()) as { layers: { digest: string; size: number }[]; config: { digest: string } };
}

async function configOf(artifact: Artifact): Promise<{
  config: { User: string; Entrypoint: string[]; WorkingDir: string; Labels: Record<string, string> };
  created: string;
}> {
  const manifest = await manifestOf(artifact);
  const path = artifact.repository.slice(artifact.repository.indexOf('/') + 1);
  const answer = await fetch(`http://${registry.host}/v2/${path}/blobs/${manifest.config.digest}`);
  return (await answer.json()) as {
    config: { User: string; Entrypoint: string[]; WorkingDir: string; Labels: Record<string, string> };
    created: string;
  };
}

/** Runs `work` with an image's files at hand. */
async function inImage(artifact: Artifact, work: (root: string) => void): Promise<void> {
  const container = await storage.buildah(
    'from',
    '--pull-never',
    '-q',
    `localhost/appdev/${artifact.service}:current`,
  );
  try {
    work(await storage.buildah('mount', container));
  } finally {
    await storage.buildah('rm', container);
  }
}

describe('a layered image', () => {
  it('is in the registry under a digest that the registry confirms, with what Boot needs', async () => {
    const context = recordingContext();
    const artifact = await build(builder(), service('orders'), await bootJar('greeting=hello'), context);
    expect(artifact).toMatchObject({
      service: 'orders',
      repository: `${proxy.host}/orders`,
      pullRepository: 'registry.example.com/orders',
      tag: expect.stringMatching(/^[0-9a-f]{16}$/) as unknown,
      digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) as unknown,
      inputHash: 'a1b2',
    });
    expect(context.stages).toEqual([
      'started image',
      'finished image ok',
      'started push',
      'finished push ok',
    ]);
    expect(await configOf(artifact)).toMatchObject({
      created: '1970-01-01T00:00:00Z',
      config: {
        User: '10001:10001',
        Entrypoint: ['java', '-jar', '/app/application.jar'],
        WorkingDir: '/app',
        Labels: { 'dev.appdev.service': 'orders', 'dev.appdev.project': 'shop' },
      },
    });
    await inImage(artifact, (root) => {
      expect(readdirSync(join(root, 'app')).sort()).toEqual(['application.jar', 'lib']);
      expect(readdirSync(join(root, 'app/lib'))).toEqual(['lib-1.0.jar']);
    });
  });

  it('has the same digest in another folder, at another time, from another session', async () => {
    const first = await build(builder(), service('same'), await bootJar('greeting=hello', 'one.jar'));
    const jar = await bootJar('greeting=hello', 'two.jar');
    utimesSync(jar.path, 1, 1);
    const second = await build(builder({ cache: join(folder, 'other') }), service('same'), jar);
    expect(second).toEqual(first);
    // Not even what lies between base and last layer has to be there.
    await storage.buildah(
      'rmi',
      '-f',
      ...(await storage.buildah('images', '-q', '--filter', 'label=dev.appdev.service=same')).split('\n'),
    );
    expect(await build(builder({ cache: join(folder, 'third') }), service('same'), jar)).toEqual(first);
  });

  it('shares all but the last layer with the build before, and pushes nothing else', async () => {
    const images = builder();
    const first = await build(images, service('delta'), await bootJar('greeting=hello'));
    const seen = proxy.requests.length;
    const context = recordingContext();
    const second = await build(images, service('delta'), await bootJar('greeting=bye'), context);
    const [before, after] = [await manifestOf(first), await manifestOf(second)];
    expect(after.layers.slice(0, -1)).toEqual(before.layers.slice(0, -1));
    expect(after.layers.at(-1)).not.toEqual(before.layers.at(-1));
    expect(context.details.get('image')).toBe('1 layer, 1 KB');
    const uploads = proxy.requests.slice(seen).filter((line) => /^PUT .*\/blobs\/uploads/.test(line));
    // The layer, and the image's configuration.
    expect(uploads).toHaveLength(2);
  });

  it('that comes out the same is not pushed again, whatever its inputs were', async () => {
    const images = builder();
    const jar = await bootJar('greeting=hello');
    const first = await build(images, service('again'), jar);
    const seen = proxy.requests.length;
    const context = recordingContext();
    const outcome = await images.build({ service: service('again'), jar, inputHash: 'other' }, context);
    expect(outcome).toEqual(ok({ ...first, inputHash: 'other' }));
    expect(context.stages.at(-1)).toBe('finished push skipped');
    expect(proxy.requests.slice(seen)).toEqual([`HEAD /v2/again/manifests/${first.digest}`]);
  });

  it('is pushed again when the registry has lost it', async () => {
    const images = builder();
    const jar = await bootJar('greeting=hello');
    const first = await build(images, service('lost'), jar);
    const client = createRegistryClient({
      registry: registryAt(proxy.host),
      credentials: async () => await Promise.resolve(ok(undefined)),
    });
    await client.deleteManifest(first.repository, first.digest, new AbortController().signal);
    expect(await build(images, service('lost'), jar)).toEqual(first);
    await manifestOf(first);
  });

  it('keeps the user of its base', async () => {
    await storage.image('localhost/with-user:1', 'FROM scratch\nUSER 65532\n');
    const of = service('user');
    const image = { ...of.image, source: { kind: 'layers', base: 'localhost/with-user:1' } } as NonNullable<
      ServiceConfig['image']
    >;
    const artifact = await build(builder(), { ...of, image }, await bootJar('x'));
    expect((await configOf(artifact)).config.User).toBe('65532');
  });

  it('survives when someone empties the storage in the middle of the session', async () => {
    const images = builder();
    await build(images, service('emptied'), await bootJar('one'));
    await storage.buildah('rmi', '-a', '-f');
    const artifact = await build(images, service('emptied'), await bootJar('two'));
    expect((await manifestOf(artifact)).layers).toHaveLength(3);
  });

  it('fails with the name of a base that is not there', async () => {
    const of = service('nobase');
    const image = { ...of.image, source: { kind: 'layers', base: `${proxy.host}/no-such:1` } } as NonNullable<
      ServiceConfig['image']
    >;
    const outcome = await builder().build(
      { service: { ...of, image }, jar: await bootJar('x'), inputHash: 'a' },
      recordingContext(),
    );
    expect(outcome).toMatchObject({
      kind: 'failed',
      error: {
        code: 'BASE_IMAGE_MISSING',
        message: expect.stringContaining(`${proxy.host}/no-such:1`) as unknown,
      },
    });
  });
});

describe('an image of a Containerfile', () => {
  it('is built from the context, the ignore file and the arguments, on a base from the insecure registry', async () => {
    await storage.buildah('rmi', '-a', '-f');
    writeFileSync(
      join(folder, 'Containerfile'),
      `ARG BASE\nFROM ${proxy.host}/base:1\nARG COLOR\nENV COLOR=$COLOR\nCOPY . /data/\n`,
    );
    writeFileSync(join(folder, '.dockerignore'), 'secret*\n');
    writeFileSync(join(folder, 'secret.txt'), 'x');
    writeFileSync(join(folder, 'kept.txt'), 'x');
    const artifact = await build(builder(), service('own', { buildArgs: { COLOR: 'deep blue' } }), undefined);
    expect(await configOf(artifact)).toMatchObject({
      config: { Env: expect.arrayContaining(['COLOR=deep blue']) as unknown },
    });
    await inImage(artifact, (root) => {
      expect(readdirSync(join(root, 'data'))).toContain('kept.txt');
      expect(readdirSync(join(root, 'data'))).not.toContain('secret.txt');
    });
  });

  it('has the same digest in another folder and at another time, when it only copies', async () => {
    const images = builder();
    const made: Artifact[] = [];
    for (const [name, seconds] of [
      ['one', 1_000_000_000],
      ['two', 1_700_000_000],
    ] as const) {
      const context = join(folder, name);
      mkdirSync(context);
      writeFileSync(join(context, 'Containerfile'), `FROM ${proxy.host}/base:1\nCOPY data.txt /\n`);
      writeFileSync(join(context, 'data.txt'), 'data');
      utimesSync(join(context, 'data.txt'), seconds, seconds);
      made.push(
        await build(
          images,
          service('copied', { containerfile: join(context, 'Containerfile'), context }),
          undefined,
        ),
      );
    }
    expect(made[1]).toEqual(made[0]);
  });

  it('has the same digest although another program left the same steps in the cache, with times of its own', async () => {
    const context = join(folder, 'context');
    mkdirSync(context);
    const containerfile = join(context, 'Containerfile');
    writeFileSync(containerfile, `FROM ${proxy.host}/base:1\nCOPY one.txt /\nWORKDIR /\nCOPY two.txt /\n`);
    writeFileSync(join(context, 'one.txt'), 'one');
    writeFileSync(join(context, 'two.txt'), 'two');
    const of = service('cached', { containerfile, context });
    const make = async (): Promise<{ readonly artifact: Artifact; readonly output: string }> => {
      const work = recordingContext();
      const artifact = await build(builder(), of, undefined, work);
      return { artifact, output: work.lines.join('\n') };
    };
    const elsewhere = async (): Promise<void> => {
      await storage.buildah(
        ...['bud', '--layers', '--isolation', 'chroot', '--format', 'oci', '--tls-verify=false'],
        ...['-t', 'localhost/elsewhere:1', '-f', containerfile, context],
      );
    };
    const first = await make();
    expect(first.output).not.toContain('Using cache');
    expect((await make()).output).toMatch(/Using cache/);

    await storage.buildah('rmi', '-a', '-f');
    await elsewhere();
    const again = await make();
    expect(again.artifact).toEqual(first.artifact);
    expect(again.output).toMatch(/another program made [0-9a-f]{12} in Buildah's cache/);

    // Half of it from the other program, the rest new.
    writeFileSync(join(context, 'two.txt'), 'changed');
    const half = await make();
    await storage.buildah('rmi', '-a', '-f');
    expect(half.artifact).toEqual((await make()).artifact);
  });

  it('is made anew from what a RUN sees of the context, whatever is in the cache', async () => {
    copyPrograms(join(top, 'programs/root'), '/bin/sh', '/bin/cat');
    const base = 'localhost/programs:1';
    writeFileSync(join(top, 'programs/Containerfile'), 'FROM scratch\nCOPY root/ /\n');
    await storage.buildah('bud', '-q', '-t', base, join(top, 'programs'));
    writeFileSync(
      join(folder, 'Containerfile'),
      [
        `FROM ${base} AS other`,
        `FROM ${base}`,
        'RUN --mount=target=/context,source=src cat /context/a.txt > /a.txt',
        'RUN --mount=from=other,target=/other --mount=type=bind,target=/context cat /context/b.txt > /b.txt',
      ].join('\n'),
    );
    const make = async (a: string, b: string): Promise<Artifact> => {
      mkdirSync(join(folder, 'src'), { recursive: true });
      writeFileSync(join(folder, 'src/a.txt'), a);
      writeFileSync(join(folder, 'b.txt'), b);
      const artifact = await build(builder(), service('mounts', {}), undefined);
      await inImage(artifact, (root) => {
        expect(['a.txt', 'b.txt'].map((name) => readFileSync(join(root, name), 'utf8'))).toEqual([a, b]);
      });
      return artifact;
    };
    const [first, changed, back] = [await make('1', '1'), await make('2', '2'), await make('1', '1')];
    expect(changed.digest).not.toBe(first.digest);
    expect(back).toEqual(first);
  });

  it('has the jar of this build and the same digest, whichever others lie beside it', async () => {
    mkdirSync(join(folder, 'target'));
    writeFileSync(
      join(folder, 'Containerfile'),
      `FROM ${proxy.host}/base:1\nARG JAR=target/*.jar\nCOPY $JAR /app.jar\n`,
    );
    writeFileSync(join(folder, '.dockerignore'), '*\n!target/*.jar\n');
    const jar = await bootJar('new', 'target/app-1.10.jar');
    const clean = await build(builder(), service('bumped', {}), jar);
    await bootJar('old', 'target/app-1.9.jar');
    writeFileSync(join(folder, 'target/app-1.9-plain.jar'), 'not even a jar');
    const context = recordingContext();
    expect(await build(builder(), service('bumped', {}), jar, context)).toEqual(clean);
    expect(context.lines.join('\n')).toContain('target/app-1.9-plain.jar, target/app-1.9.jar');
    await inImage(clean, (root) => {
      expect(readFileSync(join(root, 'app.jar')).equals(readFileSync(jar.built))).toBe(true);
    });
  });

  it('that fails names the step, the file and the reason, and leaves no container', async () => {
    writeFileSync(join(folder, 'Containerfile'), `FROM ${proxy.host}/base:1\nCOPY target/app.jar /\n`);
    const outcome = await builder().build(
      { service: service('broken', {}), inputHash: 'a' },
      recordingContext(),
    );
    expect(outcome).toMatchObject({
      kind: 'failed',
      error: {
        code: 'IMAGE_BUILD_FAILED',
        message: expect.stringMatching(
          /^broken: buildah failed at STEP 2\/\d of Containerfile: COPY target\/app\.jar/,
        ) as unknown,
        hint: expect.stringContaining('.dockerignore') as unknown,
      },
    });
  });

  it('is refused when the jar changed while it was built', async () => {
    const jar = await bootJar('one');
    writeFileSync(join(folder, 'Containerfile'), `FROM ${proxy.host}/base:1\nCOPY app.jar /\n`);
    const context = recordingContext(undefined, {
      onLine: (line) => {
        if (line.startsWith('STEP 2')) writeFileSync(jar.built, 'another jar');
      },
    });
    const outcome = await builder().build({ service: service('moved', {}), jar, inputHash: 'a' }, context);
    expect(outcome).toMatchObject({ kind: 'failed', error: { code: 'SOURCE_CHANGED' } });
  });
});

describe('a push', () => {
  const start = /^\/v2\/[\w-]+\/blobs\/uploads\/$/;
  it.each([
    ['a server error when an upload starts', { method: 'POST', path: start, times: 1, answer: 503 }],
    ['a bad gateway within a layer', { method: 'PATCH', path: /blobs\/uploads/, times: 1, answer: 502 }],
    ['a server error at the manifest', { method: 'PUT', path: /manifests/, times: 1, answer: 500 }],
    ['a connection that breaks off', { method: 'PATCH', path: /blobs\/uploads/, times: 1, answer: 'reset' }],
    ['a token that runs out', { method: 'PUT', path: /manifests/, times: 1, answer: 401 }],
  ] as const)('survives %s', async (name, fault) => {
    proxy.faults = [{ ...fault }];
    const context = recordingContext();
    const artifact = await build(builder(), service('retried'), await bootJar(name), context);
    expect(proxy.faults[0]?.times).toBe(0);
    // A connection that breaks within a layer is taken up again by Buildah itself, or else by us.
    if (fault.answer !== 'reset') expect(context.lines.join('\n')).toContain('trying again');
    await manifestOf(artifact);
  });

  it.each([
    [{ method: 'POST', path: start, times: 99, answer: 403 }, 'REGISTRY_DENIED', 1],
    [{ method: 'PUT', path: /manifests/, times: 99, answer: 413 }, 'PUSH_FAILED', 1],
    [{ method: 'PUT', path: /manifests/, times: 99, answer: 412 }, 'PUSH_FAILED', 1],
    [{ method: 'PUT', path: /manifests/, times: 99, answer: 401 }, 'REGISTRY_DENIED', 2],
  ] as const)('gives up after what another try will not change: %o', async (fault, code, tries) => {
    proxy.faults = [{ ...fault }];
    const outcome = await builder().build(
      { service: service('refused'), jar: await bootJar(String(fault.answer)), inputHash: 'a' },
      recordingContext(),
    );
    expect(outcome).toMatchObject({ kind: 'failed', error: { code } });
    expect(99 - (proxy.faults[0]?.times ?? 0)).toBe(tries);
  });

  it('to a registry that is down says so, and what to check', async () => {
    const down = registryAt('127.0.0.1:1');
    const outcome = await builder({ target: { kind: 'registry', registry: down } }).build(
      { service: service('down'), jar: await bootJar('x'), inputHash: 'a' },
      recordingContext(),
    );
    expect(outcome).toMatchObject({
      kind: 'failed',
      error: {
        code: 'REGISTRY_UNREACHABLE',
        message: expect.stringContaining('127.0.0.1:1') as unknown,
        hint: expect.stringContaining('curl') as unknown,
      },
    });
  });

  it('never speaks plain HTTP to a registry that is not declared insecure', async () => {
    const seen = proxy.requests.length;
    await build(builder(), service('tls'), await bootJar('x'));
    const after = proxy.requests.length;
    expect(after).toBeGreaterThan(seen);
    const outcome = await builder({
      target: { kind: 'registry', registry: registryAt(proxy.host, false) },
    }).build({ service: service('tls'), jar: await bootJar('y'), inputHash: 'a' }, recordingContext());
    expect(outcome).toMatchObject({
      kind: 'failed',
      error: { code: 'REGISTRY_UNREACHABLE', hint: expect.stringContaining('registry.insecure') as unknown },
    });
    expect(proxy.requests.slice(after)).toEqual([]);
  });
});

describe('a cluster without a registry', () => {
  it('gets an archive with the image under the name that the deploy uses', async () => {
    const loaded: string[] = [];
    const images = builder({
      target: { kind: 'load', product: 'kind', cluster: 'dev' },
      load: async (into, archive) => {
        loaded.push(
          `${into.product} ${into.cluster}`,
          await storage.buildah('pull', '-q', `docker-archive:${archive.file}`),
        );
        return await Promise.resolve(ok(undefined));
      },
    });
    const artifact = await build(images, service('loaded'), await bootJar('x'));
    expect(artifact).toMatchObject({
      repository: 'localhost/loaded',
      pullRepository: 'localhost/loaded',
      digest: '',
    });
    expect(loaded[0]).toBe('kind dev');
    expect(await storage.buildah('images', '--format', '{{.Name}}:{{.Tag}}')).toContain(
      `localhost/loaded:${artifact.tag}`,
    );
  });
});

describe('a cancelled build', () => {
  it.each(['started image', 'started push'])(
    '%s: leaves no process and no container, and the next one works',
    async (stage) => {
      const controller = new AbortController();
      const context = recordingContext(controller.signal, {
        onStage: (text) => {
          if (text === stage) controller.abort('superseded');
        },
      });
      const images = builder();
      const jar = await bootJar('x');
      expect(await images.build({ service: service('cancelled'), jar, inputHash: 'a' }, context)).toEqual({
        kind: 'cancelled',
        reason: 'superseded',
      });
      expect(context.stages.at(-1)).toMatch(/cancelled$/);
      await build(images, service('cancelled'), jar);
    },
  );
});

describe('pruning', () => {
  it('keeps the newest images of each service and removes the others, never what is not ours', async () => {
    await storage.buildah('rmi', '-a', '-f');
    const foreign = await storage.image(
      'localhost/foreign:1',
      'FROM scratch\nLABEL dev.appdev.service=pruned\n',
    );
    const images = builder();
    const untagged = async (): Promise<number> =>
      (await storage.buildah('images', '-a', '--format', '{{.Name}}'))
        .split('\n')
        .filter((name) => name === '<none>').length;
    await build(images, service('pruned'), await bootJar('1'));
    const steps = await untagged();
    const built: Artifact[] = [];
    for (const text of ['1', '2', '3', '4', '2'])
      built.push(await build(images, service('pruned'), await bootJar(text)));
    await build(images, service('pruned'), await bootJar('5', 'app.jar', 'a new library'));
    const removed = await pruneStorage({
      environment: environmentNow().buildah,
      run: runProcess,
      project: 'shop',
      services: ['pruned'],
      keep: 2,
      cache,
      signal: new AbortController().signal,
    });
    // Of five images the newest use counts: 5 and 2 stay; both lower images are in use.
    expect(removed).toEqual(ok(3));
    const ids = (await storage.buildah('images', '-a', '-q', '--no-trunc'))
      .split('\n')
      .map((id) => id.replace('sha256:', ''));
    expect(ids.some((id) => id.startsWith(foreign.replace('sha256:', '').slice(0, 12)))).toBe(true);
    expect(ids.some((id) => id.startsWith(built[4]?.tag ?? '?'))).toBe(true);
    expect(ids.some((id) => id.startsWith(built[0]?.tag ?? '?'))).toBe(false);
    const again = await pruneStorage({
      environment: environmentNow().buildah,
      run: runProcess,
      project: 'shop',
      services: ['pruned'],
      keep: 1,
      cache,
      signal: new AbortController().signal,
    });
    // The image, and the lower image that it alone lay on.
    expect(again).toEqual(ok(2));
    // With each lower image, what Buildah made on the way to it went as well.
    expect(await untagged()).toBe(steps);
    expect(existsSync(join(cache, 'buildah/images.json'))).toBe(true);
  });
});
