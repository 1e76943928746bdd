/**
 * Real Buildah pushes through the fake Harbor to a real registry, with all that a project can demand: rights, projects,
 * immutable tags, quotas, scans, a private authority, tokens that run out, and each request of a push failing in turn.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createBuildahBuilder } from '../../src/build/image/buildah/builder.ts';
import { environmentNow } from '../support/environment.ts';
import { readEnvironment } from '../../src/app/environment.ts';
import { openBuildah, type Buildah } from '../../src/build/image/buildah/session.ts';
import type { ImageBuilder } from '../../src/build/types.ts';
import { keepingTag } from '../../src/registry/harbor/keeping-tag.ts';
import { pushImage } from '../../src/build/image/buildah/push.ts';
import { openRegistry, type OpenRegistry, type RegistryOptions } from '../../src/app/compose/registry.ts';
import type { ScanConfig, ServiceConfig } from '../../src/config/model.ts';
import { exitCodeOf } from '../../src/core/errors.ts';
import type { Artifact } from '../../src/core/events.ts';
import { ok, type Outcome } from '../../src/core/outcome.ts';
import { openRegistryAccess } from '../../src/registry/login/access.ts';
import type { Registry } from '../../src/registry/types.ts';
import type { Clock } from '../../src/support/clock.ts';
import { runProcess, type Command } from '../../src/support/process/process.ts';
import { useStorage, type TestStorage } from '../support/buildah-storage.ts';
import { makeCertificate } from '../support/certificate.ts';
import { problem } from '../support/fake-harbor/answers.ts';
import { startFakeHarbor, type FakeHarbor } from '../support/fake-harbor/fake-harbor.ts';
import {
  adminPassword,
  type Finding,
  type Permission,
  type Project,
  type Robot,
} from '../support/fake-harbor/state.ts';
import { startFaultProxy, type FaultProxy } from '../support/fault-proxy.ts';
import { publishImage } from '../support/publish-image.ts';
import { recordingContext, type RecordingContext } from '../support/recording-context.ts';
import { pushImage as pushPlain, startRegistry, type TestRegistry } from '../support/registry.ts';

const signal = new AbortController().signal;
const pushing = ['push', 'pull'].map((action) => ({ resource: 'repository', action }));
const scanning = [
  { resource: 'artifact', action: 'read' },
  { resource: 'scan', action: 'create' },
  { resource: 'artifact-addition', action: 'read' },
];

let top: string;
let storage: TestStorage;
let registry: TestRegistry;
let harbor: FakeHarbor;
let proxy: FaultProxy;
let robot: Robot;
let commands: Command[];
/** Each test has a project of its own. */
let project: Project;
let count = 0;

beforeAll(async () => {
  top = mkdtempSync(join(tmpdir(), 'appdev-harbor-'));
  storage = useStorage(join(top, 'storage'));
  registry = await startRegistry();
  harbor = await startFakeHarbor({ registry: registry.host });
  proxy = await startFaultProxy(harbor.host);
  harbor.state.scanners.push({ uuid: '1', name: 'standin', url: 'http://127.0.0.1:1', created: '' });
});
afterAll(async () => {
  await proxy.stop();
  await harbor.stop();
  await registry.stop();
  storage.remove();
  rmSync(top, { recursive: true, force: true });
});
beforeEach(() => {
  count += 1;
  project = harbor.state.createProject(`shop${count}`, {}, -1);
  robot = robotWith([...pushing, ...scanning]);
  commands = [];
  Object.assign(harbor.state.options, {
    findings: [],
    scanSteps: ['Pending', 'Running'],
    scanEnd: 'Success',
    tokenUses: Infinity,
  });
  harbor.maxBody = Infinity;
  harbor.interceptions = [];
  [proxy.faults, proxy.nth] = [[], undefined];
});

function robotWith(access: Permission['access']): Robot {
  const permissions = [{ kind: 'project', namespace: project.name, access }];
  const number = harbor.state.robots.length;
  return harbor.state.createRobot(`ci${number}`, 'project', permissions, 30);
}

function registryOf(more: Partial<Registry> = {}): Registry {
  const push = `${proxy.host}/${project.name}`;
  return { push, pull: push, insecure: true, source: 'appdev.yaml', ...more };
}

/** How it is opened; without `env`, as the test's robot. */
interface Opening extends Partial<Omit<RegistryOptions, 'access'>> {
  readonly env?: NodeJS.ProcessEnv;
  readonly authFile?: string;
  readonly ca?: string;
}

