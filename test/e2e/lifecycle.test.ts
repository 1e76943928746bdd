/** How sessions begin and end on a real cluster: what they take away, what they leave, and for whom. */
import { execFile, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import {
  createRig,
  eventually,
  kubectl,
  namespaceGone,
  processesOf,
  serves,
  signalArrived,
  type Rig,
  type Session,
} from '../support/rig.ts';
import { appdevBin } from '../support/project-copy.ts';
import { isLeaving, podsOf } from '../support/sandbox-api.ts';

const sign = 'src/main/resources/sign.txt';
const source = 'src/main/java/Sign.java';
const lease = 'appdev-signboard';

let rig: Rig;
const undo: (() => void)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) step();
  await rig.dispose();
});

async function deployed(...args: readonly string[]): Promise<Session> {
  const dev = rig.start('dev', ...args);
  const run = await dev.waitFor('run.finished', (event) => event.service === 'sign');
  expect(run.error).toBeUndefined();
  await dev.waitFor('watch.started');
  return dev;
}

/** Names and states of the stored revisions of a release. */
function revisions(release: string): string[] {
  const states = 'jsonpath={range .items[*]}{.metadata.labels.status}{"\\n"}{end}';
  const text = rig.kubectl('get', 'secrets', '-l', `owner=helm,name=${release}`, '-o', states);
  return text.split('\n').filter((state) => state !== '');
}

/** A hook in the chart of sign: Helm stands still at it until `open` is called. */
function gate(events: string): { reached: () => Promise<void>; open: () => void } {
  const manifest = {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'gate', annotations: { 'helm.sh/hook': events } },
    spec: {
      backoffLimit: 0,
      template: {
        spec: {
          restartPolicy: 'Never',
          terminationGracePeriodSeconds: 0,
          containers: [
            {
              name: 'gate',
              image: process.env['APPDEV_BASE_IMAGE'],
              command: ['sh', '-c', 'until [ -e /tmp/open ]; do sleep 0.1; done'],
            },
          ],
        },
      },
    },
  };
  rig.write('deploy/chart/templates/gate.yaml', JSON.stringify(manifest));
  return {
    async reached() {
      await eventually('Helm to stand at the gate', async () => {
        const [pod] = await podsOf(rig.namespace, 'job-name=gate');
        return (pod?.['status'] as { phase?: string } | undefined)?.phase === 'Running' ? true : undefined;
      });
    },
    open() {
      rig.kubectl('exec', 'job/gate', '--', 'touch', '/tmp/open');
    },
  };
}

describe('a namespace that another session takes over', () => {
  it.each([
    ['noticed at the next renewal', undefined],
    ['noticed at the end only', 'SIGINT'],
  ] as const)('%s: what is deployed there stays', async (_name, signal) => {
    rig = createRig({ fixture: 'signboard' });
    const dev = await deployed('sign');
    const theirs = {
      metadata: { annotations: { 'dev.appdev/holder-place': 'another boot' } },
      spec: { holderIdentity: 'ben@desktop 4711/99' },
    };
    rig.kubectl('patch', 'lease', lease, '--type=merge', '-p', JSON.stringify(theirs));
    expect(await (signal === undefined ? dev.exited : dev.end(signal))).toBe(9);
    const finished = await dev.waitFor('session.finished');
    expect(finished.error).toMatchObject({
      code: 'NAMESPACE_LOCKED',
      message: expect.stringContaining(`ben@desktop (pid 4711) took over the namespace ${rig.namespace}`),
    });
    expect(dev.events.filter(({ type }) => type === 'cleanup.started')).toEqual([]);
    await serves(rig, 'sign', 'Open all day');
    expect(rig.kubectl('get', 'lease', lease, '-o', 'jsonpath={.spec.holderIdentity}')).toBe(
      theirs.spec.holderIdentity,
    );
    expect(processesOf(rig)).toEqual([]);
  });
});

