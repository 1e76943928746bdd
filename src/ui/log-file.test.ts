import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createEventBus, type AppEvent, type EventBody } from '../core/events.ts';
import { samples, session, sessionStart } from '../../test/support/sample-events.ts';
import { endSessions, startSession } from '../../test/support/session-process.ts';
import { createLogFiles, logFileOf } from './log-file.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'appdev-logs-'));
});
afterEach(async () => {
  await endSessions();
  await rm(folder, { recursive: true });
});

async function write(bodies: readonly EventBody[]): Promise<AppEvent[]> {
  const seen: AppEvent[] = [];
  const bus = createEventBus(() => sessionStart);
  bus.subscribe((event) => seen.push(event));
  const files = createLogFiles(folder);
  files.start(bus);
  for (const body of bodies) bus.emit(body);
  await files.stop();
  return seen;
}

test('each service has its file with tools’ output, run by run, and application log', async () => {
  await write(session);
  expect((await readdir(folder)).sort()).toEqual(['billing.log', 'gateway.log', 'orders.log']);
  const lines = (await readFile(logFileOf(folder, 'orders'), 'utf8')).trimEnd().split('\n');
  expect(lines.every((line) => line.startsWith('2026-11-21T10:41:00.000Z '))).toBe(true);
  const text = lines.map((line) => line.slice(25)).join('\n');
  await expect(`${text}\n`).toMatchFileSnapshot('golden/service-log.txt');
  expect(await readFile(logFileOf(folder, 'billing'), 'utf8')).toContain('APPLICATION FAILED TO START');
});

test('terminal escapes do not get into the file', async () => {
  await write([{ ...samples['pod.log'], line: '\x1b[31mred\x1b[0m' }]);
  expect(await readFile(logFileOf(folder, 'orders'), 'utf8')).toContain('orders | red\n');
});

test('a service name with slashes stays inside the folder', () => {
  expect(logFileOf('/logs', '../../etc/passwd')).toBe('/logs/..%2F..%2Fetc%2Fpasswd.log');
});

test.runIf(process.getuid?.() === 0)(
  'a full disk becomes one notice with a hint, and the session goes on',
  async () => {
    // The device /dev/full under the name of the log file. A link to it would not be followed.
    execFileSync('mknod', [logFileOf(folder, 'orders'), 'c', '1', '7']);
    const seen = await write([samples['pod.log'], samples['pod.log']]);
    const notices = seen.filter((event) => event.type === 'notice');
    expect(notices).toHaveLength(1);
    expect(notices[0]).toMatchObject({
      level: 'warning',
      service: 'orders',
      hint: 'free some disk space; appdev then writes again',
    });
    expect(notices[0]?.message).toContain(
      `cannot write the log file ${logFileOf(folder, 'orders')} (ENOSPC)`,
    );
  },
);

test('a crash keeps the last lines of any number of services, and Node prints no warning', async () => {
  const crash = await startSession(
    folder,
    `
    import { createEventBus } from './core/events.ts';
    import { createLogFiles } from './ui/log-file.ts';
    const bus = createEventBus(Date.now);
    createLogFiles(${JSON.stringify(folder)}).start(bus);
    const services = Array.from({ length: 12 }, (_, n) => 'service-' + n);
    const say = (line) => {
      for (const service of services)
        bus.emit({ type: 'stage.output', service, run: 1, stage: 'compile', stream: 'stdout', line });
    };
    say('one that is being written');
    setImmediate(() => {
      say('one that waits');
      throw new Error('a bug');
    });`,
  );
  await crash.ended;
  expect(crash.lines).toContain('Error: a bug');
  expect(crash.lines.join('\n')).not.toContain('Warning');
  for (let n = 0; n < 12; n += 1)
    expect(await readFile(logFileOf(folder, `service-${n}`), 'utf8')).toContain('compile | one that waits\n');
});