function open({ env, authFile, ca, ...more }: Opening = {}): OpenRegistry {
  const registry = more.registry ?? registryOf();
  const asRobot = { APPDEV_REGISTRY_USER: robot.name, APPDEV_REGISTRY_PASSWORD: robot.secret };
  const access = openRegistryAccess({
    run: runProcess,
    environment: readEnvironment(env ?? { HOME: join(top, 'home'), ...asRobot }).registry,
    push: registry.push,
    ...(authFile === undefined ? {} : { authFile }),
    ...(ca === undefined ? {} : { ca }),
  });
  if (access.kind !== 'ok') throw new Error(JSON.stringify(access));
  return openRegistry({
    registry,
    access: access.value,
    createProject: false,
    stateFolder: join(top, `state${count}`),
    ...more,
  });
}

function service(content: string, repository = 'orders'): ServiceConfig {
  const context = join(top, `context${count}`);
  const containerfile = join(context, 'Containerfile');
  rmSync(context, { recursive: true, force: true });
  mkdirSync(context);
  writeFileSync(containerfile, 'FROM scratch\nCOPY data /data\n');
  writeFileSync(join(context, 'data'), content);
  return {
    name: 'orders',
    path: context,
    image: {
      repository,
      builder: 'buildah',
      source: { kind: 'containerfile', containerfile, context, buildArgs: {} },
    },
    deploy: { kind: 'manifests', files: [], deadlineMs: 1000, restartsAllowed: 0 },
    dev: { trigger: 'auto', forward: [] },
    needs: [],
  };
}

interface Build extends Opening {
  readonly content?: string;
  readonly repository?: string;
  /** Files of another machine: nothing is known of earlier pushes. */
  readonly cache?: string;
  readonly context?: RecordingContext;
}

async function build({
  content = 'a',
  repository = 'orders',
  cache = 'cache',
  context,
  ...more
}: Build = {}): Promise<Outcome<Artifact>> {
  const opened = open(more);
  const builder = createBuildahBuilder({
    environment: environmentNow().buildah,
    run: async (command, options) => {
      commands.push(command);
      return await runProcess(command, options);
    },
    project: 'shop',
    target: { kind: 'registry', registry: more.registry ?? registryOf() },
    reader: opened.client,
    access: opened.buildah,
    load: async () => await Promise.reject(new Error('nothing is loaded here')),
    cache: join(top, `${cache}${count}`),
  });
  const request = { service: service(`${count} ${content}`, repository), inputHash: 'a1b2' };
  const { guarded, admit, keep: publish } = opened;
  return await publishImage(
    { imageBuilder: guarded(builder), admit, publish },
    request,
    context ?? recordingContext(),
  );
}

async function built(of: Build = {}): Promise<Artifact> {
  const outcome = await build(of);
  if (outcome.kind !== 'ok') throw new Error(JSON.stringify(outcome));
  return outcome.value;
}

/** Code and exit code, then all of its text. */
function told(outcome: Outcome<unknown>): [string, number, string] {
  if (outcome.kind !== 'failed') return [outcome.kind, 0, JSON.stringify(outcome)];
  return [outcome.error.code, exitCodeOf(outcome.error), JSON.stringify(outcome.error)];
}

async function digestAt(repository: string, reference: string): Promise<string | null> {
  const answer = await fetch(`http://${registry.host}/v2/${repository}/manifests/${reference}`, {
    method: 'HEAD',
    headers: { accept: 'application/vnd.oci.image.manifest.v1+json' },
  });
  return answer.status === 200 ? answer.headers.get('docker-content-digest') : null;
}

const pushes = (): number => commands.filter(({ args }) => args.includes('push')).length;

