/**
 * From a clean clone to a verified rollout by one command, through a Harbor: a robot pushes, the scan is waited for and
 * decides, and the pods run the digests that were let through. The Harbor is the fake gateway; behind it is the sandbox's
 * own registry, and from there the node pulls (`registry.pull`), as from a mirror: no Harbor is known to the node.
 */
import { execFile, execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startFakeHarbor, type FakeHarbor } from '../support/fake-harbor/fake-harbor.ts';
import { adminPassword, type Robot } from '../support/fake-harbor/state.ts';
import { deliveryRobot } from '../support/harbor-run.ts';
import { createRig, served, type Rig } from '../support/rig.ts';

const sandboxRegistry = 'localhost:5001';
const base = `${sandboxRegistry}/jre:17`;

let top: string;
let harbor: FakeHarbor;
let robot: Robot;
let opened: Rig | undefined;

beforeAll(async () => {
  top = mkdtempSync(join(tmpdir(), 'appdev-e2e-harbor-'));
  harbor = await startFakeHarbor({ registry: sandboxRegistry });
  const { state } = harbor;
  state.scanners.push({ uuid: '1', name: 'standin', url: 'http://127.0.0.1:1', created: '' });
  robot = deliveryRobot(harbor);
  await copyBase();
});
afterAll(async () => {
  await opened?.dispose();
  await harbor.stop();
  rmSync(top, { recursive: true, force: true });
});

/** The base image as a project of Harbor has it: pipelines take theirs from there. */
async function copyBase(): Promise<void> {
  const from = `docker://${process.env['APPDEV_BASE_IMAGE'] ?? base}`;
  const to = `docker://${harbor.host}/library/jre:17`;
  const authFile = join(top, 'admin.json');
  const auth = Buffer.from(`admin:${adminPassword}`).toString('base64');
  writeFileSync(authFile, JSON.stringify({ auths: { [harbor.host]: { auth } } }));
  const args = [
    'copy',
    '-q',
    '--src-tls-verify=false',
    '--dest-tls-verify=false',
    '--authfile',
    authFile,
    from,
    to,
  ];
  // Not synchronous: the Harbor in this process has to answer it.
  await new Promise<void>((done, fail) => {
    execFile('skopeo', args, (error) => (error === null ? done() : fail(new Error(error.message))));
  });
}

/** A clone of the fixture whose profile prod pushes to the Harbor. */
function clone(): string {
  const origin = join(top, 'origin');
  const folder = join(top, 'clone');
  const source = resolve(import.meta.dirname, '../../fixtures/spring-app');
  cpSync(source, origin, { recursive: true, filter: (path) => !/\/(target|\.appdev)$/.test(path) });
  const file = join(origin, 'appdev.yaml');
  const registry = `{push: "${harbor.host}/shop", pull: "${sandboxRegistry}/shop", insecure: true, harbor: {scan: {severity: high}}}`;
  const text = readFileSync(file, 'utf8').replace(
    '  - name: prod\n    overlay:\n',
    `  - name: prod\n    overlay:\n      registry: ${registry}\n`,
  );
  expect(text).toContain(harbor.host);
  writeFileSync(file, text);
  const git = (...args: readonly string[]): void => {
    execFileSync('git', ['-c', 'user.name=test', '-c', 'user.email=test@example.com', ...args], {
      cwd: origin,
    });
  };
  git('init', '-q');
  git('add', '-A');
  git('commit', '-q', '-m', 'The app');
  git('clone', '-q', origin, folder);
  return folder;
}

it('goes from a clean clone to a verified rollout, once the scan lets it', async () => {
  harbor.state.options.findings = [
    { id: 'CVE-2026-1', package: 'zlib', version: '1.2', fix_version: '1.3', severity: 'Critical' },
  ];
  const rig = createRig({
    project: clone(),
    env: {
      CI: 'true',
      APPDEV_BASE_IMAGE: `${harbor.host}/library/jre:17`,
      APPDEV_REGISTRY_USER: robot.name,
      APPDEV_REGISTRY_PASSWORD: robot.secret,
    },
  });
  opened = rig;
  const stopped = await rig.appdev('run', '--profile', 'prod', '--create-project', '--no-tests');
  expect([stopped.code, stopped.stdout + stopped.stderr]).toEqual([
    10,
    expect.stringContaining('CVE-2026-1: zlib 1.2, fixed in 1.3'),
  ]);
  expect(stopped.stdout + stopped.stderr).not.toContain(robot.secret);
  expect(rig.kubectl('get', 'deployments', '--ignore-not-found')).toBe('');
  expect(harbor.state.projects.get('shop')?.metadata['public']).toBe('false');

  // The project's scanner sees it otherwise now; nothing is built anew.
  harbor.state.options.findings = [];
  for (const artifact of harbor.state.artifacts) artifact.scan = undefined;
  const pushed = harbor.state.artifacts.map(({ digest }) => digest);
  const run = await rig.appdev('run', '--profile', 'prod', '--no-tests', '--artifacts', 'artifacts.json');
  expect([run.code, run.stderr]).toEqual([0, expect.anything()]);
  expect(harbor.state.artifacts.map(({ digest }) => digest)).toEqual(pushed);

  const verified = await rig.appdev('verify', '--profile', 'prod', '--artifacts', 'artifacts.json');
  expect(verified.code).toBe(0);
  const { artifacts } = JSON.parse(rig.read('artifacts.json')) as {
    artifacts: { digest: string; service: string }[];
  };
  expect(artifacts.map(({ service }) => service).sort()).toEqual(['orders', 'stock']);
  for (const { digest, service } of artifacts) {
    const kept = harbor.state.find(`shop/${service}`, `appdev-${digest.slice(7, 23)}`);
    expect(kept?.digest).toBe(digest);
    const images = JSON.stringify(rig.objects('pods').map(({ spec }) => spec));
    expect(images).toContain(`${sandboxRegistry}/shop/${service}:`);
    expect(images).toContain(digest);
  }
  expect(await served(rig, 'orders', '/info')).toContain('prod');

  // Again with nothing changed: no push, no new revision.
  const uploads = (): number =>
    harbor.requests.filter((line) => /^(?:POST|PATCH|PUT) \/v2\//.test(line)).length;
  const before = uploads();
  const again = await rig.appdev('run', '--profile', 'prod', '--no-tests');
  expect([again.code, uploads()]).toEqual([0, before]);
});
