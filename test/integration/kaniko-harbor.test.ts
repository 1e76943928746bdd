/**
 * Builds in pods, pushed through the fake Harbor to a real registry, with what a project can demand: immutable tags, images
 * that nobody can pull before they are scanned, a quota. The pods are a fake cluster's, in which the stand-in executor
 * really runs: what it does to the registry and what it says is its registry library's, which is the executor's as well.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pack } from 'tar-stream';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createKanikoBuilder } from '../../src/build/image/kaniko/builder.ts';
import { readEnvironment } from '../../src/app/environment.ts';
import type { Jar } from '../../src/build/types.ts';
import { openRegistry } from '../../src/app/compose/registry.ts';
import type { ImageSource, KanikoConfig, ServiceConfig } from '../../src/config/model.ts';
import { defaultKaniko } from '../../src/config/normalize.ts';
import { exitCodeOf } from '../../src/core/errors.ts';
import type { Artifact } from '../../src/core/events.ts';
import type { Outcome } from '../../src/core/outcome.ts';
import { openRegistryAccess } from '../../src/registry/login/access.ts';
import { lookAtImage } from '../../src/registry/api/image-config.ts';
import type { Registry } from '../../src/registry/types.ts';
import { runProcess } from '../../src/support/process/process.ts';
import { writeBootJar } from '../support/boot-jar.ts';
import { createFakeBuildCluster, type FakeBuildCluster } from '../support/fake-build-cluster.ts';
import { startFakeHarbor, type FakeHarbor } from '../support/fake-harbor/fake-harbor.ts';
import { adminPassword, type Project, type Robot } from '../support/fake-harbor/state.ts';
import { publishImage } from '../support/publish-image.ts';
import { recordingContext, type RecordingContext } from '../support/recording-context.ts';
import { pushImage, startRegistry, type TestRegistry } from '../support/registry.ts';

let top: string;
let registry: TestRegistry;
let harbor: FakeHarbor;
let cluster: FakeBuildCluster;
/** By name: the executor signs in nowhere that is named by a private address. */
let host: string;
let project: Project;
let robot: Robot;
let lowers: Artifact[];
let count = 0;

beforeAll(async () => {
  top = mkdtempSync(join(tmpdir(), 'appdev-kaniko-harbor-'));
  registry = await startRegistry();
  harbor = await startFakeHarbor({ registry: registry.host });
  host = harbor.host.replace('127.0.0.1', 'localhost');
  harbor.state.scanners.push({ uuid: '1', name: 'standin', url: 'http://127.0.0.1:1', created: '' });
  cluster = createFakeBuildCluster(mkdtempSync(join(top, 'cluster-')));
  await pushAsAdmin('library/base', '1', await layerOf('etc/base', 'the base'));
});
afterAll(async () => {
  await harbor.stop();
  await registry.stop();
  rmSync(top, { recursive: true, force: true });
});
beforeEach(() => {
  count += 1;
  project = harbor.state.createProject(`shop${count}`, {}, -1);
  const access = [
    { resource: 'repository', action: 'push' },
    { resource: 'repository', action: 'pull' },
    { resource: 'artifact', action: 'read' },
    { resource: 'scan', action: 'create' },
    { resource: 'artifact-addition', action: 'read' },
  ];
  const permissions = [{ kind: 'project', namespace: project.name, access }];
  robot = harbor.state.createRobot(`ci${count}`, 'project', permissions, 30);
  harbor.state.options.findings = [];
  cluster.builds.length = 0;
  lowers = [];
});

/** A layer with one file. */
async function layerOf(name: string, text: string): Promise<Uint8Array<ArrayBuffer>> {
  const packer = pack();
  packer.entry({ name, mtime: new Date(0) }, text);
  packer.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of packer as unknown as AsyncIterable<Buffer>) chunks.push(chunk);
  return new Uint8Array(Buffer.concat(chunks));
}

async function pushAsAdmin(
  repository: string,
  tag: string,
  content: string | Uint8Array<ArrayBuffer>,
): Promise<string> {
  const authorization = `Basic ${Buffer.from(`admin:${adminPassword}`).toString('base64')}`;
  const send: typeof fetch = async (input, init) =>
    await fetch(input, {
      ...init,
      headers: { ...(init?.headers as Record<string, string>), authorization },
    });
  // The executor expects a step for each layer.
  const more = { history: [{ created_by: 'the base' }] };
  return await pushImage(harbor.host, repository, tag, content, send, more);
}

