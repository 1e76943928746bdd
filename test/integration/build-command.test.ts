/** Images built by commands: a plain script, Debian's podman and a real BuildKit, pushed to a real registry. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sha256Of } from '../../src/build/jar/boot-jar.ts';
import { environmentNow } from '../support/environment.ts';
import { createCommandBuilder, type CommandParts } from '../../src/build/image/command/builder.ts';
import { platformOf } from '../../src/build/image/command/environment.ts';
import { copyImage } from '../../src/build/image/transfer/copy.ts';
import { jarBytes } from '../../src/build/jar/archive/jar-writer.ts';
import type { ImageBuilder, Jar } from '../../src/build/types.ts';
import type { CommandSource, ServiceConfig } from '../../src/config/model.ts';
import type { AppdevError } from '../../src/core/errors.ts';
import type { Artifact } from '../../src/core/events.ts';
import { ok, type Outcome } from '../../src/core/outcome.ts';
import { openRegistryAccess } from '../../src/registry/login/access.ts';
import { createRegistryClient } from '../../src/registry/api/client.ts';
import type { Credentials, FindCredentials } from '../../src/registry/types.ts';
import type { Registry } from '../../src/registry/types.ts';
import { isAlive, identify } from '../../src/support/process/proc.ts';
import { runProcess } from '../../src/support/process/process.ts';
import { writeBootJar } from '../support/boot-jar.ts';
import { startBuildkit, type TestBuildkit } from '../support/buildkit.ts';
import { useStorage, type TestStorage } from '../support/buildah-storage.ts';
import { recordingContext, type RecordingContext } from '../support/recording-context.ts';
import {
  passwordAuth,
  pushImage,
  registryUser,
  startRegistry,
  type TestRegistry,
} from '../support/registry.ts';

let top: string;
let storage: TestStorage;
let registry: TestRegistry;
let closed: TestRegistry;
let buildkit: TestBuildkit;
const { password } = registryUser;
const ann: Credentials = { kind: 'password', username: 'ann', password };

beforeAll(async () => {
  top = realpathSync(mkdtempSync(join(tmpdir(), 'appdev-command-')));
  storage = useStorage(join(top, 'storage'), 'vfs');
  registry = await startRegistry();
  closed = await startRegistry({ auth: passwordAuth(top) });
  buildkit = await startBuildkit(join(top, 'buildkit'));
});
afterAll(async () => {
  await buildkit.stop();
  await closed.stop();
  await registry.stop();
  storage.remove();
  rmSync(top, { recursive: true, force: true });
});

let folder: string;
let announced: string[];
beforeEach(() => {
  folder = mkdtempSync(join(top, 'test-'));
  announced = [];
});

const nobody: FindCredentials = async () => await Promise.resolve(ok(undefined));
const asAnn: FindCredentials = async () => await Promise.resolve(ok(ann));

function registryAt(push: string, more: Partial<Registry> = {}): Registry {
  return { push, pull: 'registry.example.com', insecure: true, source: 'appdev.yaml', ...more };
}

function builder(more: Partial<CommandParts> = {}, host: string = registry.host): ImageBuilder {
  const credentials = more.credentials ?? nobody;
  return createCommandBuilder({
    sourceDateEpoch: environmentNow().sourceDateEpoch,
    run: runProcess,
    target: { kind: 'registry', registry: registryAt(host) },
    reader: createRegistryClient({ registry: registryAt(host), credentials }),
    credentials,
    announce: (service, command) => announced.push(`${service}: ${command}`),
    ...more,
  });
}

function write(path: string, text: string): string {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

function service(run: readonly string[], more: Partial<CommandSource> = {}): ServiceConfig {
  return {
    name: 'orders',
    path: folder,
    image: {
      repository: 'shop/orders',
      builder: 'command',
      source: { kind: 'command', run, env: {}, context: folder, ...more },
    },
    deploy: { kind: 'manifests', files: [], deadlineMs: 1000, restartsAllowed: 0 },
    dev: { trigger: 'auto', forward: [] },
    needs: [],
  };
}

async function jarOf(text: string): Promise<Jar> {
  const built = join(folder, 'target/orders.jar');
  mkdirSync(dirname(built), { recursive: true });
  writeFileSync(built, jarBytes(new Map([['BOOT-INF/classes/greeting', Buffer.from(text)]])));
  return { service: 'orders', path: built, built, sha256: await sha256Of(built) };
}

let inputs = 0;
/** Input hashes that no other test has: then the registry has no such tag. */
function newHash(): string {
  inputs += 1;
  return `${process.pid.toString(16)}${inputs.toString(16)}`.padStart(64, '0').split('').reverse().join('');
}

