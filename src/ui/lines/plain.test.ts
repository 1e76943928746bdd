import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createEventBus, type EventBody, type EventBus } from '../../core/events.ts';
import { samples, session, sessionStart } from '../../../test/support/sample-events.ts';
import { FakeOutput } from '../../../test/support/fake-output.ts';
import { ciLineGuard } from './ci.ts';
import type { CiService } from '../out/terminal.ts';
import { createPlainReporter, heartbeatMs } from './plain.ts';
import type { Reporter } from '../out/reporter.ts';

let out: FakeOutput;
let bus: EventBus;
let reporter: Reporter;

const begin = (options: { verbose?: boolean; ciServices?: CiService[]; color?: boolean } = {}): void => {
  out = new FakeOutput();
  bus = createEventBus(Date.now);
  reporter = createPlainReporter({
    stdout: out,
    theme: { color: options.color ?? false, unicode: true },
    verbose: options.verbose ?? false,
    now: Date.now,
    guard: ciLineGuard(options.ciServices ?? []),
    logPath: (service) => `.appdev/logs/${service}.log`,
  });
  reporter.start(bus);
};
const emit = (...bodies: EventBody[]): void => bodies.forEach((body) => bus.emit(body));

beforeEach(() => {
  vi.useFakeTimers({ now: sessionStart });
});
afterEach(() => {
  vi.useRealTimers();
});

test('a removal that failed has no mark of success', () => {
  begin();
  emit(...session, { type: 'cleanup.finished', removed: 2, kept: 0, failed: ['orders'] });
  expect(out.text.split('\n')).toContain('✗ could not remove orders; removed 2 objects, kept 0');
});

test('the check at the end of a run is no second run', () => {
  begin();
  emit(samples['session.started'], {
    ...samples['run.started'],
    run: 1,
    change: 0,
    route: 'render-only',
    reason: 'verify',
  });
  expect(out.lines().at(-1)).toBe('orders │ checking that the pods run it');
});

test('a whole session reads like this', async () => {
  begin();
  emit(
    ...session,
    ...(Object.values(samples) as EventBody[]).filter(
      (body) => !['session.started', 'session.finished'].includes(body.type),
    ),
    {
      type: 'run.started',
      service: 'gateway',
      run: 20,
      change: 16,
      route: 'image',
      because: 'changed: source',
      reason: 'Gateway.java',
    },
    {
      ...samples['run.finished'],
      service: 'gateway',
      run: 20,
      outcome: 'failed',
      stages: [{ stage: 'compile', ms: 700, outcome: 'failed' }],
    },
    samples['session.finished'],
  );
  await reporter.stop();
  await expect(out.text).toMatchFileSnapshot('../golden/plain.txt');
});

test('the failures come last, once, with place, hint, page and log', async () => {
  begin();
  emit(
    samples['session.started'],
    { ...samples['run.finished'], outcome: 'failed' },
    samples['session.finished'],
  );
  await reporter.stop();
  expect(out.lines().slice(-5)).toEqual([
    'failed: 1 of 4 services',
    '✗ orders  orders does not compile: 1 error in OrderService.java (src/main/java/shop/OrderService.java:12)',
    '    try: correct the line above and save; the previous version keeps serving',
    '    SOURCE_BUILD_FAILED  docs/errors.md#source_build_failed',
    '    log: .appdev/logs/orders.log',
  ]);
  expect(out.lines().filter((line) => line.startsWith('failed:'))).toHaveLength(1);
});

test('an error of the session that no service has shown is shown in full', async () => {
  begin();
  emit(samples['session.started'], samples['session.finished']);
  await reporter.stop();
  expect(out.text).toContain('✗ orders does not compile');
  expect(out.text).toContain("OrderService.java:12:23: error: ';' expected");
});

describe('the tools’ output', () => {
  const output = (line: string): EventBody => ({ ...samples['stage.output'], line });
  const noise = ['[INFO] Scanning for projects...', '[INFO] BUILD SUCCESS', 'Downloading from central'];
  const worth = [
    '[WARNING] unchecked operations',
    "[ERROR] Foo.java:[1,2] ';' expected",
    'WARNING: deprecated',
    'error: x',
  ];

  test('is shown if it warns or fails', () => {
    begin();
    emit(samples['session.started'], samples['run.started']);
    const before = out.lines().length;
    emit(...[...noise, ...worth].map(output));
    expect(out.lines().slice(before)).toEqual(worth.map((line) => `orders/compile │ ${line}`));
  });

  test('is shown in full when verbose', () => {
    begin({ verbose: true });
    emit(samples['session.started'], samples['run.started'], ...[...noise, ...worth].map(output));
    for (const line of [...noise, ...worth]) expect(out.text).toContain(`orders/compile │ ${line}\n`);
  });
});

