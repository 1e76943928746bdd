import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ScanConfig } from '../../config/model.ts';
import type { Artifact } from '../../core/events.ts';
import { ok, type Outcome } from '../../core/outcome.ts';
import type { Clock } from '../../support/clock.ts';
import type { HarborArtifact, ScanStart } from './harbor.ts';
import { createScanGate, type GateOptions } from './scan-gate.ts';
import type { Scan } from './scan-overview.ts';

const digest = `sha256:${'a'.repeat(64)}`;
const artifact: Artifact = {
  service: 'orders',
  repository: 'harbor.example.com/shop/orders',
  pullRepository: 'harbor.example.com/shop/orders',
  tag: '1',
  digest,
  inputHash: 'a',
};
const strict: ScanConfig = { severity: 'high', fixableOnly: false, deadlineMs: 60_000 };
const success = (counts: Record<string, number>): Scan => ({
  ...{ status: 'Success', counts },
  total: Object.values(counts).reduce((sum, count) => sum + count, 0),
});
const at = (status: string): Scan => ({ status, counts: {} });
const reportOf = (...vulnerabilities: object[]): string => JSON.stringify({ type: { vulnerabilities } });
const critical = { id: 'CVE-9', package: 'zlib', version: '1.2', severity: 'Critical', fix_version: '1.3' };
const unfixed = { id: 'CVE-8', package: 'glibc', version: '2.36', severity: 'High', fix_version: '' };

interface World {
  readonly scans: readonly (Scan | undefined | 'not allowed' | 'absent')[];
  readonly start?: ScanStart;
  /** Undefined: one without findings; null: the account is not allowed to read it. */
  readonly report?: string | null;
  /** What a pull meets, look by look. */
  readonly pulls?: readonly (string | undefined)[];
  readonly isHarbor?: boolean;
  readonly scan?: ScanConfig;
}

let reports: string;
let started: number;
let slept: number;
let lines: string[];
beforeEach(() => {
  reports = mkdtempSync(join(tmpdir(), 'appdev-gate-'));
  [started, slept, lines] = [0, 0, []];
});
afterEach(() => rmSync(reports, { recursive: true, force: true }));

async function judge(world: World, signal = new AbortController().signal): Promise<Outcome<void>> {
  let now = 0;
  const clock: Clock = {
    now: () => now,
    sleep: async (ms) => {
      now += ms;
      slept += 1;
      await Promise.resolve();
    },
  };
  const [scans, pulls] = [[...world.scans], [...(world.pulls ?? [undefined])]];
  const next = <T>(list: T[]): T => (list.length > 1 ? list.shift() : list[0]) as T;
  const options: GateOptions = {
    harbor: {
      isHarbor: async () => await Promise.resolve(ok(world.isHarbor ?? true)),
      artifact: async (): Promise<Outcome<HarborArtifact | 'not allowed' | undefined>> => {
        const scan = next(scans);
        if (scan === 'absent') return await Promise.resolve(ok(undefined));
        if (scan === 'not allowed') return ok('not allowed');
        return ok({ digest, ...(scan === undefined ? {} : { scan }) });
      },
      startScan: async () => {
        started += 1;
        return await Promise.resolve(ok(world.start ?? 'started'));
      },
      report: async () =>
        await Promise.resolve(
          ok(world.report === null ? 'not allowed' : { text: world.report ?? reportOf() }),
        ),
    },
    client: {
      pullability: async () => {
        const words = next(pulls);
        return await Promise.resolve(
          ok(words === undefined ? { kind: 'allowed' } : { kind: 'prevented', words }),
        );
      },
    },
    reports,
    clock,
    ...(world.scan === undefined ? {} : { scan: world.scan }),
  };
  return await createScanGate(options)(artifact, {
    signal,
    report: {
      started: (stage) => lines.push(`${stage} started`),
      output: (_stage, _stream, line) => lines.push(line),
      finished: (stage, outcome, detail) => lines.push([stage, outcome, detail].filter(Boolean).join(' ')),
    },
  });
}