function service(source: ImageSource, repository = 'orders'): ServiceConfig {
  return {
    name: 'orders',
    path: top,
    image: { repository, builder: 'kaniko', source },
    deploy: { kind: 'manifests', files: [], deadlineMs: 1000, restartsAllowed: 0 },
    dev: { trigger: 'auto', forward: [] },
    needs: [],
  };
}

/** A service of a Containerfile; its files are the same for the same content. */
function copying(
  content: string,
  { repository = 'orders', base = 'library/base:1', more = '' } = {},
): ServiceConfig {
  const context = mkdtempSync(join(top, 'context-'));
  const containerfile = join(context, 'Containerfile');
  writeFileSync(containerfile, `FROM ${host}/${base}\nCOPY data /data\n${more}`);
  writeFileSync(join(context, 'data'), `${count} ${content}`);
  return service({ kind: 'containerfile', containerfile, context, buildArgs: {} }, repository);
}

/** Makes a Containerfile one whose result its files do not decide. */
const running = 'RUN sleep 0\n';

const layered = (repository = 'orders'): ServiceConfig =>
  service({ kind: 'layers', base: `${host}/library/base:1` }, repository);

async function jarOf(text: string): Promise<Jar> {
  return await writeBootJar(join(mkdtempSync(join(top, 'jar-')), 'app.jar'), `${count} ${text}`);
}

/** Builds as a machine of its own, on which nothing is known of earlier builds. */
async function build(
  of: ServiceConfig,
  {
    jar,
    context = recordingContext(),
    config = defaultKaniko,
  }: { readonly jar?: Jar; readonly context?: RecordingContext; readonly config?: KanikoConfig } = {},
): Promise<Outcome<Artifact>> {
  const home = mkdtempSync(join(top, 'machine-'));
  const push = `${host}/${project.name}`;
  const target: Registry = { push, pull: push, inCluster: push, insecure: true, source: 'appdev.yaml' };
  const { registry: environment } = readEnvironment({
    HOME: home,
    APPDEV_REGISTRY_USER: robot.name,
    APPDEV_REGISTRY_PASSWORD: robot.secret,
  });
  const access = openRegistryAccess({ run: runProcess, environment, push });
  if (access.kind !== 'ok') throw new Error(JSON.stringify(access));
  const { credentials } = access.value.asking;
  const {
    client,
    pullGate,
    guarded,
    admit,
    keep: publish,
  } = openRegistry({
    registry: target,
    access: access.value,
    createProject: false,
    stateFolder: join(home, 'state'),
  });
  const cache = join(home, 'cache');
  mkdirSync(cache);
  const builder = createKanikoBuilder({
    cluster: cluster.api,
    config,
    createNamespace: false,
    project: 'shop',
    target: { kind: 'registry', registry: target },
    client,
    credentials,
    lookAtImage: async (name, signal) =>
      await lookAtImage(name, { credentials, insecure: () => true }, signal),
    onLower: async (artifact) => await Promise.resolve(lowers.push(artifact)),
    pullGate,
    cache,
  });
  const request = { service: of, inputHash: 'a1b2', ...(jar === undefined ? {} : { jar }) };
  return await publishImage({ imageBuilder: guarded(builder), admit, publish }, request, context);
}

async function built(...args: Parameters<typeof build>): Promise<Artifact> {
  const outcome = await build(...args);
  if (outcome.kind !== 'ok') throw new Error(JSON.stringify(outcome, null, 2));
  return outcome.value;
}

/** Code and exit code, then all of its text. */
function told(outcome: Outcome<unknown>): [string, number, string] {
  if (outcome.kind !== 'failed') return [outcome.kind, 0, JSON.stringify(outcome)];
  return [outcome.error.code, exitCodeOf(outcome.error), JSON.stringify(outcome.error)];
}

const asked = (pattern: RegExp): number => harbor.requests.filter((line) => pattern.test(line)).length;