async function build(
  of: ServiceConfig,
  options: { jar?: Jar; hash?: string; context?: RecordingContext; images?: ImageBuilder } = {},
): Promise<Outcome<Artifact>> {
  const { jar, hash = newHash(), context = recordingContext(), images = builder() } = options;
  return await images.build({ service: of, inputHash: hash, ...(jar === undefined ? {} : { jar }) }, context);
}

async function built(...args: Parameters<typeof build>): Promise<Artifact> {
  const outcome = await build(...args);
  if (outcome.kind !== 'ok') throw new Error(JSON.stringify(outcome, null, 2));
  return outcome.value;
}

async function refused(...args: Parameters<typeof build>): Promise<AppdevError> {
  const outcome = await build(...args);
  if (outcome.kind !== 'failed') throw new Error(JSON.stringify(outcome, null, 2));
  return outcome.error;
}

interface Manifest {
  readonly layers: readonly { readonly digest: string }[];
  readonly config: { readonly digest: string };
}

/** What the registry has under an artifact's digest. */
async function manifestOf({
  repository,
  digest,
}: Pick<Artifact, 'repository' | 'digest'>): Promise<Manifest> {
  const [host = '', ...path] = repository.split('/');
  const accept =
    'application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json';
  const answer = await fetch(`http://${host}/v2/${path.join('/')}/manifests/${digest}`, {
    headers: { accept },
  });
  expect(answer.status).toBe(200);
  expect(answer.headers.get('docker-content-digest')).toBe(digest);
  return (await answer.json()) as Manifest;
}

/** The files of an image of one layer, by name. */
async function filesOf(artifact: Artifact): Promise<string> {
  const { layers } = await manifestOf(artifact);
  const path = artifact.repository.slice(artifact.repository.indexOf('/') + 1);
  const contents = await Promise.all(
    layers.map(async ({ digest }) => {
      const blob = await fetch(`http://${registry.host}/v2/${path}/blobs/${digest}`);
      const bytes = Buffer.from(await blob.arrayBuffer());
      return execFileSync('tar', bytes[0] === 0x1f ? ['-tz'] : ['-t'], { input: bytes, encoding: 'utf8' });
    }),
  );
  return contents.join('');
}

/** Pushes an image with the jar as its one layer, by plain requests of the distribution specification. */
const script = `#!/bin/sh
set -eu
at=http://$APPDEV_REGISTRY/v2/\${APPDEV_REPOSITORY#*/}
digest() { echo "sha256:$(sha256sum <"$1" | cut -d ' ' -f 1)"; }
upload() {
  place=$(curl -fsS -X POST -o "$TMPDIR/answer" -w '%header{location}' "$at/blobs/uploads/")
  curl -fsS -X PUT -H 'content-type: application/octet-stream' --data-binary "@$1" "$place&digest=$(digest "$1")"
}
describe() { printf '{"mediaType":"%s","digest":"%s","size":%s}' "$2" "$(digest "$1")" "$(wc -c <"$1")"; }
cd "$TMPDIR"
echo "packing \${APPDEV_JAR##*/}"
tar --sort=name --mtime=@$SOURCE_DATE_EPOCH --owner=0 --group=0 -cf layer.tar -C "\${APPDEV_JAR%/*}" "\${APPDEV_JAR##*/}"
arch=\${APPDEV_PLATFORM#*/}
printf '{"architecture":"%s","os":"linux","rootfs":{"type":"layers","diff_ids":["%s"]}}' "$arch" "$(digest layer.tar)" >config
upload layer.tar
upload config
printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":%s,"layers":[%s]}' \\
  "$(describe config application/vnd.oci.image.config.v1+json)" \\
  "$(describe layer.tar application/vnd.oci.image.layer.v1.tar)" >manifest
curl -fsS -X PUT -H 'content-type: application/vnd.oci.image.manifest.v1+json' --data-binary @manifest \\
  "$at/manifests/$APPDEV_TAG"
`;

