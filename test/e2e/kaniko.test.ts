/**
 * Images built in pods of the sandbox, by a stand-in for Kaniko's executor with the same flags and protocol: the way from
 * a change to a verified rollout without Buildah, what a cancelled and what a killed session leave behind (nothing), and
 * what the user is told when a build fails.
 */
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { AppEvent } from '../../src/core/events.ts';
import { createRig, eventually, kubectl, serves, type Rig } from '../support/rig.ts';
import { pushImage } from '../support/registry.ts';
import { podsOf } from '../support/sandbox-api.ts';
import { pushStandInExecutor } from '../support/stand-in-executor.ts';

let executor: string;
beforeAll(async () => {
  executor = await pushStandInExecutor('localhost:5001');
  // Two empty blocks are a tar of nothing. The executor expects a step for each layer.
  const more = { history: [{ created_by: 'nothing' }] };
  await pushImage('localhost:5001', 'appdev/kaniko-test-base', 'tiny', new Uint8Array(1024), fetch, more);
});

let rig: Rig;
const folders: string[] = [];
afterEach(async () => {
  await rig.dispose();
});
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** Pods of builds that the namespace has, ended ones too. */
async function builds(): Promise<readonly string[]> {
  return (await podsOf(rig.namespace, 'dev.appdev/build')).map(({ metadata }) => metadata.name);
}

/** Services that need no build tool: an image of a Containerfile each, started as pods. */
function project(services: Readonly<Record<string, string>>, more = ''): string {
  const folder = mkdtempSync(join(tmpdir(), 'appdev-kaniko-'));
  folders.push(folder);
  const entries = Object.entries(services).map(([name, containerfile]) => {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, 'Containerfile'), containerfile);
    writeFileSync(join(folder, name, 'greeting.txt'), `hello from ${name}\n`);
    writeFileSync(join(folder, name, 'pod.yaml'), workload(name));
    return `  ${name}:
    path: ${name}
    image: {builder: kaniko, containerfile: ${name}/Containerfile}
    deploy: {manifests: [${name}/pod.yaml]}
`;
  });
  writeFileSync(
    join(folder, 'appdev.yaml'),
    `apiVersion: appdev/v1\nname: greetings\nkaniko: {image: "${executor}"${more}}\nservices:\n${entries.join('')}`,
  );
  return folder;
}

function workload(name: string): string {
  return JSON.stringify({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: {
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: {
          terminationGracePeriodSeconds: 0,
          containers: [{ name: 'app', image: name, command: ['sleep', '3600'] }],
        },
      },
    },
  });
}

const controller = 'stock/src/main/java/com/example/stock/StockController.java';
const base = process.env['APPDEV_BASE_IMAGE'] ?? 'localhost:5001/appdev/java:17';
/** Of no files, because the executor unpacks the base of a Containerfile, and these tests are about other things. */
const copying = `FROM localhost:5001/appdev/kaniko-test-base:tiny\nCOPY greeting.txt /greeting.txt\n`;
/** Needs a pod each time, whatever earlier tests left in the registry. */
const alwaysBuilt = `${copying}RUN sleep 0\n`;

/** What the executors of a run said. */
function said(events: readonly AppEvent[], pattern: RegExp): readonly string[] {
  return events.flatMap((event) =>
    event.type === 'stage.output' && event.stage === 'image' && pattern.test(event.line) ? [event.line] : [],
  );
}

function finishedImages(
  events: readonly AppEvent[],
): readonly { service: string; outcome: string; detail?: string }[] {
  return events.flatMap((event) =>
    event.type === 'stage.finished' && event.stage === 'image' ? [event] : [],
  );
}

