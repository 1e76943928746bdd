/**
 * Images that a session builds, has judged by a fake Harbor and copies into another one, as the commands put it together:
 * real Buildah and skopeo, two real registries behind two fake Harbors, and faults at the second.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { copyImage, type CopyParts } from '../../src/build/image/transfer/copy.ts';
import { readEnvironment } from '../../src/app/environment.ts';
import type { OpenTarget } from '../../src/app/compose/cluster.ts';
import { askedImages, resolveImages } from '../../src/app/handover/given-images.ts';
import type { Session } from '../../src/app/session.ts';
import { openWork, type Work } from '../../src/app/compose/work.ts';
import type { CommandSource, RegistryConfig, ServiceConfig } from '../../src/config/model.ts';
import type { Artifact } from '../../src/core/events.ts';
import { ok, type Outcome } from '../../src/core/outcome.ts';
import { openRegistryAccess } from '../../src/registry/login/access.ts';
import { createRegistryClient } from '../../src/registry/api/client.ts';
import type { Clock } from '../../src/support/clock.ts';
import { runProcess, type Command } from '../../src/support/process/process.ts';
import { useStorage, type TestStorage } from '../support/buildah-storage.ts';
import { makeCertificate } from '../support/certificate.ts';
import { problem } from '../support/fake-harbor/answers.ts';
import { startFakeHarbor, type FakeHarbor } from '../support/fake-harbor/fake-harbor.ts';
import { adminPassword, type Finding, type Project, type Robot } from '../support/fake-harbor/state.ts';
import { startFaultProxy, type FaultProxy } from '../support/fault-proxy.ts';
import { publishImage } from '../support/publish-image.ts';
import { recordingContext, type RecordingContext } from '../support/recording-context.ts';
import { pushImage, startRegistry, type TestRegistry } from '../support/registry.ts';

const signal = new AbortController().signal;
const everything = [
  ...['push', 'pull'].map((action) => ({ resource: 'repository', action })),
  { resource: 'artifact', action: 'read' },
  { resource: 'scan', action: 'create' },
  { resource: 'artifact-addition', action: 'read' },
];
type Login = Pick<Robot, 'name' | 'secret'>;

let top: string;
let storage: TestStorage;
let registries: Record<'ci' | 'prod', TestRegistry>;
let ci: FakeHarbor;
let prod: FakeHarbor;
let proxy: FaultProxy;
let cacheBefore: string | undefined;
/** Each test has projects of its own. */
let count = 0;
let project: Project;
let robot: Robot;
let prodRobot: Robot;

beforeAll(async () => {
  top = mkdtempSync(join(tmpdir(), 'appdev-copy-'));
  storage = useStorage(join(top, 'storage'));
  cacheBefore = process.env['XDG_CACHE_HOME'];
  process.env['XDG_CACHE_HOME'] = join(top, 'cache');
  registries = { ci: await startRegistry(), prod: await startRegistry() };
  ci = await startFakeHarbor({ registry: registries.ci.host });
  prod = await startFakeHarbor({ registry: registries.prod.host });
  proxy = await startFaultProxy(prod.host);
  ci.state.scanners.push({ uuid: '1', name: 'standin', url: 'http://127.0.0.1:1', created: '' });
});
afterAll(async () => {
  await proxy.stop();
  await prod.stop();
  await ci.stop();
  await registries.prod.stop();
  await registries.ci.stop();
  storage.remove();
  if (cacheBefore === undefined) delete process.env['XDG_CACHE_HOME'];
  else process.env['XDG_CACHE_HOME'] = cacheBefore;
  rmSync(top, { recursive: true, force: true });
});
beforeEach(() => {
  count += 1;
  project = ci.state.createProject(`shop${count}`, {}, -1);
  robot = robotOf(ci, project.name);
  prod.state.createProject(`shop${count}`, {}, -1);
  prodRobot = robotOf(prod, project.name);
  [proxy.faults, proxy.nth, prod.interceptions] = [[], undefined, []];
  Object.assign(ci.state.options, { findings: [] });
  Object.assign(prod.state.options, { tokenUses: Infinity });
});

function robotOf(harbor: FakeHarbor, ...projects: readonly string[]): Robot {
  const permissions = projects.map((namespace) => ({ kind: 'project', namespace, access: everything }));
  return harbor.state.createRobot(`ci${harbor.state.robots.length}`, 'system', permissions, 30);
}