function useScript(): string[] {
  chmodSync(write('tools/build-image.sh', script), 0o755);
  return ['tools/build-image.sh'];
}

describe('an older jar in the output folder', () => {
  it('is refused before the command starts if its Containerfile takes it too, and does not matter otherwise', async () => {
    mkdirSync(join(folder, 'target'));
    const jar = await writeBootJar(join(folder, 'target/orders-1.10.jar'), 'new');
    const old = await writeBootJar(join(folder, 'target/orders-1.9.jar'), 'old');
    const containerfile = write('Containerfile', 'FROM a\nCOPY target/*.jar /app.jar\n');
    expect(await build(service(useScript(), { containerfile }), { jar })).toMatchObject({
      kind: 'failed',
      error: {
        code: 'JAR_AMBIGUOUS',
        message: 'orders: Containerfile copies jars of older builds too: target/orders-1.9.jar',
        hint: `rm ${old.built}   (in dev, press r after it)`,
        exit: 4,
      },
    });
    expect(announced).toEqual([]);
    await built(service(useScript()), { jar });
    rmSync(old.built);
    await built(service(useScript(), { containerfile }), { jar });
  });
});

describe('a plain script', () => {
  it('builds, pushes and is confirmed by the registry under the reference it was given', async () => {
    const context = recordingContext();
    const hash = newHash();
    const artifact = await built(service(useScript()), { jar: await jarOf('hello'), hash, context });
    expect(artifact).toEqual({
      service: 'orders',
      repository: `${registry.host}/shop/orders`,
      pullRepository: 'registry.example.com/shop/orders',
      tag: hash.slice(0, 16),
      digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) as string,
      inputHash: hash,
      builder: { name: 'build-image.sh' },
    });
    expect(await filesOf(artifact)).toBe('orders.jar\n');
    expect(context.stages).toEqual([
      'started image',
      'finished image ok',
      'started push',
      'finished push ok',
    ]);
    expect(context.lines).toEqual(['packing orders.jar']);
  });

  it('keeps tag and digest when the same comes out again, and gets a fresh tag when it does not', async () => {
    const hash = newHash();
    const images = builder();
    const first = await built(service(useScript()), { jar: await jarOf('one'), hash, images });
    expect(await built(service(useScript()), { jar: await jarOf('one'), hash, images })).toEqual(first);
    const other = await built(service(useScript()), { jar: await jarOf('two'), hash, images });
    expect(other.digest).not.toBe(first.digest);
    expect(other.tag).toMatch(new RegExp(`^${first.tag}-[0-9a-f]{8}$`));
    expect(announced).toEqual(['orders: tools/build-image.sh']);
  });

  it('gets the documented environment, its context as the working folder, and nothing stays behind', async () => {
    const hash = newHash();
    const seen = join(folder, 'seen');
    const of = service(
      [
        'sh',
        '-c',
        'env -0 >"$SEEN/env"; cp "$APPDEV_AUTHFILE" "$SEEN/auth"; pwd; stat -c %a "$APPDEV_AUTHFILE"; [ -d "$TMPDIR" ]; echo "saw correct-horse"; false',
      ],
      {
        env: { SEEN: seen },
        context: join(folder, 'docker'),
        containerfile: join(folder, 'docker/Containerfile'),
      },
    );
    mkdirSync(seen);
    mkdirSync(join(folder, 'docker'));
    const jar = await jarOf('x');
    const context = recordingContext();
    const images = builder({
      credentials: asAnn,
      authority: '/trusted/ca.crt',
      reader: createRegistryClient({ registry: registryAt(registry.host), credentials: asAnn }),
    });
    const error = await refused(of, { jar, hash, context, images });
    expect(context.lines).toEqual([join(folder, 'docker'), '600', 'saw ***']);
    expect(error.evidence).toEqual(context.lines);
    const environment = new Map(
      readFileSync(join(seen, 'env'), 'utf8')
        .split('\0')
        .map((pair) => [pair.split('=', 1)[0], pair.slice(pair.indexOf('=') + 1)]),
    );
    const given = [...environment].filter(
      ([name]) => name?.startsWith('APPDEV_') === true && !(name in process.env),
    );
    const repository = `${registry.host}/shop/orders`;
    const digestFile = environment.get('APPDEV_DIGEST_FILE') ?? '';
    const expected = {
      APPDEV_SERVICE: 'orders',
      APPDEV_IMAGE: `${repository}:${hash.slice(0, 16)}`,
      APPDEV_REPOSITORY: repository,
      APPDEV_TAG: hash.slice(0, 16),
      APPDEV_REGISTRY: registry.host,
      APPDEV_REGISTRY_INSECURE: 'true',
      APPDEV_CONTEXT: join(folder, 'docker'),
      APPDEV_CONTAINERFILE: join(folder, 'docker/Containerfile'),
      APPDEV_PLATFORM: platformOf(process.arch),
      APPDEV_JAR: jar.built,
      APPDEV_DIGEST_FILE: digestFile,
      APPDEV_AUTHFILE: join(dirname(digestFile), 'config.json'),
      APPDEV_REGISTRY_CA: '/trusted/ca.crt',
    };
    // The mark by which a later session finds what a killed one left.
    const { APPDEV_SESSION: _mark, ...contract } = Object.fromEntries(given) as Record<string, string>;
    expect(contract).toEqual(expected);
    expect(environment.get('SOURCE_DATE_EPOCH')).toBe('0');
    const auth = Buffer.from(`ann:${password}`).toString('base64');
    expect(JSON.parse(readFileSync(join(seen, 'auth'), 'utf8'))).toEqual({
      auths: { [registry.host]: { auth } },
    });
    expect(existsSync(dirname(digestFile))).toBe(false);
    // Each variable is in the docs, so that this list and that one stay one.
    const docs = readFileSync(join(import.meta.dirname, '../../docs/config.md'), 'utf8');
    for (const name of [...Object.keys(expected), 'SOURCE_DATE_EPOCH', 'TMPDIR'])
      expect(docs).toContain(`\`${name}\``);
  });
});

