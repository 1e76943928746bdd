/** The second Ctrl-C, in a real process whose output nobody reads. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { identify, isAlive } from '../../src/support/process/proc.ts';
import { endSessions, startSession } from '../support/session-process.ts';
import { until } from '../support/wait.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'appdev-leave-now-'));
});
afterEach(async () => {
  await endSessions();
  rmSync(folder, { recursive: true, force: true });
});

it('ends the process and its children although the reader of its output is stuck', async () => {
  const session = await startSession(
    folder,
    `import { leaveNow } from './app/leave-now.ts';
     import { handleSignals } from './app/signals.ts';
     import { createEventBus } from './core/events.ts';
     import { runProcess } from './support/process/process.ts';
     import { createJsonReporter } from './ui/json.ts';

     const reporter = createJsonReporter(process.stdout);
     const bus = createEventBus(Date.now);
     reporter.start(bus);
     const signals = handleSignals((exitCode) => void leaveNow(reporter, () => process.exit(exitCode)));
     signals.shutdown.addEventListener('abort', () => console.error('asked'));
     // Far more than a pipe and the reader's buffer hold.
     for (let n = 0; n < 1000; n += 1) bus.emit({ type: 'notice', level: 'info', message: 'x'.repeat(2000) });
     void runProcess(
       { tool: 'sh', args: ['-c', 'echo $$ >&2; exec sleep 100000'], cwd: ${JSON.stringify(folder)} },
       { signal: new AbortController().signal, onLine: (_stream, line) => console.error('child ' + line) },
     );`,
    { stuckReader: true },
  );
  const line = await until('the child', () => session.lines.find((text) => text.startsWith('child ')));
  const child = identify(Number(line.slice('child '.length)));
  if (child === undefined) throw new Error('the child is gone already');
  session.kill('SIGINT');
  await until('the first signal to arrive', () => session.lines.includes('asked'));
  session.kill('SIGINT');
  expect(await session.ended).toBe(130);
  await until('the child to be gone', () => !isAlive(child));
});