/** A file of logins by host, as `buildah login` writes it. */
function logins(name: string, entries: readonly (readonly [host: string, login: Login])[]): string {
  const auths = entries.map(([host, { name: user, secret }]) => [
    host,
    { auth: Buffer.from(`${user}:${secret}`).toString('base64') },
  ]);
  const file = join(top, name);
  writeFileSync(file, JSON.stringify({ auths: Object.fromEntries(auths) as unknown }));
  return file;
}

const environment = ({ name, secret }: Login): NodeJS.ProcessEnv => ({
  APPDEV_REGISTRY_USER: name,
  APPDEV_REGISTRY_PASSWORD: secret,
});

/** From the project in the first Harbor to the same one in the second. */
function copied(more: Partial<RegistryConfig> = {}): RegistryConfig {
  const [push, pull] = [`${ci.host}/${project.name}`, `${proxy.host}/${project.name}`];
  return { push, pull, insecure: true, copy: { insecure: true }, ...more };
}

interface Opening {
  readonly registry: RegistryConfig;
  readonly env?: NodeJS.ProcessEnv;
  readonly authFile?: string;
  readonly images?: readonly string[];
  readonly command?: CommandSource;
}

function session({ registry, env = {}, authFile, images, command }: Opening): Session {
  const context = join(top, `context${count}`);
  const containerfile = join(context, 'Containerfile');
  mkdirSync(context, { recursive: true });
  writeFileSync(containerfile, 'FROM scratch\nCOPY data /data\n');
  writeFileSync(join(context, 'data'), `data ${count}`);
  const source = { kind: 'containerfile', containerfile, context, buildArgs: {} } as const;
  const service: ServiceConfig = {
    name: 'orders',
    path: context,
    image: {
      repository: 'orders',
      builder: command === undefined ? 'buildah' : 'command',
      source: command === undefined ? source : { ...command, containerfile, context },
    },
    deploy: { kind: 'manifests', files: [], deadlineMs: 1000, restartsAllowed: 0 },
    dev: { trigger: 'auto', forward: [] },
    needs: [],
  };
  const config = { name: 'shop', root: context, registry, keepImages: 3, services: [service] };
  return {
    invocation: {
      ...{ command: 'build', positionals: [], cwd: top },
      environment: readEnvironment({ HOME: join(top, 'home'), ...env }),
      flags: {
        ...(authFile === undefined ? {} : { authfile: authFile }),
        ...(images === undefined ? {} : { images }),
      },
    },
    project: { config: { ...config, cluster: { allow: [], createNamespace: false } } },
    services: [service],
    emit: () => undefined,
    signals: { shutdown: signal },
    cleanup: { add: () => undefined },
    stateFolder: join(top, `state${count}`),
  } as unknown as Session;
}

async function work(opening: Opening): Promise<Outcome<Work>> {
  const cluster = { identity: { product: 'kind', namespace: 'default', context: 'kind-shop' } };
  return await openWork(session(opening), {
    cluster,
    deployer: { renderer: {}, way: {}, observer: {} },
    run: runProcess,
  } as unknown as OpenTarget);
}

async function build(opening: Opening, context = recordingContext()): Promise<Outcome<Artifact>> {
  const opened = await work(opening);
  if (opened.kind !== 'ok') return opened;
  const [service] = session(opening).services;
  if (service === undefined) throw new Error('no service');
  return await publishImage(opened.value.parts, { service, inputHash: 'a1b2' }, context);
}

async function built(opening: Opening, context?: RecordingContext): Promise<Artifact> {
  const outcome = await build(opening, context);
  if (outcome.kind !== 'ok') throw new Error(JSON.stringify(outcome));
  return outcome.value;
}

function codeOf(outcome: Outcome<unknown>): string {
  return outcome.kind === 'failed' ? outcome.error.code : outcome.kind;
}

async function digestAt(at: 'ci' | 'prod', name: string, reference: string): Promise<string | null> {
  const answer = await fetch(`http://${registries[at].host}/v2/${name}/manifests/${reference}`, {
    method: 'HEAD',
    headers: { accept: 'application/vnd.oci.image.manifest.v1+json' },
  });
  return answer.status === 200 ? answer.headers.get('docker-content-digest') : null;
}