describe('a build', () => {
  it('is pushed by the pod, with the robot’s login, and says what built it', async () => {
    const artifact = await built(copying('a'));
    expect(artifact).toEqual({
      service: 'orders',
      repository: `${host}/${project.name}/orders`,
      pullRepository: `${host}/${project.name}/orders`,
      tag: expect.stringMatching(/^[0-9a-f]{16}$/) as string,
      digest: harbor.state.find(`${project.name}/orders`, artifact.tag)?.digest,
      inputHash: 'a1b2',
      builder: { name: 'kaniko', version: defaultKaniko.image },
    });
    expect(cluster.builds.flat().join(' ')).not.toContain(robot.secret);
  });

  it('of layers that the registry has needs no pod, whoever built them', async () => {
    const jar = await jarOf('a');
    const first = await built(layered(), { jar });
    // The base, the dependencies, the application.
    expect(cluster.builds).toHaveLength(3);
    const context = recordingContext();
    expect(await built(layered(), { jar, context })).toEqual(first);
    expect(cluster.builds).toHaveLength(3);
    expect(context.stages).toContain('finished push skipped');
    await built(layered(), { jar: await jarOf('b') });
    expect(cluster.builds).toHaveLength(4);
  });

  it('of layers is the same image wherever and whenever it is made', async () => {
    const jar = await jarOf('a');
    const [one, other] = [await built(layered(), { jar }), await built(layered('elsewhere'), { jar })];
    expect(cluster.builds).toHaveLength(6);
    expect(other.digest).toBe(one.digest);
  });

  it('of layers has no base to unpack or to compress, and its tag names it alone', async () => {
    const context = recordingContext();
    const { tag } = await built(layered(), { jar: await jarOf('a'), context });
    expect(context.lines.filter((line) => /^WARN|Unpacking rootfs/.test(line))).toEqual([]);
    expect(context.lines.filter((line) => /Skipping unpacking|nothing to extract/.test(line))).toHaveLength(
      3,
    );
    expect(cluster.builds.map((args) => args.includes('--reproducible'))).toEqual([false, true, true]);
    expect(cluster.builds.flat().filter((arg) => arg.endsWith(`:${tag}`))).toEqual([]);
    const put = `PUT /v2/${project.name}/orders/manifests/`;
    const tags = harbor.requests.flatMap((line) => (line.startsWith(put) ? [line.slice(put.length)] : []));
    expect(tags.map((one) => one.replace(/-.*/, ''))).toEqual(['lower', 'lower', 'lower', tag, 'appdev']);
  });

  it('of layers is left to the pods if they have a login of their own', async () => {
    const secret = JSON.stringify({
      auths: { [host]: { auth: Buffer.from(`${robot.name}:${robot.secret}`).toString('base64') } },
    });
    await cluster.api.create(
      {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'registry-login' },
        stringData: { '.dockerconfigjson': secret },
      },
      new AbortController().signal,
    );
    const jar = await jarOf('a');
    const config = { ...defaultKaniko, credentials: 'registry-login' };
    const first = await built(layered(), { jar, config });
    expect(cluster.builds.map((args) => args.includes('--reproducible'))).toEqual([true, true]);
    expect(cluster.builds.at(-1)?.some((arg) => arg.endsWith(`/orders:${first.tag}`))).toBe(true);
    expect(await built(layered('elsewhere'), { jar, config })).toMatchObject({ digest: first.digest });
  });

  it('of a Containerfile that only copies needs no pod twice, until its base moves', async () => {
    await pushAsAdmin('library/moving', '1', await layerOf('etc/base', `${count} first`));
    const of = (): ServiceConfig => copying('a', { base: 'library/moving:1' });
    const context = recordingContext();
    const first = await built(of(), { context });
    expect(context.lines.filter((line) => line.startsWith('WARN'))).toEqual([]);
    expect(cluster.builds.flat()).not.toContain('--reproducible');
    expect(await built(of())).toEqual(first);
    expect(cluster.builds).toHaveLength(1);
    await pushAsAdmin('library/moving', '1', await layerOf('etc/base', `${count} second`));
    const second = await built(of());
    expect(second.tag).not.toBe(first.tag);
    expect(cluster.builds).toHaveLength(2);
  });

  it('of a Containerfile that runs something is made each time, and equal results are one image', async () => {
    const first = await built(copying('a', { more: running }));
    expect(await built(copying('a', { more: running }))).toEqual(first);
    expect(cluster.builds.map((args) => args.includes('--reproducible'))).toEqual([true, true]);
  });
});