describe('the heartbeat', () => {
  const beats = (): string[] => out.lines().filter((line) => line.includes('still running'));

  test('speaks for a quiet stage every 30 seconds', () => {
    begin();
    emit(samples['session.started'], samples['run.started'], samples['stage.started']);
    vi.advanceTimersByTime(heartbeatMs - 1);
    expect(beats()).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(beats()).toEqual(['orders │ compile still running after 30.0s']);
    vi.advanceTimersByTime(heartbeatMs);
    expect(beats()).toEqual([
      'orders │ compile still running after 30.0s',
      'orders │ compile still running after 1m00s',
    ]);
  });

  test('counts from the last line that the service printed', () => {
    begin();
    emit(samples['session.started'], samples['run.started'], samples['stage.started']);
    vi.advanceTimersByTime(20_000);
    emit(samples['stage.output']);
    vi.advanceTimersByTime(heartbeatMs - 1);
    expect(beats()).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(beats()).toEqual(['orders │ compile still running after 50.0s']);
  });

  test('another service’s lines do not hide a quiet one', () => {
    begin();
    emit(samples['session.started'], samples['run.started'], samples['stage.started']);
    for (let i = 0; i < 30; i += 1) {
      vi.advanceTimersByTime(1000);
      emit({ ...samples['pod.log'], service: 'billing' });
    }
    expect(beats()).toHaveLength(1);
  });

  test('falls silent with the run, and leaves no timer', () => {
    begin();
    emit(samples['session.started'], samples['run.started'], samples['stage.started']);
    expect(vi.getTimerCount()).toBe(1);
    emit(samples['run.finished']);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('stops with the reporter', async () => {
    begin();
    emit(samples['session.started'], samples['run.started'], samples['stage.started']);
    await reporter.stop();
    expect(vi.getTimerCount()).toBe(0);
  });
});

test('application output cannot give orders to the CI service', () => {
  begin({ ciServices: ['github', 'gitlab'] });
  const orders = ['::set-env name=A::b', '##[endgroup]', 'section_end:1:build\r\x1b[0K'];
  emit(samples['session.started']);
  for (const line of orders) {
    emit(
      { ...samples['pod.log'], line },
      { type: 'notice', level: 'info', message: line },
      {
        ...samples['run.finished'],
        outcome: 'failed',
        error: { code: 'INTERNAL', message: 'x', evidence: [line], hint: line },
      },
    );
  }
  emit({ type: 'session.finished', exitCode: 1, error: { code: 'INTERNAL', message: '::error::y' } });
  for (const line of out.lines()) {
    expect(line).not.toMatch(/^\s*::/);
    expect(line).not.toMatch(/##\[|section_(start|end):|\r|\x1b/);
  }
  expect(out.text).toContain('set-env name=A');
});

test('colour only when allowed', () => {
  begin({ color: true });
  emit(samples['session.started']);
  expect(out.text).toContain('\x1b[1m');
  begin();
  emit(...session);
  expect(out.text).not.toContain('\x1b');
});

test('with several pods each line names its pod in full', () => {
  begin();
  emit(samples['session.started'], {
    ...samples['pod.changed'],
    pods: { ready: 2, desired: 2, restarts: 0, phase: 'Running' },
  });
  emit(samples['pod.log'], { ...samples['pod.log'], container: 'migrate' });
  expect(out.lines().slice(-2)).toEqual([
    'orders/orders-6d4c-x2k9p │ Tomcat started on port 8080',
    'orders/orders-6d4c-x2k9p/migrate │ Tomcat started on port 8080',
  ]);
});

test('if the reader goes away, only the output ends, not the session', async () => {
  begin();
  emit(samples['session.started']);
  out.goAway();
  expect(() => emit(...session)).not.toThrow();
  await reporter.stop();
});
