/**
 * A Harbor that fails at one request of a whole run, for every request that the run makes and for each way to fail: API,
 * project, base image, blobs, manifest, scan, report, tags. One failure is survived where another try may help; a refusal
 * is told; what is deployed is what the scan let through, or what was there before; and the next run mends the rest.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { keepingTag } from '../../src/registry/harbor/keeping-tag.ts';
import { startFakeHarbor, type FakeHarbor } from '../support/fake-harbor/fake-harbor.ts';
import type { Robot } from '../support/fake-harbor/state.ts';
import { startFaultProxy, type NthFault } from '../support/fault-proxy.ts';
import { createHarborRuns, deliveryRobot, pushBase, type HarborRuns } from '../support/harbor-run.ts';
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

/** The digest of the run's image, which is the only one that was pushed; everything that let it through is there. */
function letThrough(runs: HarborRuns): string {
  const [artifact, ...more] = runs.pushed();
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

it.concurrent.each(Object.keys(ways))(
  'may be %s at any request of a run',
  async (way) => {
    const proxy = await startFaultProxy(harbor.host);
    const runs = createHarborRuns(join(top, way), proxy.host, { harbor, robot });
    try {
      // A run that comes to its end before its nth request has met no fault: every request before had its own run.
      for (let n = 1, hasMet = true; hasMet; n += 1) {
        const answer = ways[way]?.(n) ?? 503;
        const before = runs.deployed();
        const first = proxy.requests.length;
        runs.fresh(`${way}-${n}`);
        proxy.nth = { left: n, answer };
        const ran = await runs.run();
        hasMet = proxy.nth.left <= 0;
        proxy.nth = undefined;
        const what = `request ${n}, ${proxy.requests[first + n - 1] ?? 'none'}: ${JSON.stringify(ran.error)}`;
        expect([what, ran.output.includes(robot.secret)]).toEqual([what, false]);
        if (answer !== 401 || !hasMet || ran.code === 0) {
          expect([what, ran.code]).toEqual([what, 0]);
        } else {
          expect([what, refusals]).toEqual([what, expect.arrayContaining([[ran.code, ran.error?.code]])]);
          expect([what, ran.error?.message]).toEqual([what, expect.stringContaining(proxy.host)]);
          expect([what, ran.error?.hint]).toEqual([what, expect.stringMatching(/./)]);
          expect([what, runs.deployed()]).toEqual([what, before]);
          expect([what, (await runs.run()).code]).toEqual([what, 0]);
        }
        expect([what, runs.deployed()]).toEqual([what, expect.stringContaining(`@${letThrough(runs)}`)]);
      }
    } finally {
      await runs.dispose();
      await proxy.stop();
    }
  },
  900_000,
);