describe('podman', () => {
  const podman = (more = ''): string[] => [
    'sh',
    '-euc',
    `podman build -q --isolation chroot --timestamp 0 -t "$APPDEV_IMAGE" -f "$APPDEV_CONTAINERFILE" "$APPDEV_CONTEXT"
     podman push -q ${more} --tls-verify=false --digestfile "$APPDEV_DIGEST_FILE" "$APPDEV_IMAGE"
     podman rmi "$APPDEV_IMAGE"`,
  ];

  it('builds a Containerfile, and its digest file is understood', async () => {
    const containerfile = write(
      'Containerfile',
      'FROM scratch\nCOPY target/orders.jar /app.jar\nENTRYPOINT ["/app"]\n',
    );
    const of = service(podman(), { containerfile });
    const jar = await jarOf('podman');
    const hash = newHash();
    const first = await built(of, { jar, hash });
    expect(await filesOf(first)).toBe('app.jar\n');
    utimesSync(jar.built, 1, 1);
    expect(await built(of, { jar, hash })).toEqual(first);
    expect(await storage.buildah('images', '-q')).toBe('');
  });

  it('logs in with the credentials that it is handed, and no output shows them', async () => {
    const containerfile = write('Containerfile', 'FROM scratch\nCOPY Containerfile /\n');
    const context = recordingContext();
    const reader = createRegistryClient({ registry: registryAt(closed.host), credentials: asAnn });
    const images = builder({ credentials: asAnn, reader }, closed.host);
    const more = '--log-level debug --authfile "$APPDEV_AUTHFILE"';
    const artifact = await built(service(podman(more), { containerfile }), { images, context });
    const there = await reader.headManifest(artifact.repository, artifact.digest, context.signal);
    expect(there).toEqual(ok({ digest: artifact.digest }));
    const secrets = [password, Buffer.from(`ann:${password}`).toString('base64')];
    expect(context.lines.filter((line) => secrets.some((secret) => line.includes(secret)))).toEqual([]);
  });
});