describe('the gate', () => {
  it('lets nothing through if a scan is asked for and there is no Harbor', async () => {
    expect(await judge({ scans: ['absent'], isHarbor: false, scan: strict })).toMatchObject({
      error: { code: 'SCAN_INCOMPLETE', message: expect.stringContaining('is not a Harbor') as string },
    });
    expect(lines).toEqual([]);
  });

  it('is open if neither the project nor appdev.yaml asks for a scan', async () => {
    expect(await judge({ scans: ['absent'] })).toEqual(ok(undefined));
    expect([lines, started]).toEqual([[], 0]);
  });

  it('starts a scan if there is none, waits for its end, and keeps the report', async () => {
    const scans = [undefined, at('Pending'), at('Running'), success({ Low: 1 })];
    expect(await judge({ scans, scan: strict, report: reportOf({ id: 'CVE-1' }) })).toEqual(ok(undefined));
    expect([started, slept]).toEqual([1, 3]);
    expect(lines).toEqual([
      'scan started',
      'scan of orders: not scanned yet',
      'scan of orders: Pending',
      'scan of orders: Running',
      `scan ok 1 low, ${digest.slice(0, 19)}`,
    ]);
    const [file = ''] = readdirSync(reports);
    expect(file).toBe('scan-orders-aaaaaaaaaaaa.json');
    expect(readFileSync(join(reports, file), 'utf8')).toContain('CVE-1');
  });

  it('takes the scan of the same digest that is there', async () => {
    expect(await judge({ scans: [success({})], scan: strict })).toEqual(ok(undefined));
    expect([started, slept]).toEqual([0, 0]);
  });

  it.each([
    ['critical', 0],
    ['high', 1],
    ['medium', 1],
  ] as const)('stops what is as bad as %s or worse', async (severity, count) => {
    const outcome = await judge({
      scans: [success({ High: 1 })],
      scan: { ...strict, severity },
      report: reportOf(unfixed),
    });
    if (count === 0) expect(outcome.kind).toBe('ok');
    else {
      expect(outcome).toMatchObject({
        error: {
          code: 'SCAN_GATE',
          message: expect.stringContaining(`1 vulnerability of severity ${severity} or worse`) as string,
          evidence: ['High CVE-8: glibc 2.36, no fix yet'],
          hint: expect.stringContaining('severity in registry.harbor.scan') as string,
        },
      });
    }
  });

  it('names the report and what has a fix', async () => {
    const outcome = await judge({
      scans: [success({ Critical: 1, High: 1 })],
      scan: strict,
      report: reportOf(unfixed, critical),
    });
    expect(outcome).toMatchObject({
      error: {
        message: expect.stringContaining(join(reports, 'scan-orders-aaaaaaaaaaaa.json')) as string,
        hint: expect.stringContaining('update') as string,
        evidence: ['Critical CVE-9: zlib 1.2, fixed in 1.3', 'High CVE-8: glibc 2.36, no fix yet'],
      },
    });
  });

  it('counts only what is fixable when asked to, which needs the report', async () => {
    const scan = { ...strict, fixableOnly: true };
    const scans = [success({ High: 1 })];
    expect(await judge({ scans, scan, report: reportOf(unfixed) })).toEqual(ok(undefined));
    expect(await judge({ scans, scan, report: reportOf(critical) })).toMatchObject({
      error: { code: 'SCAN_GATE' },
    });
    expect(await judge({ scans, scan, report: null })).toMatchObject({
      error: { code: 'SCAN_INCOMPLETE', hint: expect.stringContaining('artifact additions') as string },
    });
  });

  it.each([
    ['no report', '{}', 'counted 1 in all, but there is no report'],
    ['a report of another kind', '{"sbom":{}}', 'there is no report'],
    ['a report that lists less than was counted', reportOf(), 'the report lists 0'],
  ])('does not take %s for nothing that is fixable', async (_, report, words) => {
    const scan = { ...strict, fixableOnly: true };
    expect(await judge({ scans: [success({ Critical: 1 })], scan, report })).toMatchObject({
      error: {
        ...{ code: 'SCAN_INCOMPLETE', message: expect.stringContaining(words) as string },
        hint: expect.stringContaining('again in Harbor') as string,
      },
    });
  });

  it('lets an image through in which nothing was found', async () => {
    const scan = { ...strict, fixableOnly: true };
    expect(await judge({ scans: [success({})], scan, report: reportOf() })).toEqual(ok(undefined));
  });

  it('does not take a success without a summary for a clean one', async () => {
    for (const fixableOnly of [false, true]) {
      expect(await judge({ scans: [at('Success')], scan: { ...strict, fixableOnly } })).toMatchObject({
        error: { code: 'SCAN_INCOMPLETE', message: expect.stringContaining('not what it found') as string },
      });
    }
  });

  it('waits for the scan that a project asks for, without any configuration', async () => {
    const policy = 'current image with "Running" status of vulnerability scanning cannot be pulled';
    const scans = [at('Running'), success({ Critical: 1 })];
    expect(await judge({ scans, pulls: [policy, undefined] })).toEqual(ok(undefined));
    expect(
      await judge({ scans, pulls: [policy, 'current image with 1 vulnerabilities cannot be pulled'] }),
    ).toMatchObject({
      error: {
        code: 'SCAN_GATE',
        message: expect.stringContaining('does not allow pulling it') as string,
        hint: expect.stringContaining("the project's CVE allowlist") as string,
      },
    });
  });

  it.each([
    ['no scanner', { scans: [undefined], start: 'no scanner' }, 'no scanner for project shop'],
    ['no right to look', { scans: ['not allowed'] }, 'is not allowed to see the scan'],
    ['no right to start', { scans: [undefined], start: 'not allowed' }, 'is not allowed to start one'],
    ['a scan that never ends', { scans: [undefined, at('Pending')] }, 'did not end within 60 s (Pending)'],
    ['a scan that fails', { scans: [undefined, at('Error')] }, 'ended with Error'],
    ['an artifact that is gone', { scans: ['absent'] }, 'Harbor has no sha256:'],
  ] as const)('lets nothing through for %s', async (_name, world, words) => {
    expect(await judge({ ...world, scan: strict })).toMatchObject({
      error: { code: 'SCAN_INCOMPLETE', message: expect.stringContaining(words) as string },
    });
  });

  it('tries again if an earlier scan failed, and lets its error not pass for the new one', async () => {
    const scans = [at('Error'), at('Error'), at('Pending'), success({})];
    expect(await judge({ scans, scan: strict })).toEqual(ok(undefined));
    expect(started).toBe(1);
  });

  it('ends with the session', async () => {
    const controller = new AbortController();
    controller.abort('user');
    expect(await judge({ scans: [at('Running')], scan: strict }, controller.signal)).toEqual({
      kind: 'cancelled',
      reason: 'user',
    });
  });
});