describe('a robot', () => {
  it('pushes, with its secret on no command line, and what is deployed keeps a tag', async () => {
    const artifact = await built();
    const name = `${project.name}/orders`;
    expect(artifact.repository).toBe(`${proxy.host}/${name}`);
    expect(await digestAt(name, artifact.tag)).toBe(artifact.digest);
    expect(await digestAt(name, keepingTag(artifact.digest))).toBe(artifact.digest);
    const push = commands.find(({ args }) => args.includes('push'));
    const file = push?.env?.['REGISTRY_AUTH_FILE'] ?? '';
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, 'utf8')).toContain(
      Buffer.from(`${robot.name}:${robot.secret}`).toString('base64'),
    );
    for (const { args } of commands) expect(args.join(' ')).not.toContain(robot.secret);
  });

  it('may be in an auth file that is named', async () => {
    const authFile = join(top, 'named.json');
    const auth = Buffer.from(`${robot.name}:${robot.secret}`).toString('base64');
    writeFileSync(authFile, JSON.stringify({ auths: { [proxy.host]: { auth } } }));
    expect(told(await build({ env: {}, authFile }))[0]).toBe('ok');
  });

  it("may be in a credential helper's care, which Buildah is spared", async () => {
    const home = join(top, 'helped');
    const helper = join(home, 'docker-credential-standin');
    mkdirSync(join(home, '.docker'), { recursive: true });
    writeFileSync(
      join(home, '.docker/config.json'),
      JSON.stringify({ credHelpers: { [proxy.host]: 'standin' } }),
    );
    const answer = JSON.stringify({ Username: robot.name, Secret: robot.secret });
    writeFileSync(helper, `#!/bin/sh\ncat > /dev/null\necho '${answer}'\n`, { mode: 0o755 });
    const path = process.env['PATH'];
    process.env['PATH'] = `${home}:${path ?? ''}`;
    try {
      expect(told(await build({ env: { HOME: home } }))[0]).toBe('ok');
    } finally {
      process.env['PATH'] = path;
    }
  });

  it.each([
    ['with a wrong secret', 'wrong', 'does not accept the password of robot$shop'],
    ['that is not given', '', 'no password is known'],
  ])('%s is told so', async (_name, secret, words) => {
    const env =
      secret === ''
        ? { HOME: join(top, 'home') }
        : { APPDEV_REGISTRY_USER: robot.name, APPDEV_REGISTRY_PASSWORD: secret };
    const [code, exit, text] = told(await build({ env }));
    expect([code, exit]).toEqual(['REGISTRY_DENIED', 5]);
    expect(text).toContain(words);
  });

  it('without the right to push is told that the project is there', async () => {
    robot = robotWith(scanning);
    const [code, exit, text] = told(await build());
    expect([code, exit]).toEqual(['REGISTRY_DENIED', 5]);
    expect(text).toContain(
      `has the project ${project.name}, but this account is not allowed to push ${project.name}/orders`,
    );
  });
});

describe('a project that is not there', () => {
  const missing = (): Registry =>
    registryOf({ push: `${proxy.host}/none${count}`, pull: `${proxy.host}/none${count}` });

  it('is told from a missing right', async () => {
    const [code, exit, text] = told(await build({ registry: missing() }));
    expect([code, exit, pushes()]).toEqual(['PROJECT_MISSING', 5, 1]);
    expect(text).toContain(`has no project none${count}`);
    expect(text).toContain('--create-project');
  });

  it('is not created by a robot of another one, and nothing is built in vain', async () => {
    const [code, , text] = told(await build({ registry: missing(), createProject: true }));
    expect([code, commands.length]).toEqual(['PROJECT_MISSING', 0]);
    expect(text).toContain('system robot');
  });

  it('is created with the right for it, private', async () => {
    const env = { APPDEV_REGISTRY_USER: 'admin', APPDEV_REGISTRY_PASSWORD: adminPassword };
    expect(told(await build({ registry: missing(), createProject: true, env }))[0]).toBe('ok');
    expect(harbor.state.projects.get(`none${count}`)?.metadata['public']).toBe('false');
  });
});