describe('BuildKit', () => {
  const buildctl = [
    'sh',
    '-euc',
    `buildctl build --frontend dockerfile.v0 --local context=. --local dockerfile="$(dirname "$APPDEV_CONTAINERFILE")" \
       --opt filename="$(basename "$APPDEV_CONTAINERFILE")" --opt platform="$APPDEV_PLATFORM" --no-cache \
       --output "type=image,name=$APPDEV_IMAGE,push=true,registry.insecure=$APPDEV_REGISTRY_INSECURE,rewrite-timestamp=true" \
       --metadata-file "$APPDEV_DIGEST_FILE"`,
  ];

  it('builds a Containerfile, and its metadata file is understood; equal content has an equal digest', async () => {
    const containerfile = write(
      'Containerfile',
      'FROM scratch\nCOPY target/orders.jar /app.jar\nENTRYPOINT ["/app"]\n',
    );
    const of = service(buildctl, { containerfile, env: { BUILDKIT_HOST: buildkit.address } });
    const jar = await jarOf('buildkit');
    const hash = newHash();
    const context = recordingContext();
    const first = await built(of, { jar, hash, context });
    expect(await filesOf(first)).toBe('app.jar\n');
    expect(context.lines.join('\n')).toContain('COPY target/orders.jar /app.jar');
    utimesSync(jar.built, 1, 1);
    expect(await built(of, { jar, hash })).toEqual(first);
  });

  it('fails with its words', async () => {
    const containerfile = write('Containerfile', 'FROM scratch\nCOPY nowhere /app.jar\n');
    const error = await refused(
      service(buildctl, { containerfile, env: { BUILDKIT_HOST: buildkit.address } }),
    );
    expect(error).toMatchObject({ code: 'IMAGE_BUILD_FAILED' });
    expect(error.message).toMatch(/^orders: the command sh -euc buildctl .* ended with exit code 1: /);
    expect(error.evidence?.join('\n')).toContain('"/nowhere": not found');
  });
});

describe('a command that lies', () => {
  it.each([
    ['does nothing', ['true'], 'the registry has no HOST/shop/orders:TAG'],
    [
      'names a digest that is not there',
      ['sh', '-c', `echo sha256:${'ab'.repeat(32)} >"$APPDEV_DIGEST_FILE"`],
      `the registry has no sha256:${'ab'.repeat(32)} in HOST/shop/orders, which the command wrote to $APPDEV_DIGEST_FILE`,
    ],
  ])('%s: PUSH_FAILED', async (_name, run, why) => {
    const hash = newHash();
    const context = recordingContext();
    const error = await refused(service(run), { hash, context });
    const message = why.replace('HOST', registry.host).replace('TAG', hash.slice(0, 16));
    expect(error).toMatchObject({
      code: 'PUSH_FAILED',
      message: `orders: the command ended with exit code 0, but ${message}`,
    });
    expect(context.stages.at(-1)).toBe('finished push failed');
  });

  it('is not believed because of an image that was there before', async () => {
    const hash = newHash();
    await built(service(useScript()), { jar: await jarOf('before'), hash });
    expect(await refused(service(['true']), { hash })).toMatchObject({ code: 'PUSH_FAILED' });
  });

  it('writes something else: IMAGE_BUILD_FAILED', async () => {
    const error = await refused(service(['sh', '-c', 'echo done >"$APPDEV_DIGEST_FILE"']));
    expect(error).toMatchObject({
      code: 'IMAGE_BUILD_FAILED',
      message: 'orders: the command wrote no digest to $APPDEV_DIGEST_FILE: "done"',
    });
  });

  it('has the jar changed under its hands: SOURCE_CHANGED', async () => {
    const jar = await jarOf('before');
    const error = await refused(service(['sh', '-c', 'echo more >>"$APPDEV_JAR"']), { jar });
    expect(error).toMatchObject({ code: 'SOURCE_CHANGED', exit: 4 });
  });
});

