import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createEventBus } from '../core/events.ts';
import { compileError, samples } from '../../test/support/sample-events.ts';
import { FakeOutput } from '../../test/support/fake-output.ts';
import { createReporter, type ReporterOptions } from './reporters.ts';
import type { Terminal } from './out/terminal.ts';

const terminal: Terminal = {
  ci: false,
  ciServices: [],
  color: undefined,
  dumb: false,
  unicode: true,
  multiplexer: undefined,
  program: '',
};

const options = (
  stdout: FakeOutput,
  stderr: FakeOutput,
  more: Partial<ReporterOptions>,
): ReporterOptions => ({
  choice: { kind: 'plain' },
  stdin: process.stdin,
  stdout: stdout as unknown as NodeJS.WriteStream,
  stderr: stderr as unknown as NodeJS.WriteStream,
  terminal,
  platform: 'linux',
  cwd: '/',
  verbose: false,
  onKey: () => undefined,
  onGone: () => undefined,
  now: Date.now,
  ...more,
});

test('the reason why it is not the panel goes to standard error', async () => {
  const [out, err] = [new FakeOutput(), new FakeOutput()];
  const reason = 'using plain lines instead of the panel: TERM is dumb';
  const reporter = await createReporter(options(out, err, { choice: { kind: 'plain', reason } }));
  await reporter.stop();
  expect([out.text, err.text]).toEqual(['', `${reason}\n`]);
});

test('json is json, and nothing else is on standard output', async () => {
  const [out, err] = [new FakeOutput(), new FakeOutput()];
  const reporter = await createReporter(options(out, err, { choice: { kind: 'json' } }));
  const bus = createEventBus(Date.now);
  reporter.start(bus);
  bus.emit(samples.notice);
  await reporter.stop();
  expect(out.lines().map((line) => (JSON.parse(line) as { type: string }).type)).toEqual(['notice']);
  expect(err.text).toBe('');
});

test('log files are written beside, and error cards name them relative to where the user is', async () => {
  const cwd = await mkdtemp(join(tmpdir(), 'appdev-reporter-'));
  try {
    const logFolder = join(cwd, '.appdev', 'logs');
    const out = new FakeOutput();
    const reporter = await createReporter(options(out, new FakeOutput(), { cwd, logFolder }));
    const bus = createEventBus(Date.now);
    reporter.start(bus);
    bus.emit(samples['run.started']);
    bus.emit({ ...samples['run.finished'], outcome: 'failed', error: compileError });
    await reporter.stop();
    expect(out.text).toContain(`log: ${join('.appdev', 'logs', 'orders.log')}`);
    expect(await readdir(logFolder)).toEqual(['orders.log']);
  } finally {
    await rm(cwd, { recursive: true });
  }
});

test('colour and glyphs follow flag, environment and terminal', async () => {
  const shown = async (more: Partial<ReporterOptions>): Promise<string> => {
    const out = new FakeOutput();
    const reporter = await createReporter(options(out, new FakeOutput(), more));
    const bus = createEventBus(Date.now);
    reporter.start(bus);
    bus.emit(samples['cluster.regained']);
    await reporter.stop();
    return out.text;
  };
  expect(await shown({})).toBe('✓ cluster kind-shop answers again\n');
  expect(await shown({ color: true })).toBe('\x1b[32m✓\x1b[39m cluster kind-shop answers again\n');
  expect(await shown({ terminal: { ...terminal, unicode: false } })).toBe(
    '+ cluster kind-shop answers again\n',
  );
});
