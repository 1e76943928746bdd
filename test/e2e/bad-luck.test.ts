/** What goes wrong on a real day: each case with the message, the exit code, and the service still there. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { join, resolve } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createRig, served, serves, type Rig, type Session } from '../support/rig.ts';
import { isLeaving } from '../support/sandbox-api.ts';

const controller = 'stock/src/main/java/com/example/stock/StockController.java';
const chart = 'stock/deploy/chart/templates/deployment.yaml';
const cluster = resolve(import.meta.dirname, '../../sandbox/cluster');

let rig: Rig;
const undo: (() => void)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) step();
  await rig.dispose();
});

/** The signboard is enough if the trouble has nothing to do with Spring. */
const sign = 'src/main/resources/sign.txt';
const server = 'src/main/resources/serve.pl';

async function deployed(): Promise<Session> {
  const dev = rig.start('dev', 'sign');
  const run = await dev.waitFor('run.finished', (event) => event.service === 'sign');
  expect(run.error).toBeUndefined();
  await dev.waitFor('watch.started');
  return dev;
}

/** Stops a part of the sandbox until the test is over, or until the returned function is called. */
function without(part: string): () => void {
  execFileSync(cluster, ['stop', part]);
  let stopped = true;
  const start = (): void => {
    if (stopped) execFileSync(cluster, ['start', part]);
    stopped = false;
  };
  undo.push(start);
  return start;
}

describe('bad input, by its exit code and message', () => {
  it.each([
    ['invalid YAML', 'appdev.yaml', 'services:', 'services: [', 2, 'CONFIG_INVALID'],
    ['an unknown key', 'appdev.yaml', 'needs: [stock]', 'nedes: [stock]', 2, 'did you mean'],
    ['a wrong type', 'appdev.yaml', 'needs: [stock]', 'needs: 5', 2, 'CONFIG_INVALID'],
    [
      'a missing chart',
      'appdev.yaml',
      'chart: stock/deploy/chart',
      'chart: stock/deploy/chrat',
      2,
      'stock/deploy/chrat',
    ],
    [
      'a chart that ignores the image',
      chart,
      '{{ include "stock.image" . | quote }}',
      'example.com/fixed:1',
      6,
      'IMAGE_NOT_USED',
    ],
    ['a compile error', controller, 'return "Stock', 'return Stock + "', 3, 'StockController.java:'],
  ])('%s', async (_name, file, from, to, exit, message) => {
    rig = createRig();
    rig.replace(file, from, to);
    const ran = await rig.appdev('run', 'stock', '--no-tests');
    expect(ran.code).toBe(exit);
    const said = ran.stdout + ran.stderr;
    expect(said).toContain(message);
    expect(said).not.toMatch(/^\s+at .*\.(js|ts):\d+/m);
  });

  it('a missing tool', async () => {
    rig = createRig({ cold: true, env: { PATH: '/usr/local/bin:/bin' } });
    const ran = await rig.appdev('run', 'stock', '--no-tests');
    expect([ran.code, ran.stdout + ran.stderr]).toEqual([2, expect.stringContaining('TOOL_MISSING')]);
  });
});

describe('an app that does not come up', () => {
  it('crashes: exit code, last log lines, and the old pod goes on serving', async () => {
    rig = createRig({ fixture: 'signboard' });
    const dev = await deployed();
    const mark = dev.events.length;
    rig.replace(server, 'my $socket', 'print "about to fall over\\n"; exit 3;\nmy $socket');
    const run = await dev.waitFor('run.finished', (event) => event.service === 'sign', mark);
    expect(run.error).toMatchObject({
      code: 'ROLLOUT_FAILED',
      message: expect.stringContaining('exit code 3'),
    });
    expect(run.error?.evidence?.join('\n')).toContain('about to fall over');
    expect(await served(rig, 'sign')).toBe('Open all day');
    expect(await dev.end()).toBe(130);
  });

  it('never gets ready: the probe is named, and the old pod goes on serving', async () => {
    rig = createRig({ fixture: 'signboard' });
    const way = 'helm: { chart: deploy/chart }';
    rig.replace('appdev.yaml', way, `${way}\n      deadline: 10s`);
    const dev = await deployed();
    const mark = dev.events.length;
    rig.replace('deploy/chart/templates/sign.yaml', 'path: / }', 'path: /no-such-page }');
    const run = await dev.waitFor('run.finished', (event) => event.service === 'sign', mark);
    expect(run.error).toMatchObject({
      code: 'ROLLOUT_FAILED',
      message: expect.stringMatching(/its readiness probe GET :\w+\/no-such-page fails: HTTP 404/),
    });
    expect(await served(rig, 'sign')).toBe('Open all day');
    expect(await dev.end()).toBe(130);
  });
});