const orders = (): string => `${project.name}/orders`;

describe('who copies', () => {
  it('is the robot of the environment, to another project of the same Harbor', async () => {
    const to = `deployed${count}`;
    ci.state.createProject(to, {}, -1);
    const env = environment(robotOf(ci, project.name, to));
    const artifact = await built({ registry: copied({ pull: `${ci.host}/${to}` }), env });
    expect(artifact.pullRepository).toBe(`${ci.host}/${to}/orders`);
    expect(await digestAt('ci', `${to}/orders`, artifact.tag)).toBe(artifact.digest);
  });

  it("is the environment's at the first and the user's own login at the second", async () => {
    mkdirSync(join(top, 'home/.docker'), { recursive: true });
    logins('home/.docker/config.json', [[proxy.host, prodRobot]]);
    const artifact = await built({ registry: copied(), env: environment(robot) });
    expect(await digestAt('prod', orders(), artifact.tag)).toBe(artifact.digest);
    rmSync(join(top, 'home'), { recursive: true });
  });

  it('stands in the file of --authfile for both', async () => {
    const authFile = logins('both.json', [
      [ci.host, robot],
      [proxy.host, prodRobot],
    ]);
    const artifact = await built({ registry: copied(), authFile });
    expect(await digestAt('prod', orders(), artifact.tag)).toBe(artifact.digest);
  });

  it('is nobody at the second if no login of it is known: the pair of the environment is for the first', async () => {
    const env = environment({ name: 'admin', secret: adminPassword });
    // It would do at the second, too.
    expect(codeOf(await build({ registry: copied(), env }))).toBe('REGISTRY_DENIED');
    expect(await digestAt('ci', orders(), keptTag())).not.toBeNull();
  });

  /** The tag that keeps what was let through. */
  const keptTag = (): string => {
    const stored = ci.state.artifacts.find(({ repository }) => repository === orders());
    return [...(stored?.tags.keys() ?? [])].find((tag) => tag.startsWith('appdev-')) ?? 'none';
  };
});

describe('what is copied', () => {
  const finding = (severity: string): Finding => ({
    ...{ id: 'CVE-2026-1', package: 'zlib', version: '1.2', fix_version: '1.3', severity },
  });
  const scan = { severity: 'high', fixableOnly: false, deadlineMs: 20_000 } as const;
  const authFile = (): string =>
    logins('gate.json', [
      [ci.host, robot],
      [proxy.host, prodRobot],
    ]);

  it('is nothing that the scan stops', async () => {
    ci.state.options.findings = [finding('Critical')];
    const seen = prod.requests.length;
    const context = recordingContext();
    const outcome = await build({ registry: copied({ scan }), authFile: authFile() }, context);
    expect(codeOf(outcome)).toBe('SCAN_GATE');
    expect(prod.requests.slice(seen)).toEqual([]);
    expect(context.stages.slice(-4)).toEqual([
      'started push',
      'finished push ok',
      'started scan',
      'finished scan failed',
    ]);
  });

  it('waits for the scan if the project prevents vulnerable pulls', async () => {
    project.metadata['prevent_vul'] = 'true';
    project.metadata['severity'] = 'high';
    ci.state.options.findings = [finding('Low')];
    const context = recordingContext();
    const artifact = await built({ registry: copied(), authFile: authFile() }, context);
    expect(await digestAt('prod', orders(), artifact.tag)).toBe(artifact.digest);
    expect(context.stages.slice(-6)).toEqual([
      'started push',
      'finished push ok',
      'started scan',
      'finished scan ok',
      'started push',
      'finished push ok',
    ]);
    expect(context.details.get('push')).toBe(`copied to ${proxy.host}`);
  });

  it('comes right after the push if nothing is scanned', async () => {
    const context = recordingContext();
    await built({ registry: copied(), authFile: authFile() }, context);
    const push = ['started push', 'finished push ok'];
    expect(context.stages.slice(-4)).toEqual([...push, ...push]);
    expect(context.details.get('push')).toBe(`copied to ${proxy.host}`);
  });
});