describe('a command that fails', () => {
  it('says how it ended and its last lines', async () => {
    const context = recordingContext();
    const error = await refused(
      service(['sh', '-c', 'seq 1 20; echo "no space for https://ann:hunter22@example.com" >&2; exit 3']),
      { context },
    );
    expect(error).toMatchObject({ code: 'IMAGE_BUILD_FAILED' });
    expect(error.message).toMatch(/ended with exit code 3: (20|no space for https:\/\/\*\*\*@example.com)$/);
    expect(error.evidence).toHaveLength(10);
    expect(error.evidence).toContain('no space for https://***@example.com');
    expect(context.stages.at(-1)).toBe('finished image failed');
    expect(context.lines).toHaveLength(21);
  });

  it('is ended by a signal', async () => {
    const error = await refused(service(['sh', '-c', 'kill -KILL $$']));
    expect(error.message).toBe('orders: the command sh -c kill -KILL $$ ended with exit code 137');
  });

  it.each([
    ['no-such-builder', 'is not on the PATH', /^install no-such-builder/],
    ['./nowhere.sh', 'does not exist in', /^install \.\/nowhere\.sh/],
    ['./plain.sh', 'is not an executable file', /^chmod \+x /],
  ])('%s %s: TOOL_MISSING', async (tool, what, hint) => {
    write('plain.sh', '#!/bin/sh\n');
    const error = await refused(service([tool]));
    expect(error).toMatchObject({ code: 'TOOL_MISSING', hint: expect.stringMatching(hint) as string });
    expect(error.message).toContain(what);
  });

  it('is not started if there is no registry', async () => {
    const images = builder({ target: { kind: 'load', product: 'kind', cluster: 'shop' } });
    const error = await refused(service(['touch', 'started']), { images });
    expect(error).toMatchObject({ code: 'REGISTRY_NOT_FOUND' });
    expect(existsSync(join(folder, 'started'))).toBe(false);
    expect(announced).toEqual([]);
  });

  it('is not started if the registry does not answer', async () => {
    const images = builder({}, '127.0.0.1:1');
    const error = await refused(service(['touch', 'started']), { images });
    expect(error).toMatchObject({ code: 'REGISTRY_UNREACHABLE' });
    expect(existsSync(join(folder, 'started'))).toBe(false);
  });
});

describe('a cancelled command', () => {
  it('is dead with all that it started, and its files are gone', async () => {
    const stop = new AbortController();
    const said: string[] = [];
    const context = recordingContext(stop.signal, {
      onLine: (line) => {
        said.push(line);
        if (said.length === 3) stop.abort('superseded');
      },
    });
    const run = [
      'sh',
      '-c',
      '(trap "" TERM; sleep 1000) & echo $!; sleep 1000 & echo $!; echo "$APPDEV_DIGEST_FILE"; wait',
    ];
    const outcome = await build(service(run), { context });
    expect(outcome).toEqual({ kind: 'cancelled', reason: 'superseded' });
    const [first, second, digestFile = ''] = said;
    for (const pid of [first, second]) {
      const process = identify(Number(pid));
      expect(process !== undefined && isAlive(process)).toBe(false);
    }
    expect(existsSync(dirname(digestFile))).toBe(false);
    expect(context.stages).toEqual(['started image', 'finished image cancelled']);
  });
});