describe('an immutable tag', () => {
  beforeEach(() => {
    project.rules.push({ id: 1, tags: '**', repositories: '**', disabled: false });
  });

  it('with this very image is a success, without a push', async () => {
    const first = await built();
    commands = [];
    const context = recordingContext();
    expect(await built({ cache: 'elsewhere', context })).toEqual(first);
    expect([pushes(), context.details.get('push')]).toEqual([
      0,
      `already there, ${first.digest.slice(0, 19)}`,
    ]);
  });

  it('is a success also if nobody can read it yet', async () => {
    const first = await built();
    project.metadata['prevent_vul'] = 'true';
    const artifact = harbor.state.find(`${project.name}/orders`, first.digest);
    if (artifact !== undefined) artifact.scan = undefined;
    expect(await built({ cache: 'elsewhere' })).toEqual(first);
  });

  it('with another image fails at once', async () => {
    const { tag } = await built();
    const opened = open();
    const authorization = `Basic ${Buffer.from(`admin:${adminPassword}`).toString('base64')}`;
    const send: typeof fetch = async (input, init) =>
      await fetch(input, {
        ...init,
        headers: { ...(init?.headers as Record<string, string>), authorization },
      });
    const other = await pushPlain(harbor.host, `${project.name}/taken`, tag, 'another', send);
    commands = [];
    const buildah = await buildahNow();
    const ids = await storage.buildah('images', '-q', '--no-trunc', 'localhost/appdev/orders:current');
    const outcome = await pushImage(
      buildah,
      opened.client,
      {
        imageId: ids.replace('sha256:', ''),
        registry: registryOf(),
        repository: `${proxy.host}/${project.name}/taken`,
        tag,
        digestFile: join(top, 'taken'),
        access: opened.buildah,
      },
      signal,
      () => expect.fail('nothing is tried again'),
    );
    const [code, exit, text] = told(outcome);
    expect([code, exit]).toEqual(['TAG_IMMUTABLE', 5]);
    expect(text).toContain(other);
  });
});

describe('a push', () => {
  it('over the quota is not tried again', async () => {
    project.storageLimit = 10;
    const [code, exit, text] = told(await build());
    expect([code, exit, pushes()]).toEqual(['QUOTA_EXCEEDED', 5, 1]);
    expect(text).toContain('will exceed the configured upper limit');
  });

  it('that a proxy finds too large is not tried again', async () => {
    harbor.maxBody = 100;
    const [code, exit, text] = told(await build());
    expect([code, exit, pushes()]).toEqual(['PUSH_FAILED', 5, 1]);
    expect(text).toContain('413');
  });

  const upload = /\/blobs\/uploads\//;

  it('goes on after a registry that was asked too often', async () => {
    const reply = problem(429, 'TOOMANYREQUESTS', 'slow down', { 'retry-after': '1' });
    harbor.interceptions = [{ method: 'POST', path: upload, times: 2, reply }];
    const { tag, digest } = await built();
    expect(await digestAt(`${project.name}/orders`, tag)).toBe(digest);
    // Buildah waits by itself for as long as the answer says.
    expect([harbor.interceptions[0]?.times, pushes()]).toEqual([0, 1]);
  });

  it('to a registry that makes no repositories says so', async () => {
    const reply = problem(404, 'NAME_UNKNOWN', 'The repository does not exist in the registry');
    harbor.interceptions = [{ method: 'POST', path: upload, times: 99, reply }];
    const [code, exit, text] = told(await build());
    expect([code, exit, pushes()]).toEqual(['PUSH_FAILED', 5, 1]);
    expect(text).toContain('has no repository of this name');
  });

  it.each(['quota-api', 'certificate-service', 'immutable', 'denied'])(
    'of %s is tried again after a server error: a name gives no reason',
    async (repository) => {
      proxy.faults = [{ method: 'POST', path: upload, times: 1, answer: 503 }];
      const context = recordingContext();
      const { tag, digest } = await built({ repository, context });
      expect(await digestAt(`${project.name}/${repository}`, tag)).toBe(digest);
      expect(context.lines.join('\n')).toContain('answers with a server error; trying again');
    },
  );

  it('survives a server error, and then a token that runs out', async () => {
    proxy.faults = [
      { method: 'POST', path: upload, times: 1, answer: 503 },
      { method: 'PUT', path: /\/manifests\/[0-9a-f]{16}$/, times: 1, answer: 401 },
    ];
    const { tag, digest } = await built();
    expect(proxy.faults.map(({ times }) => times)).toEqual([0, 0]);
    expect(await digestAt(`${project.name}/orders`, tag)).toBe(digest);
    expect(pushes()).toBe(3);
  });

  it('survives a token that runs out in the middle', async () => {
    harbor.state.options.tokenUses = 7;
    const context = recordingContext();
    const artifact = await built({ context });
    expect(await digestAt(`${project.name}/orders`, artifact.tag)).toBe(artifact.digest);
    expect(context.lines.join('\n')).toContain('trying again');
  });
});