describe('a private certificate authority', () => {
  let secure: FakeHarbor;
  let ca: string;
  beforeAll(async () => {
    const { ca: file, pem } = makeCertificate(mkdtempSync(join(top, 'tls-')));
    ca = file;
    secure = await startFakeHarbor({ registry: registries.ci.host, tls: pem });
  });
  afterAll(async () => await secure.stop());

  /** Two projects of one Harbor that speaks HTTPS. */
  function closed(): { registry: RegistryConfig; env: NodeJS.ProcessEnv } {
    const [from, to] = [`from${count}`, `to${count}`];
    for (const name of [from, to]) secure.state.createProject(name, {}, -1);
    const [push, pull] = [`${secure.host}/${from}`, `${secure.host}/${to}`];
    const registry = { push, pull, insecure: false, copy: { insecure: false }, ca };
    return { registry, env: environment(robotOf(secure, from, to)) };
  }

  it('is trusted by the copy at both ends', async () => {
    const artifact = await built(closed());
    expect(await digestAt('ci', `to${count}/orders`, artifact.tag)).toBe(artifact.digest);
  });

  it('is handed to an image command, with the login', async () => {
    const push = [
      'buildah bud -q --isolation chroot -t "$APPDEV_IMAGE" -f "$APPDEV_CONTAINERFILE" "$APPDEV_CONTEXT"',
      'buildah push -q --authfile "$APPDEV_AUTHFILE" --cert-dir "$(dirname "$APPDEV_REGISTRY_CA")" --digestfile "$APPDEV_DIGEST_FILE" "$APPDEV_IMAGE"',
    ].join('\n');
    const command: CommandSource = { kind: 'command', run: ['sh', '-euc', push], env: {}, context: top };
    const artifact = await built({ ...closed(), command });
    expect(await digestAt('ci', `to${count}/orders`, artifact.tag)).toBe(artifact.digest);
  });

  it('and the login are those by which --images is resolved', async () => {
    const { registry, env } = closed();
    // By the back door: only its projects and logins are the Harbor's own.
    const digest = await pushImage(registries.ci.host, `from${count}/orders`, 'release', `${count}`);
    const images = [`orders=${registry.push}/orders:release`];
    const resolved = async (opening: Opening): Promise<Outcome<unknown>> => {
      const asked = askedImages(session(opening));
      if (asked.kind !== 'ok') throw new Error(JSON.stringify(asked));
      const found = await resolveImages(session(opening), asked.value);
      return found.kind === 'ok' ? ok(found.value.get('orders')?.digest) : found;
    };
    expect(await resolved({ registry, env, images })).toEqual(ok(digest));
    const file = logins('images.json', [[secure.host, { name: 'admin', secret: adminPassword }]]);
    expect(await resolved({ registry, authFile: file, images })).toEqual(ok(digest));
    expect(codeOf(await resolved({ registry, images }))).toBe('REGISTRY_DENIED');
    const { ca: _unknown, ...stranger } = registry;
    expect(codeOf(await resolved({ registry: stranger, env, images }))).toBe('REGISTRY_UNREACHABLE');
  });
});

