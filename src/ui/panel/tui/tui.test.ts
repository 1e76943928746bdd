import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createEventBus, type EventBody, type EventBus } from '../../../core/events.ts';
import { FakeOutput } from '../../../../test/support/fake-output.ts';
import { samples, sessionStart } from '../../../../test/support/sample-events.ts';
import type { Reporter } from '../../out/reporter.ts';
import { createTui } from './tui.tsx';

class FakeTerminal extends FakeOutput {
  readonly isTTY = true;
  columns = 100;
  rows = 30;
  writes = 0;

  override _write(chunk: Buffer | string, encoding: BufferEncoding, done: (error?: Error) => void): void {
    this.writes += 1;
    super._write(chunk, encoding, done);
  }
}

let terminal: FakeTerminal;
let bus: EventBus;
let reporter: Reporter;

beforeEach(() => {
  vi.useFakeTimers({
    now: sessionStart,
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'],
  });
  terminal = new FakeTerminal();
  bus = createEventBus(Date.now);
  reporter = createTui({
    stdin: new PassThrough() as unknown as NodeJS.ReadStream,
    stdout: terminal as unknown as NodeJS.WriteStream,
    terminal: { multiplexer: undefined, program: '' },
    platform: 'linux',
    theme: { color: false, unicode: true },
    verbose: false,
    onKey: () => undefined,
    now: Date.now,
  });
  reporter.start(bus);
  vi.advanceTimersByTime(1000);
});
afterEach(async () => {
  await reporter.stop();
  vi.useRealTimers();
});

const emit = (...bodies: EventBody[]): void => {
  for (const body of bodies) bus.emit(body);
};
const log = (n: number): EventBody => ({ ...samples['pod.log'], line: `request ${n}` });

test('a burst of events changes the screen once, and loses nothing', () => {
  emit(samples['session.started']);
  vi.advanceTimersByTime(1000);
  const before = terminal.writes;
  for (let n = 0; n < 500; n += 1) emit(log(n), samples['pod.changed'], samples['change.detected']);
  expect(terminal.writes).toBe(before);
  vi.advanceTimersByTime(84);
  expect(terminal.writes - before).toBeLessThanOrEqual(2);
  for (let n = 0; n < 500; n += 1) expect(terminal.text).toContain(`request ${n}\n`);
});

test('more lines than may wait are written at once', () => {
  for (let n = 0; n < 2500; n += 1) emit(log(n));
  expect(terminal.text).toContain('request 1999\n');
  expect(terminal.text).not.toContain('request 2400\n');
});

test('while a run is under way the panel moves, at most twelve times a second', () => {
  emit(samples['session.started'], samples['run.started'], samples['stage.started']);
  vi.advanceTimersByTime(1000);
  const before = terminal.writes;
  for (let tick = 0; tick < 300; tick += 1) {
    vi.advanceTimersByTime(10);
    emit(samples['pod.changed'], { ...samples['change.detected'], change: tick });
  }
  const frames = terminal.writes - before;
  expect(frames).toBeGreaterThan(12);
  expect(frames).toBeLessThanOrEqual(36);
});

test('without events the spinner alone moves, four times a second', () => {
  emit(samples['session.started'], samples['run.started'], samples['stage.started']);
  vi.advanceTimersByTime(1000);
  const before = terminal.writes;
  vi.advanceTimersByTime(3000);
  expect(terminal.writes - before).toBe(12);
});

test('no timer is left when nothing runs', () => {
  emit(samples['session.started'], samples['run.started'], samples['stage.started']);
  vi.advanceTimersByTime(1000);
  expect(vi.getTimerCount()).toBeGreaterThan(0);
  emit(samples['run.finished']);
  vi.advanceTimersByTime(1000);
  expect(vi.getTimerCount()).toBe(0);
});

test('stopping twice is stopping once', async () => {
  emit(samples['session.started'], log(1));
  await reporter.stop();
  const written = terminal.text;
  await reporter.stop();
  emit(log(2));
  expect(terminal.text).toBe(written);
  expect(written).toContain('request 1\n');
  vi.advanceTimersByTime(1000);
  expect(vi.getTimerCount()).toBe(0);
});