describe('copies to the registry that the nodes pull from', () => {
  let pulls: TestRegistry;
  beforeAll(async () => {
    pulls = await startRegistry();
  });
  afterAll(async () => await pulls.stop());

  /** Stands for any builder: its image has been pushed already. */
  function artifactOf(digest: string, host = pulls.host): Artifact {
    return {
      service: 'orders',
      repository: `${registry.host}/shop/copied`,
      pullRepository: `${host}/prod/copied`,
      tag: 'a1',
      digest,
      inputHash: 'a1',
    };
  }

  async function copyOf(
    artifact: Artifact,
    options: { insecure?: boolean; context?: RecordingContext } = {},
  ): Promise<Outcome<Artifact>> {
    const { insecure = true, context = recordingContext() } = options;
    const environment = environmentNow().registry;
    const opened = openRegistryAccess({ run: runProcess, environment, push: registry.host });
    if (opened.kind !== 'ok') throw new Error(JSON.stringify(opened));
    const access = opened.value;
    const pull = artifact.pullRepository.replace(/\/copied$/, '');
    const copied = await copyImage(
      {
        run: runProcess,
        registry: registryAt(registry.host, { pull, copy: { insecure } }),
        reader: createRegistryClient({ registry: { push: pull, insecure: true }, ...access.asking }),
        access,
      },
      artifact,
      context,
    );
    return copied.kind === 'ok' ? ok(artifact) : copied;
  }

  it('by digest, once', async () => {
    const image = await built(service(useScript()), { jar: await jarOf('copied') });
    const artifact = { ...artifactOf(image.digest), repository: image.repository };
    const context = recordingContext();
    expect(await copyOf(artifact, { context })).toEqual(ok(artifact));
    expect(await manifestOf({ repository: artifact.pullRepository, digest: image.digest })).toEqual(
      await manifestOf(image),
    );
    expect(context.details.get('push')).toBe(`copied to ${pulls.host}`);
    expect(context.stages).toEqual(['started push', 'finished push ok']);
    const again = recordingContext();
    expect(await copyOf(artifact, { context: again })).toEqual(ok(artifact));
    expect(again.details.get('push')).toBe(`already in ${pulls.host}`);
  });

  it('an index of several platforms whole, with its digest', async () => {
    const at = `http://${registry.host}/v2/shop/orders`;
    const type = 'application/vnd.oci.image.index.v1+json';
    const mediaType = 'application/vnd.oci.image.manifest.v1+json';
    const manifests = [];
    for (const architecture of ['amd64', 'arm64']) {
      const { digest } = await built(service(useScript()), { jar: await jarOf(architecture) });
      const body = await fetch(`${at}/manifests/${digest}`, { headers: { accept: mediaType } });
      const size = (await body.arrayBuffer()).byteLength;
      manifests.push({ mediaType, digest, size, platform: { architecture, os: 'linux' } });
    }
    const index = JSON.stringify({ schemaVersion: 2, mediaType: type, manifests });
    const put = await fetch(`${at}/manifests/both`, {
      method: 'PUT',
      headers: { 'content-type': type },
      body: index,
    });
    const digest = put.headers.get('docker-content-digest') ?? '';
    const artifact = { ...artifactOf(digest), repository: `${registry.host}/shop/orders` };
    expect(await copyOf(artifact)).toEqual(ok(artifact));
    for (const { digest: one } of manifests) {
      await manifestOf({ repository: artifact.pullRepository, digest: one });
    }
  });

  it('by HTTPS, unless plain HTTP is declared', async () => {
    const image = await built(service(useScript()), { jar: await jarOf('https') });
    const artifact = { ...artifactOf(image.digest), repository: image.repository };
    const context = recordingContext();
    const outcome = await copyOf(artifact, { insecure: false, context });
    expect(outcome).toMatchObject({
      kind: 'failed',
      error: {
        code: 'REGISTRY_UNREACHABLE',
        message: `copying ${image.repository} to ${artifact.pullRepository} failed: ${pulls.host} speaks plain HTTP, which is not allowed for it`,
        hint: 'set registry.copy.insecure: true in appdev.yaml if you want that',
      },
    });
    expect(context.stages.at(-1)).toBe('finished push failed');
  });

  it('with the credentials of a file, never of the command line', async () => {
    const image = await built(service(useScript()), { jar: await jarOf('closed') });
    const artifact = { ...artifactOf(image.digest, closed.host), repository: image.repository };
    const authFile = write('auth.json', '{"auths":{}}');
    const before = process.env['REGISTRY_AUTH_FILE'];
    process.env['REGISTRY_AUTH_FILE'] = authFile;
    try {
      expect(await copyOf(artifact)).toMatchObject({
        kind: 'failed',
        error: { code: 'REGISTRY_DENIED' },
      });
      const auth = Buffer.from(`ann:${password}`).toString('base64');
      writeFileSync(authFile, JSON.stringify({ auths: { [closed.host]: { auth } } }));
      expect(await copyOf(artifact)).toEqual(ok(artifact));
    } finally {
      if (before === undefined) delete process.env['REGISTRY_AUTH_FILE'];
      else process.env['REGISTRY_AUTH_FILE'] = before;
    }
  });

  it('what is not in the first registry cannot be copied', async () => {
    await pushImage(registry.host, 'shop/copied', 'other', 'other');
    const outcome = await copyOf(artifactOf(`sha256:${'cd'.repeat(32)}`));
    expect(outcome).toMatchObject({ kind: 'failed', error: { code: 'PUSH_FAILED' } });
  });
});