describe('a private certificate authority', () => {
  it('is trusted when it is named, by us and by Buildah, and not otherwise', async () => {
    const { ca, pem } = makeCertificate(mkdtempSync(join(top, 'tls-')));
    const secure = await startFakeHarbor({ registry: registry.host, tls: pem });
    try {
      secure.state.createProject('shop', {}, -1);
      const at = `${secure.host}/shop`;
      const named = { push: at, pull: at, insecure: false, source: 'appdev.yaml' } as const;
      const env = { APPDEV_REGISTRY_USER: 'admin', APPDEV_REGISTRY_PASSWORD: adminPassword };
      const [code, , text] = told(await build({ registry: named, env }));
      expect([code, text]).toEqual(['REGISTRY_UNREACHABLE', expect.stringContaining('registry.ca')]);
      expect(secure.requests).toEqual([]);
      expect(told(await build({ registry: named, ca, env }))[0]).toBe('ok');
    } finally {
      await secure.stop();
    }
  });
});

describe('the scan', () => {
  const scan: ScanConfig = { severity: 'high', fixableOnly: false, deadlineMs: 20_000 };
  const finding = (severity: string, fix_version = ''): Finding => ({
    ...{ id: 'CVE-2026-1', package: 'zlib', version: '1.2', fix_version, severity },
  });

  it('is started and waited for', async () => {
    harbor.state.options.findings = [finding('Medium', '1.3')];
    const context = recordingContext();
    await built({ scan, context });
    expect(context.stages.slice(-2)).toEqual(['started scan', 'finished scan ok']);
    expect(context.lines.filter((line) => line.startsWith('scan of'))).toEqual([
      'scan of orders: not scanned yet',
      'scan of orders: Pending',
      'scan of orders: Running',
    ]);
    expect(context.details.get('scan')).toContain('1 medium');
  });

  it('stops what is too severe with exit code 10, and keeps the report', async () => {
    harbor.state.options.findings = [finding('Critical', '1.3')];
    const outcome = await build({ scan });
    const [code, exit, text] = told(outcome);
    expect([code, exit]).toEqual(['SCAN_GATE', 10]);
    const [file = ''] = /\/[^" ]*scan-orders-[0-9a-f]{12}\.json/.exec(text) ?? [];
    expect(readFileSync(file, 'utf8')).toContain('CVE-2026-1');
    expect(await digestAt(`${project.name}/orders`, keepingTag(digestIn(text)))).toBeNull();
    // A second run pushes nothing and is stopped again.
    commands = [];
    expect([told(await build({ scan }))[0], pushes()]).toEqual(['SCAN_GATE', 0]);
  });

  it.each([
    ['what nobody has fixed yet', [finding('Critical')]],
    ['what nothing was found in', []],
  ])('lets through %s where only the fixable counts', async (_, findings) => {
    harbor.state.options.findings = findings;
    expect(told(await build({ scan: { ...scan, fixableOnly: true } }))[0]).toBe('ok');
  });

  it('is waited for if the project prevents vulnerable pulls, without any setting', async () => {
    project.metadata['prevent_vul'] = 'true';
    project.metadata['severity'] = 'high';
    harbor.state.options.findings = [finding('Low')];
    const context = recordingContext();
    const artifact = await built({ context });
    expect(context.stages).toContain('finished scan ok');
    expect((await open().lookup.has(artifact, signal)).kind).toBe('ok');
    harbor.state.options.findings = [finding('High')];
    const [code, exit, text] = told(await build({ content: 'b' }));
    expect([code, exit]).toEqual(['SCAN_GATE', 10]);
    expect(text).toContain('does not allow pulling it');
  });

  it('judges what was built before, when it is deployed by a session that builds nothing', async () => {
    const artifact = await built();
    const context = recordingContext();
    expect((await open({ scan }).admit(artifact, 'given', context)).kind).toBe('ok');
    expect(context.stages).toEqual(['started scan', 'finished scan ok']);

    // What was clean when it was built need not be so when it is deployed.
    harbor.state.options.findings = [finding('Critical', '1.3')];
    for (const one of harbor.state.artifacts) one.scan = undefined;
    const judged = told(await open({ scan }).admit(artifact, 'given', recordingContext()));
    expect(judged.slice(0, 2)).toEqual(['SCAN_GATE', 10]);
    // Nothing asks for a scan: neither a setting nor the project. Then it does.
    expect((await open().admit(artifact, 'given', recordingContext())).kind).toBe('ok');
    project.metadata['prevent_vul'] = 'true';
    project.metadata['severity'] = 'high';
    expect(told(await open().admit(artifact, 'given', recordingContext())).slice(0, 2)).toEqual([
      'SCAN_GATE',
      10,
    ]);
    // By the project alone, an account without rights stops nothing: the nodes do not get it from Harbor anyway.
    robot = robotWith([]);
    const unknown = recordingContext();
    expect((await open().admit(artifact, 'given', unknown)).kind).toBe('ok');
    expect(unknown.stages).toEqual(['finished scan skipped']);
  });

  it('that fails lets nothing through', async () => {
    harbor.state.options.scanEnd = 'Error';
    expect(told(await build({ scan })).slice(0, 2)).toEqual(['SCAN_INCOMPLETE', 10]);
  });

  it('needs a right that is named', async () => {
    robot = robotWith(pushing);
    const [code, , text] = told(await build({ scan }));
    expect([code, text]).toEqual(['SCAN_INCOMPLETE', expect.stringContaining('right to read artifacts')]);
  });
});

describe('each request of a push in turn', () => {
  /** Waits cost nothing here. */
  const hasty: Clock = { now: () => Date.now(), sleep: async () => await Promise.resolve() };
  let buildah: Buildah;
  let imageId: string;
  beforeAll(async () => {
    buildah = await buildahNow();
    imageId = await storage.image('localhost/whole', 'FROM scratch\nENV A=b\nCOPY Containerfile /c\n');
  });

  /** Pushes into a repository of its own, so that nothing is there yet, and has it scanned and tagged. */
  async function push(repository: string): Promise<Outcome<Artifact>> {
    const {
      client,
      buildah: access,
      guarded,
      admit,
      keep: publish,
    } = open({
      clock: hasty,
      scan: { severity: 'high', fixableOnly: true, deadlineMs: 60_000 },
    });
    const at = {
      imageId,
      registry: registryOf(),
      repository: `${proxy.host}/${project.name}/${repository}`,
      tag: '1',
      digestFile: join(top, repository),
      access,
    };
    const builder: ImageBuilder = {
      async build() {
        const pushed = await pushImage(buildah, client, at, signal, () => undefined, hasty);
        if (pushed.kind !== 'ok') return pushed;
        const { digest } = pushed.value;
        const { repository: name, tag } = at;
        return ok({ service: 'orders', repository: name, pullRepository: name, tag, digest, inputHash: 'a' });
      },
    };
    return await publishImage(
      { imageBuilder: guarded(builder), admit, publish },
      { service: service('x', repository), inputHash: 'a' },
      recordingContext(),
    );
  }

  it.each([500, 401, 'reset', 'hang-up'] as const)(
    'may fail with %s: the push succeeds, or says why',
    async (answer) => {
      const before = proxy.requests.length;
      expect((await push('whole')).kind).toBe('ok');
      const total = proxy.requests.length - before;
      expect(total).toBeGreaterThan(8);
      const failures: string[] = [];
      for (let n = 1; n <= total; n += 1) {
        const repository = `n${n}`;
        proxy.nth = { left: n, answer };
        const seen = proxy.requests.length;
        const outcome = await push(repository);
        if (proxy.nth.left > 0) break;
        if (outcome.kind === 'ok') {
          const { digest } = outcome.value;
          const tags = ['1', keepingTag(digest)];
          for (const tag of tags) expect(await digestAt(`${project.name}/${repository}`, tag)).toBe(digest);
        } else {
          const [code, exit] = told(outcome);
          expect([n, code === 'SCAN_INCOMPLETE' ? 10 : 5]).toEqual([n, exit]);
          failures.push(`${n}: ${proxy.requests[seen + n - 1] ?? ''} ${code}`);
        }
      }
      // A refusal is final if nothing could have run out: Harbor's API takes the password itself, and the login for
      // the second tag is fresh. The push before it has to survive every one.
      const isFinal = (line: string): boolean =>
        answer === 401 &&
        / (?:\/api\/|\/service\/token|\S*\/manifests\/appdev-).* (?:REGISTRY_DENIED|SCAN_INCOMPLETE)$/.test(
          line,
        );
      expect(failures.filter((line) => !isFinal(line))).toEqual([]);
    },
  );
});

async function buildahNow(): Promise<Buildah> {
  const opened = await openBuildah(runProcess, environmentNow().buildah, signal);
  if (opened.kind !== 'ok') throw new Error(JSON.stringify(opened));
  return opened.value;
}

function digestIn(text: string): string {
  return /sha256:[0-9a-f]{64}/.exec(text)?.[0] ?? `sha256:${'0'.repeat(64)}`;
}