describe('a jar, without Buildah', () => {
  it('is built in pods, rolled out and verified; what is unchanged needs no pod', async () => {
    // A Buildah that would be noticed if anything looked at it.
    const fakeTools = mkdtempSync(join(tmpdir(), 'appdev-kaniko-tools-'));
    folders.push(fakeTools);
    const noticed = join(fakeTools, 'noticed');
    writeFileSync(join(fakeTools, 'buildah'), `#!/bin/sh\necho "$@" >> ${noticed}\nexit 125\n`, {
      mode: 0o755,
    });
    rig = createRig({ env: { PATH: `${fakeTools}:${process.env['PATH'] ?? ''}` } });
    // A project that uses Buildah anywhere may have leftovers of it to clear: here no service does.
    const settings = `{image: {builder: kaniko, base: "${base}"}}`;
    rig.write(
      'appdev.local.yaml',
      `kaniko: {image: "${executor}"}\nservices: {stock: ${settings}, orders: ${settings}}\n`,
    );

    // New to the registry, whoever ran this test before.
    const text = randomUUID();
    rig.replace(controller, 'up and running', text);
    const run = rig.start('run', 'stock', '--tests=false');
    expect(await run.exited, run.stderr()).toBe(0);
    expect(finishedImages(run.events)).toMatchObject([{ service: 'stock', outcome: 'ok' }]);
    await serves(rig, 'stock', new RegExp(text));
    // Its own layers on those of the base, and owned by the user that it runs as.
    const user = rig.kubectl('exec', 'deploy/stock', '--', 'stat', '-c', '%u', '/app/application.jar');
    expect(user.trim()).toBe('10001');

    const again = rig.start('run', 'stock', '--tests=false');
    expect(await again.exited).toBe(0);
    expect(finishedImages(again.events).map(({ outcome }) => outcome)).toEqual(['skipped']);

    // The same bytes from other inputs (a comment): the jar is built, the image is there, nothing is rolled out.
    const before = rig.kubectl('get', 'pods', '-o', 'name');
    rig.write(controller, `${rig.read(controller)}// nothing\n`);
    const comment = rig.start('run', 'stock', '--tests=false');
    expect(await comment.exited).toBe(0);
    expect(rig.kubectl('get', 'pods', '-o', 'name')).toBe(before);

    // One class: only the layer on top is sent, and it is small. No pod unpacks the base or warns of anything.
    rig.replace(controller, text, `${text} again`);
    const edit = rig.start('run', 'stock', '--tests=false');
    expect(await edit.exited, edit.stderr()).toBe(0);
    const [image] = finishedImages(edit.events);
    expect(image).toMatchObject({ outcome: 'ok' });
    expect(image?.detail).toMatch(/^in a pod, \d{1,2} KB of context$/);
    expect(said(edit.events, /Pushing image/)).toHaveLength(1);
    for (const { events } of [run, edit]) expect(said(events, /^WARN|Unpacking rootfs/)).toEqual([]);
    await serves(rig, 'stock', new RegExp(`${text} again`));

    expect(await builds()).toEqual([]);
    expect(rig.kubectl('get', 'secrets', '-l', 'dev.appdev/build', '-o', 'name')).toBe('');
    // Nothing looked for Buildah in any of this.
    expect(existsSync(noticed) ? readFileSync(noticed, 'utf8') : '').toBe('');
  });
});