describe('the world around', () => {
  it('a registry that is down is named, and what was saved is deployed once it is back', async () => {
    rig = createRig({ fixture: 'signboard' });
    const dev = await deployed();
    let mark = dev.events.length;
    const back = without('registry');
    rig.write(sign, 'Open again');
    const run = await dev.waitFor('run.finished', (event) => event.service === 'sign', mark);
    expect(run.error).toMatchObject({
      code: 'REGISTRY_UNREACHABLE',
      message: expect.stringContaining('localhost:5001'),
    });
    mark = dev.events.length;
    back();
    await dev.waitFor('run.finished', (event) => event.service === 'sign' && event.outcome === 'ok', mark);
    await serves(rig, 'sign', 'Open again');
    expect(await dev.end()).toBe(130);
  });

  it('an API server that goes away in mid-deploy is waited for', async () => {
    rig = createRig({ fixture: 'signboard' });
    const dev = await deployed();
    const mark = dev.events.length;
    rig.write(sign, 'Still open');
    // Ready so long after its start that the outage comes in between.
    rig.replace(server, 'my $socket', 'sleep 6;\nmy $socket');
    await dev.waitFor('stage.started', (event) => event.stage === 'rollout', mark);
    const back = without('apiserver');
    await dev.waitFor('cluster.lost', undefined, mark);
    back();
    await dev.waitFor('cluster.regained', undefined, mark);
    await serves(rig, 'sign', 'Still open');
    const last = await dev.waitFor(
      'run.finished',
      (event) => event.service === 'sign' && event.outcome === 'ok',
      mark,
    );
    expect(last.error).toBeUndefined();
    expect(await dev.end()).toBe(130);
  });

  it("a full disk under the build's folder is named", async () => {
    rig = createRig({ cold: true });
    const target = join(rig.folder, 'stock/target');
    mkdirSync(target);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', target]);
    undo.push(() => spawnSync('umount', [target]));
    const ran = await rig.appdev('run', 'stock', '--no-tests');
    expect([ran.code, ran.stdout + ran.stderr]).toEqual([3, expect.stringContaining('DISK_FULL')]);
  });

  it('a port in use is named with its program, a deleted namespace comes back, and dev goes on', async () => {
    rig = createRig({ fixture: 'signboard' });
    const port = rig.forwards.get(8082) ?? 0;
    const other = createServer();
    await new Promise<void>((done) => other.listen(port, '127.0.0.1', done));
    undo.push(() => other.close());
    const dev = await deployed();
    const lost = await dev.waitFor('forward.lost', ({ localPort }) => localPort === port);
    expect(lost.reason).toContain(`in use by`);
    expect(lost.reason).toContain(String(process.pid));
    other.close();
    await dev.waitFor('forward.opened', (event) => event.localPort === port);
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('Open all day');

    // Someone deletes what runs: the session says so, and its next save brings it back.
    const mark = dev.events.length;
    rig.kubectl('delete', 'namespace', rig.namespace, '--wait=false');
    await dev.waitFor('pod.changed', ({ pods }) => pods.missing?.includes('Deployment/sign') === true, mark);
    rig.write(sign, 'Open again');
    await dev.waitFor('run.finished', ({ outcome, service }) => service === 'sign' && outcome === 'ok', mark);
    await serves(rig, 'sign', 'Open again');
    expect(await dev.end()).toBe(130);
    expect(await isLeaving(rig.namespace)).toBe(true);
  });

  it('git checkout of a branch with hundreds of changed files is one run, for the final tree', async () => {
    rig = createRig({ fixture: 'signboard' });
    const git = (...args: readonly string[]): string =>
      execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], {
        cwd: rig.folder,
        encoding: 'utf8',
      });
    git('init', '-q', '-b', 'main');
    git('add', '-A');
    git('commit', '-qm', 'one');
    git('checkout', '-qb', 'other');
    for (let i = 0; i < 300; i += 1) {
      rig.write(`src/main/resources/extra/${i}.txt`, `${i}\n`);
    }
    rig.write(sign, 'Open on the other branch');
    git('add', '-A');
    git('commit', '-qm', 'two');
    git('checkout', '-q', 'main');
    const dev = await deployed();
    const mark = dev.events.length;
    git('checkout', '-q', 'other');
    await dev.waitFor('run.finished', (event) => event.service === 'sign' && event.outcome === 'ok', mark);
    await serves(rig, 'sign', 'Open on the other branch');
    expect(dev.events.slice(mark).filter((event) => event.type === 'run.started')).toHaveLength(1);
    expect(await dev.end()).toBe(130);
  });
});
