import { expect, test } from 'vitest';
import { createEventBus, type EventBody } from '../core/events.ts';
import { samples, sessionStart, stamped } from '../../test/support/sample-events.ts';
import { FakeOutput } from '../../test/support/fake-output.ts';
import { createJsonReporter, jsonLine } from './json.ts';

const bodies = Object.values(samples) as EventBody[];

test('the shape of each event is frozen', async () => {
  // A change here breaks scripts: add a field if need be; rename, retype or remove none without a new version.
  await expect(`${stamped(bodies).map(jsonLine).join('\n')}\n`).toMatchFileSnapshot('golden/events.ndjson');
});

test('each event is one line that begins with the version', async () => {
  const out = new FakeOutput();
  const bus = createEventBus(() => sessionStart);
  const reporter = createJsonReporter(out);
  reporter.start(bus);
  for (const body of bodies) bus.emit(body);
  await reporter.stop();
  bus.emit(samples.notice);
  const lines = out.lines();
  expect(lines).toHaveLength(bodies.length);
  lines.forEach((line, index) => {
    expect(line.startsWith(`{"v":1,"seq":${index + 1},"at":"2026-11-21T10:41:00.000Z","type":"`)).toBe(true);
    expect(JSON.parse(line)).toEqual({
      v: 1,
      seq: index + 1,
      at: '2026-11-21T10:41:00.000Z',
      ...bodies[index],
    });
  });
});

test('control characters of an application stay inside their JSON string', () => {
  const [event] = stamped([{ ...samples['pod.log'], line: 'a\n{"v":1}\x1b[2J\u2028' }]);
  const line = event === undefined ? '' : jsonLine(event);
  expect(line).not.toMatch(/[\x00-\x1f\u2028]/);
  expect(JSON.parse(line)).toMatchObject({ line: 'a\n{"v":1}\x1b[2J\u2028' });
});

test('if the reader goes away, only the output ends, not the session', async () => {
  const out = new FakeOutput();
  const bus = createEventBus(() => sessionStart);
  const reporter = createJsonReporter(out);
  reporter.start(bus);
  out.goAway();
  bus.emit(samples.notice);
  await reporter.stop();
});

test('who made the reporter learns once that nobody reads any more', async () => {
  const out = new FakeOutput();
  const bus = createEventBus(() => sessionStart);
  let gone = 0;
  const closed = new Promise((resolve) => out.once('close', resolve));
  const reporter = createJsonReporter(out, () => (gone += 1));
  reporter.start(bus);
  bus.emit(samples.notice);
  expect(gone).toBe(0);
  out.goAway();
  bus.emit(samples.notice);
  bus.emit(samples.notice);
  await closed;
  await reporter.stop();
  expect(gone).toBe(1);
});