describe('a copy while the second registry has troubles', () => {
  /** Waits cost nothing here. */
  const hasty: Clock = { now: () => Date.now(), sleep: async () => await Promise.resolve() };
  let digest: string;
  let commands: Command[];
  beforeEach(async () => {
    commands = [];
    const authorization = `Basic ${Buffer.from(`admin:${adminPassword}`).toString('base64')}`;
    const send: typeof fetch = async (input, init) =>
      await fetch(input, {
        ...init,
        headers: { ...(init?.headers as Record<string, string>), authorization },
      });
    digest = await pushImage(ci.host, orders(), 'a1', `content ${count}`, send);
  });

  /** Copies what is in the first one already to a repository of its own. */
  async function copy(
    to = 'orders',
    context = recordingContext(),
  ): Promise<{ outcome: Outcome<Artifact>; context: RecordingContext }> {
    const authFile = logins('faults.json', [
      [ci.host, robot],
      [proxy.host, prodRobot],
    ]);
    const registry = { ...copied(), source: 'appdev.yaml' } as const;
    const access = openRegistryAccess({
      run: runProcess,
      environment: readEnvironment({}).registry,
      authFile,
      push: registry.push,
    });
    if (access.kind !== 'ok') throw new Error(JSON.stringify(access));
    const artifact: Artifact = {
      ...{ service: 'orders', repository: `${registry.push}/orders`, tag: 'a1', digest, inputHash: 'a' },
      pullRepository: `${registry.pull}/${to}`,
    };
    const parts: CopyParts = {
      run: async (command, options) => {
        commands.push(command);
        return await runProcess(command, options);
      },
      registry,
      reader: createRegistryClient({
        registry: { push: registry.pull, insecure: true },
        ...access.value.asking,
        clock: hasty,
      }),
      access: access.value,
      clock: hasty,
    };
    const outcome = await copyImage(parts, artifact, context);
    return { outcome: outcome.kind === 'ok' ? ok(artifact) : outcome, context };
  }

  const upload = /blobs\/uploads/;
  const manifest = /\/manifests\/a1$/;
  it.each([
    ['a server error', [{ method: 'POST', path: upload, times: 1, answer: 503 }]],
    ['a server error at the manifest', [{ method: 'PUT', path: manifest, times: 1, answer: 500 }]],
    ['a token that runs out', [{ method: 'PUT', path: manifest, times: 1, answer: 401 }]],
    [
      'a server error, then a token that runs out',
      [
        { method: 'POST', path: upload, times: 1, answer: 503 },
        { method: 'PUT', path: manifest, times: 1, answer: 401 },
      ],
    ],
    ['a connection that breaks off', [{ method: 'PUT', path: manifest, times: 1, answer: 'reset' }]],
  ] as const)('survives %s', async (_name, faults) => {
    proxy.faults = faults.map((fault) => ({ ...fault }));
    const { outcome, context } = await copy();
    expect(codeOf(outcome)).toBe('ok');
    expect(proxy.faults.map(({ times }) => times)).toEqual(faults.map(() => 0));
    expect(await digestAt('prod', orders(), 'a1')).toBe(digest);
    expect(context.lines.filter((line) => line.includes('trying again'))).toHaveLength(faults.length);
    for (const { args } of commands) expect(args.join(' ')).not.toContain(prodRobot.secret);
  });

  it.each([
    ['what is refused twice', 401, 'REGISTRY_DENIED', 2],
    ['a missing right', 403, 'REGISTRY_DENIED', 1],
    ['a registry that stays down', 503, 'REGISTRY_UNREACHABLE', 3],
  ] as const)('gives up after %s', async (_name, answer, code, tries) => {
    proxy.faults = [{ method: 'PUT', path: manifest, times: 99, answer }];
    const { outcome } = await copy();
    expect([codeOf(outcome), commands.length]).toEqual([code, tries]);
    expect(outcome).toMatchObject({ error: { message: expect.stringContaining(proxy.host) as string } });
  });

  it('goes on after a 429, and reads a 404 as what it is', async () => {
    const reply = problem(429, 'TOOMANYREQUESTS', 'slow down', { 'retry-after': '1' });
    prod.interceptions = [{ method: 'POST', path: upload, times: 1, reply }];
    expect([codeOf((await copy()).outcome), commands.length]).toEqual(['ok', 1]);
    const unknown = problem(404, 'NAME_UNKNOWN', 'repository name not known to registry');
    prod.interceptions = [{ method: 'POST', path: upload, times: 99, reply: unknown }];
    commands = [];
    const { outcome } = await copy('quota-api');
    expect([codeOf(outcome), commands.length]).toEqual(['PUSH_FAILED', 1]);
    expect(outcome).toMatchObject({
      error: { message: expect.stringContaining('has no repository of this name') as string },
    });
  });

  it.each([500, 401, 'reset', 'hang-up'] as const)(
    'with %s at each request in turn, succeeds or says why, and lies in no case',
    async (answer) => {
      const before = proxy.requests.length;
      expect(codeOf((await copy('whole')).outcome)).toBe('ok');
      const total = proxy.requests.length - before;
      expect(total).toBeGreaterThan(6);
      for (let n = 1; n <= total; n += 1) {
        proxy.nth = { left: n, answer };
        const { outcome } = await copy(`n${n}`);
        if (proxy.nth.left > 0) break;
        const there = await digestAt('prod', `${project.name}/n${n}`, 'a1');
        // A login that is refused at the token server, which takes the password itself, is final.
        if (outcome.kind === 'ok') expect([n, there]).toEqual([n, digest]);
        else expect([n, answer, codeOf(outcome)]).toEqual([n, 401, 'REGISTRY_DENIED']);
      }
    },
  );
});
