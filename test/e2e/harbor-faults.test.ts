/**
 * A Harbor that fails at one request of a first run, in each way to fail: API, project, base image, blobs, manifest, scan,
 * report, tags. One failure is survived if another try may help; a refusal is told; what is deployed is what the scan
 * let through, or what was there before; and the next run fixes the rest. Every request up to the push in its turn, by the
 * builder as `run` puts it together, in this process; and whole runs of the program with the first, a middle and the last
 * request. Each request from the push on has its turn in harbor-push.test.ts of the integration tests.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createBuildahBuilder } from '../../src/build/image/buildah/builder.ts';
import { environmentNow } from '../support/environment.ts';
import { readEnvironment } from '../../src/app/environment.ts';
import { keepingTag } from '../../src/registry/harbor/keeping-tag.ts';
import { openRegistry } from '../../src/app/compose/registry.ts';
import { exitCodeOf, type AppdevError } from '../../src/core/errors.ts';
import type { Artifact } from '../../src/core/events.ts';
import type { Outcome } from '../../src/core/outcome.ts';
import { openRegistryAccess } from '../../src/registry/login/access.ts';
import type { Registry } from '../../src/registry/types.ts';
import type { Clock } from '../../src/support/clock.ts';
import { runProcess, type RunProcess } from '../../src/support/process/process.ts';
import { deployedService, recordedContext, valueOf } from '../support/deploy-service.ts';
import { startFakeHarbor, type FakeHarbor } from '../support/fake-harbor/fake-harbor.ts';
import type { Robot, StoredArtifact } from '../support/fake-harbor/state.ts';
import { startFaultProxy, type FaultProxy, type NthFault } from '../support/fault-proxy.ts';
import {
  createHarborRuns,
  deliveryRobot,
  emptyMachine,
  pushBase,
  writeLetter,
  type Machine,
} from '../support/harbor-run.ts';
import { publishImage } from '../support/publish-image.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';

let top: string;
let backend: TestRegistry;
let harbor: FakeHarbor;
let robot: Robot;

beforeAll(async () => {
  top = mkdtempSync(join(tmpdir(), 'appdev-e2e-faults-'));
  backend = await startRegistry();
  harbor = await startFakeHarbor({ registry: backend.host, scanSteps: ['Running'] });
  harbor.state.scanners.push({ uuid: '1', name: 'standin', url: 'http://127.0.0.1:1', created: '' });
  robot = deliveryRobot(harbor);
  await pushBase(backend.host);
});
afterAll(async () => {
  await harbor.stop();
  await backend.stop();
  rmSync(top, { recursive: true, force: true });
});

/** How a run may end after a refusal that no other try changes, by exit code. */
const refusals: readonly (readonly [exit: number, code: string])[] = [
  [4, 'BASE_IMAGE_MISSING'],
  [5, 'REGISTRY_DENIED'],
];

/** The digest of a run's image, which is the only one that was pushed; everything that let it through is there. */
function letThrough(pushed: readonly StoredArtifact[]): string {
  const [artifact, ...more] = pushed;
  expect(more).toEqual([]);
  const { digest = '', scan, tags } = artifact ?? {};
  expect(scan).toMatchObject({ steps: [], end: 'Success' });
  expect([...(tags ?? new Map()).keys()]).toContain(keepingTag(digest));
  return digest;
}

/** Ways to fail, each for the nth request of its nth run. Connections break at once and in the middle of a body in turn. */
const ways: Readonly<Record<string, (n: number) => NthFault['answer']>> = {
  unavailable: () => 503,
  broken: (n) => (n % 2 === 0 ? 'reset' : 'hang-up'),
  unauthorized: () => 401,
};

/** What a refusal has to tell. */
function expectTold(what: string, code: number | null, error: AppdevError | undefined, host: string): void {
  expect([what, refusals]).toEqual([what, expect.arrayContaining([[code, error?.code]])]);
  expect([what, error?.message]).toEqual([what, expect.stringContaining(host)]);
  expect([what, error?.hint]).toEqual([what, expect.stringMatching(/./)]);
}

/** Waits of our own cost nothing here; those of Buildah's tries do. */
const hasty: Clock = { now: () => Date.now(), sleep: async () => await Promise.resolve() };

