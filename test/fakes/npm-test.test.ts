/** What `npm test` itself promises: how it counts, and that nothing which it started is left when it is interrupted. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { identify, isAlive } from '../../src/support/process/proc.ts';
import { until } from '../support/wait.ts';

/** As much of scripts/test/report.js as is looked at. */
interface Reports {
  readonly readReport: (file: string, status: number | null, root: string) => Record<string, unknown>;
  readonly slowest: (
    entries: readonly { level: string; name: string; time: number }[],
    count: number,
  ) => string[];
}

const scripts = resolve(import.meta.dirname, '../../scripts/test');
const { readReport, slowest } = (await import(join(scripts, 'report.js'))) as Reports;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'appdev-npm-test-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** What vitest's JSON reporter writes of one file. */
function report(file: string, tests: readonly object[], message = ''): string {
  const path = join(folder, 'report.json');
  const passed = tests.filter((test) => 'status' in test && test.status === 'passed').length;
  writeFileSync(
    path,
    JSON.stringify({
      numPassedTests: passed,
      numTotalTests: tests.length,
      testResults: [
        { name: join('/repo', file), message, startTime: 1000, endTime: 3500, assertionResults: tests },
      ],
    }),
  );
  return path;
}

const good = { fullName: 'adds', status: 'passed', duration: 2000 };

it('counts what passed, and a skipped test as failed, by name', () => {
  const lost = { fullName: 'divides', status: 'failed', duration: 500, failureMessages: ['by zero\n at …'] };
  const skipped = { fullName: 'rests', status: 'skipped' };
  expect(readReport(report('a.test.ts', [good, lost, skipped]), 1, '/repo')).toEqual({
    passed: 1,
    failed: 2,
    failures: ['  a.test.ts: divides: by zero', '  a.test.ts: rests: skipped'],
    files: [{ name: 'a.test.ts', time: 2500 }],
    tests: [
      { name: 'a.test.ts: adds', time: 2000 },
      { name: 'a.test.ts: divides', time: 500 },
      { name: 'a.test.ts: rests', time: 0 },
    ],
  });
});

it.each([
  ['a run that ended badly with no test to blame', () => report('a.test.ts', [good]), 1, 1],
  ['a run without a report', () => join(folder, 'none.json'), 1, 0],
  ['a file that could not be loaded', () => report('a.test.ts', [], 'no such module\n…'), 1, 0],
  ['a good run', () => report('a.test.ts', [good]), 0, 1],
])('counts %s', (_case, file, status, passed) => {
  expect(readReport(file(), status, '/repo')).toMatchObject({ passed, failed: status });
});

it('names the slowest first', () => {
  const entries = [1500, 90_000, 20].map((time) => ({ level: 'unit', name: `${time}.test.ts`, time }));
  expect(slowest(entries, 2)).toEqual([
    '   90.0 s  unit         90000.test.ts',
    '    1.5 s  unit         1500.test.ts',
  ]);
});

it('ends what it started when it is told to, what went into a group of its own too', async () => {
  const program = `
    import { endAll, run, say } from ${JSON.stringify(join(scripts, 'children.js'))};
    process.on('SIGTERM', () => void endAll(300));
    // One ends when it is asked to; one does not, and has started another in a session of its own.
    const scripts = ['sleep 1000; :', 'trap "" TERM; setsid sleep 1001 & echo $!; while :; do sleep 1; done'];
    const codes = scripts.map((script, n) =>
      run({ label: 'lane ' + n, program: 'sh', args: ['-c', 'echo $$; ' + script], cwd: '/' }));
    say(undefined, 'codes ' + JSON.stringify(await Promise.all(codes)));`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program]);
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  const ended = new Promise((done) => child.once('exit', done));
  await until('the children', () => lines.length === 3);
  const started = lines.map((line) => {
    const [, lane, pid] = /^(lane \d) +│ (\d+)$/.exec(line) ?? [];
    if (lane === undefined) throw new Error(`not a line of a lane: ${line}`);
    return identify(Number(pid));
  });
  expect(started).not.toContain(undefined);
  child.kill('SIGTERM');
  expect(await ended).toBe(0);
  expect(lines.at(-1)).toBe('codes [null,null]');
  expect(started.filter((process) => process !== undefined && isAlive(process))).toEqual([]);
});