describe('Containerfiles', () => {
  it('of two services are built in pods at the same time, and their log is shown', async () => {
    const slow = `${copying}RUN sleep 3\n`;
    const folder = project({ one: slow, two: slow });
    // A login of this machine's goes along, in a Secret that belongs to the pod.
    const auths = { 'localhost:5001': { auth: Buffer.from('dev:s3cret').toString('base64') } };
    writeFileSync(join(folder, 'auth.json'), JSON.stringify({ auths }));
    rig = createRig({ project: folder, env: { REGISTRY_AUTH_FILE: join(folder, 'auth.json') } });
    const run = rig.start('build');
    await eventually('two build pods side by side', () => {
      const running = rig.kubectl(
        ...['get', 'pods', '-l', 'dev.appdev/build', '--field-selector=status.phase=Running', '-o', 'name'],
      );
      return running.trim().split('\n').filter(Boolean).length === 2 ? true : undefined;
    });
    const secrets = rig.objects('secrets');
    expect(secrets.map(({ metadata }) => metadata)).toMatchObject([
      { ownerReferences: [{ kind: 'Pod', name: secrets[0]?.metadata.name }] },
      { ownerReferences: [{ kind: 'Pod', name: secrets[1]?.metadata.name }] },
    ]);
    expect(await run.exited, run.stderr()).toBe(0);
    expect(
      run.events.some((event) => event.type === 'stage.output' && /COPY greeting\.txt/.test(event.line)),
    ).toBe(true);
    expect(await builds()).toEqual([]);
    expect(rig.objects('secrets')).toEqual([]);
    expect(JSON.stringify(run.events)).not.toContain('s3cret');
  });

  it('that do not work are explained with the last lines of the executor', async () => {
    rig = createRig({ project: project({ one: `${copying}RUN exit 3\n` }) });
    const { code, stderr, stdout } = await rig.appdev('build');
    expect(code).toBe(4);
    expect(stderr + stdout).toMatch(/one: the executor ended with 1: .*exit status 3/);
    expect(await builds()).toEqual([]);
  });

  it('are not built if the namespace admits no root', async () => {
    rig = createRig({ project: project({ one: alwaysBuilt }) });
    kubectl(['create', 'namespace', rig.namespace]);
    kubectl(['label', 'namespace', rig.namespace, 'pod-security.kubernetes.io/enforce=restricted']);
    const { code, stderr, stdout } = await rig.appdev('build');
    expect(code).toBe(4);
    expect(stderr + stdout).toMatch(/does not admit the build pod.*violates PodSecurity/);
    const doctor = await rig.appdev('doctor', '--output', 'json');
    const { checks } = JSON.parse(doctor.stdout) as {
      checks: { name: string; state: string; detail: string }[];
    };
    expect(checks.filter(({ name }) => /Buildah|Kaniko/.test(name))).toMatchObject([
      { name: 'Kaniko', state: 'ok' },
      { name: 'Kaniko namespace', state: 'failure' },
      {
        name: 'Kaniko registry',
        state: 'ok',
        detail: expect.stringMatching(/^pods push to 198\./) as string,
      },
    ]);
    // What it needs is `baseline`.
    kubectl([
      ...['label', 'namespace', rig.namespace, '--overwrite'],
      'pod-security.kubernetes.io/enforce=baseline',
    ]);
    expect(await rig.appdev('build')).toMatchObject({ code: 0 });
  });

  it('say why the executor cannot be pulled', async () => {
    executor = executor.replace(/:[0-9a-f]+$/, ':no-such-version');
    rig = createRig({ project: project({ one: alwaysBuilt }) });
    const { code, stderr, stdout } = await rig.appdev('build');
    expect(code).toBe(4);
    expect(stderr + stdout).toMatch(/the node cannot pull the executor .*no-such-version.*not found/);
    executor = await pushStandInExecutor('localhost:5001');
  });
});

describe('a build that is interrupted', () => {
  const endless = `${copying}RUN sleep 600\n`;

  it('by Ctrl-C or by a newer save leaves no pod', async () => {
    rig = createRig({ project: project({ one: endless }) });
    const dev = rig.start('dev');
    const running = async (): Promise<string> =>
      await eventually('a running build pod', async () => {
        const [pod] = await podsOf(rig.namespace, 'dev.appdev/build');
        const { phase } = (pod?.['status'] ?? {}) as { phase?: string };
        return phase === 'Running' ? pod?.metadata.uid : undefined;
      });
    const first = await running();
    const mark = dev.events.length;
    rig.write('one/greeting.txt', 'newer\n');
    // "Cancelled" means that the pod is gone; only then does the next run begin.
    await dev.waitFor('run.finished', (event) => event.outcome === 'cancelled', mark);
    const uids = rig.objects('pods').map(({ metadata }) => metadata.uid);
    expect(uids).not.toContain(first);
    expect(await running()).not.toBe(first);
    expect(await dev.end('SIGINT')).toBe(130);
    expect(await builds()).toEqual([]);
  });

  it('by SIGKILL is collected by the next start', async () => {
    rig = createRig({ project: project({ one: endless }) });
    const killed = rig.start('build');
    const [pod] = await eventually('a build pod', async () => {
      const found = await builds();
      return found.length === 1 ? found : undefined;
    });
    await killed.end('SIGKILL');
    expect(await builds()).toEqual([pod]);
    rig.write('one/Containerfile', copying);
    const next = rig.start('build');
    expect(await next.exited, next.stderr()).toBe(0);
    expect(
      next.events.some((event) => event.type === 'notice' && /a killed session had left/.test(event.message)),
    ).toBe(true);
    expect(await builds()).toEqual([]);
  });
});