/** Builds, pushes and has judged, as a run does, on a machine of its own. */
async function buildHere(
  folder: string,
  machine: Machine,
  host: string,
  project: string,
): Promise<{ readonly outcome: Outcome<Artifact>; readonly said: string }> {
  const { registry: environment } = readEnvironment({
    APPDEV_REGISTRY_USER: robot.name,
    APPDEV_REGISTRY_PASSWORD: robot.secret,
    HOME: folder,
  });
  const run: RunProcess = async (command, options) =>
    await runProcess(
      { ...command, env: { ...command.env, CONTAINERS_STORAGE_CONF: machine.storage } },
      options,
    );
  const push = `${host}/${project}`;
  const registry: Registry = { push, pull: push, insecure: true, source: 'appdev.yaml' };
  const opened = openRegistry({
    registry,
    access: valueOf(openRegistryAccess({ run, environment, push })),
    createProject: true,
    scan: { severity: 'high', fixableOnly: false, deadlineMs: 60_000 },
    stateFolder: join(folder, 'state'),
    clock: hasty,
  });
  const builder = createBuildahBuilder({
    environment: environmentNow().buildah,
    run,
    project: 'letters',
    target: { kind: 'registry', registry },
    reader: opened.client,
    access: opened.buildah,
    load: async () => await Promise.reject(new Error('nothing is loaded here')),
    cache: machine.cache,
  });
  const source = {
    kind: 'containerfile',
    containerfile: join(folder, 'Containerfile'),
    context: folder,
    buildArgs: { BASE: `${host}/library/empty:1` },
  } as const;
  const service = {
    ...deployedService(folder, { files: [] }),
    name: 'letter',
    image: { repository: 'letter', builder: 'buildah', source } as const,
  };
  const context = recordedContext();
  const outcome = await publishImage(
    { imageBuilder: opened.guarded(builder), admit: opened.admit, publish: opened.keep },
    { service, inputHash: 'a1b2' },
    context,
  );
  return { outcome, said: JSON.stringify([outcome, context.lines, context.warnings]) };
}

/** One first build whose nth request fails, none if n is 0, and what has to come of it. All that it asked. */
async function failHere(way: string, n: number): Promise<readonly string[]> {
  const proxy = await startFaultProxy(harbor.host);
  const folder = mkdtempSync(join(top, `${way}-${n}-`));
  const machine = emptyMachine(join(folder, 'machine'));
  const project = `${way}-here-${n}`;
  const source = join(folder, 'source');
  mkdirSync(source);
  writeLetter(source, project);
  try {
    const answer = ways[way]?.(n) ?? 503;
    proxy.nth = { left: n, answer };
    const { outcome, said } = await buildHere(source, machine, proxy.host, project);
    const { left } = proxy.nth;
    proxy.nth = undefined;
    const what = `request ${n}, ${proxy.requests[n - 1] ?? 'none'}: ${said.slice(0, 1000)}`;
    expect([what, n === 0 || left <= 0]).toEqual([what, true]);
    expect([what, said.includes(robot.secret)]).toEqual([what, false]);
    let last = outcome;
    if (outcome.kind === 'failed' && answer === 401) {
      expectTold(what, exitCodeOf(outcome.error), outcome.error, proxy.host);
      last = (await buildHere(source, machine, proxy.host, project)).outcome;
    }
    expect([what, last]).toEqual([what, expect.objectContaining({ kind: 'ok' })]);
    const pushed = harbor.state.artifacts.filter(({ repository }) => repository === `${project}/letter`);
    expect([what, valueOf(last).digest]).toEqual([what, letThrough(pushed)]);
    return proxy.requests;
  } finally {
    await proxy.stop();
    machine.remove();
  }
}

it.each(Object.keys(ways))(
  'may be %s at any request of a first build up to its push',
  async (way) => {
    const requests = await failHere(way, 0);
    const pushes = requests.findIndex((line) => /^POST \/v2\/.*\/blobs\/uploads\//.test(line)) + 1;
    // Harbor's API, the project, the base image's manifests and blob, and what is there of the image already.
    expect(pushes).toBeGreaterThan(8);
    const width = 4;
    for (let first = 1; first <= pushes; first += width) {
      const batch = Array.from({ length: Math.min(width, pushes - first + 1) }, (_, i) => first + i);
      await Promise.all(batch.map(async (n) => await failHere(way, n)));
    }
  },
  300_000,
);

it.concurrent.each(Object.keys(ways))(
  'may be %s at the first, a middle and the last request of a whole run',
  async (way) => {
    const proxy: FaultProxy = await startFaultProxy(harbor.host);
    const runs = createHarborRuns(join(top, way), proxy.host, { harbor, robot });
    try {
      runs.fresh(`${way}-0`);
      expect((await runs.run()).code).toBe(0);
      const requests = proxy.requests.length;
      for (const n of [1, Math.ceil(requests / 2), requests]) {
        const answer = ways[way]?.(n) ?? 503;
        const before = runs.deployed();
        const first = proxy.requests.length;
        runs.fresh(`${way}-${n}`);
        proxy.nth = { left: n, answer };
        const ran = await runs.run();
        const { left } = proxy.nth;
        proxy.nth = undefined;
        const what = `request ${n}, ${proxy.requests[first + n - 1] ?? 'none'}: ${JSON.stringify(ran.error)}`;
        expect([what, left <= 0]).toEqual([what, true]);
        expect([what, ran.output.includes(robot.secret)]).toEqual([what, false]);
        if (answer !== 401 || ran.code === 0) {
          expect([what, ran.code]).toEqual([what, 0]);
        } else {
          expectTold(what, ran.code, ran.error, proxy.host);
          expect([what, runs.deployed()]).toEqual([what, before]);
          expect([what, (await runs.run()).code]).toEqual([what, 0]);
        }
        const digest = letThrough(runs.pushed());
        expect([what, runs.deployed()]).toEqual([what, expect.stringContaining(`@${digest}`)]);
      }
    } finally {
      await runs.dispose();
      await proxy.stop();
    }
  },
  300_000,
);