describe('what run deployed', () => {
  it('stays when dev ends: when nothing was built, and when dev had deployed over it; beside dev nobody else writes', async () => {
    rig = createRig({ fixture: 'signboard' });
    expect((await rig.appdev('run', 'sign', '--no-tests')).code).toBe(0);
    rig.write(source, 'class Sign {');
    const broken = rig.start('dev', 'sign');
    const failure = await broken.waitFor('run.finished');
    expect(failure.error).toMatchObject({ code: 'SOURCE_BUILD_FAILED' });
    expect(await broken.end()).toBe(130);
    expect(broken.events.filter(({ type }) => type === 'cleanup.started')).toEqual([]);
    expect(broken.events).toContainEqual(
      expect.objectContaining({
        type: 'notice',
        message: 'still running: sign, because `run` or `deploy` deployed it',
        hint: 'to remove it: appdev delete sign',
      }),
    );
    await serves(rig, 'sign', 'Open all day');

    rig.write(source, 'class Sign {}');
    rig.write(sign, 'Open at night');
    const dev = await deployed('sign');
    for (const command of ['run', 'delete']) {
      const beside = rig.start(command, 'sign');
      expect(await beside.exited).toBe(9);
      expect((await beside.waitFor('session.finished')).error).toMatchObject({
        code: 'NAMESPACE_LOCKED',
        message: expect.stringContaining(`(pid ${dev.child.pid}) has been working on signboard in namespace`),
        hint: 'end that session first, or go on beside it: --ignore-lock',
      });
    }
    expect(await dev.end()).toBe(130);
    await serves(rig, 'sign', 'Open at night');
    expect(revisions('sign')).toEqual(['superseded', 'deployed']);
  });
});

describe('run --cleanup', () => {
  it('takes away what it deployed', async () => {
    rig = createRig({ fixture: 'signboard' });
    const ran = await rig.appdev('run', 'sign', '--cleanup', '--no-tests');
    expect([ran.code, ran.stderr]).toEqual([0, '']);
    await namespaceGone(rig);
  });

  it('does so after Ctrl-C as well', async () => {
    rig = createRig({ fixture: 'signboard' });
    const ran = rig.start('run', 'sign', '--cleanup', '--no-tests');
    await ran.waitFor('stage.started', (event) => event.stage === 'rollout');
    expect(await ran.end('SIGINT')).toBe(130);
    expect(ran.events).toContainEqual(expect.objectContaining({ type: 'cleanup.finished', kept: 0 }));
    expect(await isLeaving(rig.namespace)).toBe(true);
  });
});

describe('Ctrl-C while Helm works', () => {
  it('lets the install of run finish; nothing more is begun', async () => {
    rig = createRig({ fixture: 'signboard' });
    const { reached, open } = gate('pre-install');
    const ran = rig.start('run', 'sign', '--no-tests');
    await reached();
    ran.child.kill('SIGINT');
    await signalArrived(ran);
    open();
    expect(await ran.exited).toBe(130);
    expect(revisions('sign')).toEqual(['deployed']);
    const run = await ran.waitFor('run.finished');
    expect(run.stages.at(-1)).toMatchObject({ stage: 'apply', outcome: 'ok' });
  });

  it('lets the removal of delete finish', async () => {
    rig = createRig({ fixture: 'signboard' });
    const { reached, open } = gate('pre-delete');
    expect((await rig.appdev('run', 'sign', '--no-tests')).code).toBe(0);
    const deleting = rig.start('delete', 'sign');
    await reached();
    deleting.child.kill('SIGINT');
    await signalArrived(deleting);
    open();
    expect(await deleting.exited).toBe(130);
    expect(revisions('sign')).toEqual([]);
    expect(rig.kubectl('get', 'deployments', '-o', 'name')).toBe('');
  });

  it('a second time ends dev at once, in the middle of the removal', async () => {
    rig = createRig({ fixture: 'signboard' });
    const { reached } = gate('pre-delete');
    const dev = await deployed('sign');
    dev.child.kill('SIGINT');
    await dev.waitFor('cleanup.started');
    await reached();
    expect(processesOf(rig).some(({ command }) => command.includes('uninstall'))).toBe(true);
    expect(await dev.end('SIGINT')).toBe(130);
    expect(processesOf(rig)).toEqual([]);
    expect(dev.events.filter(({ type }) => type === 'cleanup.finished')).toEqual([]);
    expect(rig.kubectl('get', 'deployments', '-o', 'name').trim()).toBe('deployment.apps/sign');
    expect(dev.events.filter(({ type }) => type === 'notice').at(-1)).toMatchObject({
      message: `stopped before all was removed: sign may still be in ${rig.namespace}`,
      hint: `to remove it: appdev delete --kube-context appdev-sandbox -n ${rig.namespace}`,
    });
  });
});