describe('a project that keeps unscanned images back', () => {
  beforeEach(() => {
    Object.assign(project.metadata, { prevent_vul: 'true', severity: 'high' });
  });

  it('has the parts of a jar’s image scanned before the image is made of them', async () => {
    const context = recordingContext();
    const artifact = await built(layered(), { jar: await jarOf('a'), context });
    const name = `${project.name}/orders`;
    for (const { tag } of lowers) expect(tag).toMatch(/^lower-/);
    for (const digest of [...lowers.map((lower) => lower.digest), artifact.digest])
      expect(harbor.state.find(name, digest)?.scan?.steps).toEqual([]);
    expect(context.lines.filter((line) => line.endsWith('Pending'))).toEqual([
      'scan of orders (base): Pending',
      'scan of orders (dependencies): Pending',
      'scan of orders (application): Pending',
      'scan of orders: Pending',
    ]);
    // The stage `scan` is that of the image itself.
    expect(context.stages).toEqual([
      'started image',
      'finished image ok',
      'started push',
      'finished push ok',
      'started scan',
      'finished scan ok',
    ]);

    // A change of code: the parts that stay have been scanned.
    const before = asked(/\/scan$/);
    await built(layered(), { jar: await jarOf('b') });
    expect(asked(/\/scan$/) - before).toBe(2);
    expect(cluster.builds).toHaveLength(4);
  });

  it('stops at a part with vulnerabilities, before anything is built besides it', async () => {
    harbor.state.options.findings = [
      { id: 'CVE-2026-1', package: 'lib', version: '1.0', fix_version: '1.1', severity: 'Critical' },
    ];
    const [code, exit, text] = told(await build(layered(), { jar: await jarOf('a') }));
    expect([code, exit]).toEqual(['SCAN_GATE', 10]);
    expect(text).toContain('orders (base) was pushed but stopped');
    expect(cluster.builds).toHaveLength(1);
  });

  it('says which base it keeps back, in Harbor’s words', async () => {
    await pushAsAdmin(`${project.name}/base`, '1', 'unscanned');
    const of = copying('a', { base: `${project.name}/base:1` });
    const [code, exit, text] = told(await build(of));
    expect([code, exit]).toEqual(['BASE_IMAGE_MISSING', 4]);
    expect(text).toContain(`is not allowed to pull ${host}/${project.name}/base`);
    expect(text).toContain('without vulnerability scanning');
  });

  it('has the image already if its tag is there and must not be read', async () => {
    const first = await built(copying('a', { more: running }));
    const there = harbor.state.find(`${project.name}/orders`, first.digest);
    if (there !== undefined) there.scan = undefined;
    const context = recordingContext();
    expect(await built(copying('a', { more: running }), { context })).toEqual(first);
    expect(context.details.get('push')).toBe(`already there, ${first.digest.slice(0, 19)}`);
  });
});

describe('an immutable tag', () => {
  beforeEach(() => {
    project.rules.push({ id: 1, tags: '**', repositories: '**', disabled: false });
  });

  it('with this very image is a success on any machine', async () => {
    const first = await built(copying('a', { more: running }));
    expect(await built(copying('a', { more: running }))).toEqual(first);
    expect(cluster.builds).toHaveLength(2);
    const jar = await jarOf('a');
    expect(await built(layered(), { jar })).toEqual(await built(layered(), { jar }));
  });

  it('with another image fails at once, and says which', async () => {
    const { tag } = await built(copying('a', { more: running }));
    const other = await pushAsAdmin(`${project.name}/taken`, tag, 'another');
    const [code, exit, text] = told(await build(copying('a', { repository: 'taken', more: running })));
    expect([code, exit]).toEqual(['TAG_IMMUTABLE', 5]);
    expect(text).toContain(`it names another image, ${other}`);
    // One by hand and one by the executor, which was told not to try again.
    expect(asked(new RegExp(`^PUT /v2/${project.name}/taken/manifests/${tag}$`))).toBe(2);
  });
});

it('a push over the quota is told as such, by the one pod there was', async () => {
  project.storageLimit = 10;
  const [code, exit, text] = told(await build(copying('a')));
  expect([code, exit]).toEqual(['QUOTA_EXCEEDED', 5]);
  expect(text).toContain('will exceed the configured upper limit');
  expect(cluster.builds).toHaveLength(1);
});