describe('a reader of dev that goes away', () => {
  it('ends it, as Ctrl-C does', async () => {
    rig = createRig({ fixture: 'signboard' });
    const line = `'${process.execPath}' '${appdevBin}' dev lamp --output json | head -n 4`;
    const { stdout } = await promisify(execFile)('sh', ['-c', line], { cwd: rig.folder, env: rig.env });
    expect(stdout.split('\n').filter((text) => text.startsWith('{"v":1,'))).toHaveLength(4);
    expect(processesOf(rig)).toEqual([]);
    expect(await isLeaving(rig.namespace)).toBe(true);
  });
});

describe('a changed appdev.yaml', () => {
  it('moves a service: both places are locked, and both are empty at the end', async () => {
    rig = createRig({ fixture: 'signboard' });
    const other = `${rig.namespace}-other`;
    undo.push(() => kubectl(['delete', 'namespace', other, '--ignore-not-found', '--wait=false']));
    const dev = await deployed('sign');
    const mark = dev.events.length;
    const chart = 'helm: { chart: deploy/chart }';
    rig.replace('appdev.yaml', chart, `${chart}\n      namespace: ${other}`);
    const left = await dev.waitFor(
      'notice',
      ({ message }) => message.includes('no longer in appdev.yaml'),
      mark,
    );
    expect(left).toMatchObject({
      service: 'sign',
      message: `release sign in ${rig.namespace} is no longer in appdev.yaml; it keeps running until this session ends`,
      hint: expect.stringMatching(
        new RegExp(`^to remove it now: helm uninstall sign .* -n ${rig.namespace}$`),
      ),
    });
    const run = await dev.waitFor('run.finished', (event) => event.service === 'sign', mark);
    expect(run.error).toBeUndefined();
    const holders = [rig.namespace, other].map((namespace) =>
      kubectl(['-n', namespace, 'get', 'lease', lease, '-o', 'jsonpath={.spec.holderIdentity}']),
    );
    expect(holders[0]).toBe(holders[1]);
    expect(holders[0]).toContain(` ${dev.child.pid}/`);
    expect(await dev.end()).toBe(130);
    expect([await isLeaving(other), await isLeaving(rig.namespace)]).toEqual([true, true]);
  });

  it('drops a service: it goes at the end, before what it needed', async () => {
    rig = createRig({ fixture: 'signboard' });
    rig.replace('appdev.yaml', '    jar:', '    needs: [lamp]\n    jar:');
    const dev = await deployed();
    await dev.waitFor('run.finished', (event) => event.service === 'sign' && event.outcome === 'ok');
    const mark = dev.events.length;
    const text = rig.read('appdev.yaml');
    const services = text.slice(0, text.indexOf('profiles:'));
    rig.write('appdev.yaml', services.replace(/^ {2}sign:\n[^]*?(?=^ {2}lamp:)/m, ''));
    await dev.waitFor('config.reloaded', undefined, mark);
    await dev.waitFor('notice', ({ message }) => message.startsWith('release sign in'), mark);
    const deletions = await watchDeletions();
    expect(await dev.end()).toBe(130);
    await eventually('both deletions to be seen', () => (deletions.length === 2 ? true : undefined));
    expect(deletions).toEqual(['sign', 'lamp']);
    expect(await isLeaving(rig.namespace)).toBe(true);
  });
});

describe('a namespace that dev created', () => {
  it('goes although nothing is to be cleaned up, when nothing was deployed into it', async () => {
    rig = createRig({ fixture: 'signboard' });
    rig.write(source, 'class Sign {');
    const dev = rig.start('dev', 'sign', '--cleanup=false');
    await dev.waitFor('notice', ({ message }) => message === `created the namespace ${rig.namespace}`);
    const run = await dev.waitFor('run.finished');
    expect(run.error).toMatchObject({ code: 'SOURCE_BUILD_FAILED' });
    expect(await dev.end()).toBe(130);
    expect(await isLeaving(rig.namespace)).toBe(true);
  });
});

/** Names of the deployments that go, in the order in which the API server tells it. */
async function watchDeletions(): Promise<readonly string[]> {
  const seen: string[] = [];
  let there = 0;
  const watch = ['get', 'deployments', '--watch', '--output-watch-events', '--no-headers'];
  const child = spawn('kubectl', ['-n', rig.namespace, ...watch], { stdio: ['ignore', 'pipe', 'inherit'] });
  undo.push(() => child.kill());
  createInterface({ input: child.stdout }).on('line', (line) => {
    const [type, name = ''] = line.trim().split(/ +/);
    if (type === 'ADDED') there += 1;
    if (type === 'DELETED') seen.push(name);
  });
  await eventually('the watch to see both', () => (there === 2 ? true : undefined));
  return seen;
}
