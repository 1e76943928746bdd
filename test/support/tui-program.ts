/**
 * A program that shows whatever events a test sends it, through the real choice of reporters: the child of the terminal
 * tests. The test holds the other end of a socket: it sends events and orders, and gets the keys' actions back.
 */
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { createEventBus } from '../../src/core/events.ts';
import { chooseOutput } from '../../src/ui/output.ts';
import { createReporter } from '../../src/ui/reporters.ts';
import { environmentNow } from './environment.ts';
import type { TuiProgramAnswer, TuiProgramOrder } from './tui-terminal.ts';

const { env } = process;
const { terminal } = environmentNow();
const socket = connect(Number(env['TUI_PORT']), '127.0.0.1');
const answer = (message: TuiProgramAnswer): void => void socket.write(`${JSON.stringify(message)}\n`);

const logFolder = env['TUI_LOG_FOLDER'];
const bus = createEventBus(Date.now);
const reporter = await createReporter({
  choice: chooseOutput('auto', process.stdout.isTTY, terminal),
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  terminal,
  platform: process.platform,
  cwd: process.cwd(),
  verbose: false,
  onKey: (action) => answer({ type: 'key', action }),
  onGone: () => undefined,
  now: Date.now,
  ...(logFolder === undefined ? {} : { logFolder }),
});
reporter.start(bus);

async function obey(order: TuiProgramOrder): Promise<void> {
  switch (order.type) {
    case 'emit':
      for (const event of order.events) bus.emit(event);
      answer({ type: 'done' });
      return;
    case 'flood':
      // In portions, as logs arrive: between them the event loop turns.
      for (let sent = 0; sent < order.lines; sent += 500) {
        for (let i = sent; i < Math.min(order.lines, sent + 500); i += 1) {
          const line = `line ${i} of a long day: GET /orders/${i} 200 ${'x'.repeat(80)}`;
          bus.emit({ type: 'pod.log', service: order.service, pod: 'p-1', container: order.service, line });
        }
        await new Promise((resolve) => setImmediate(resolve));
      }
      answer({ type: 'done' });
      return;
    case 'measure': {
      globalThis.gc?.();
      const { rss, heapUsed } = process.memoryUsage();
      const { user, system } = process.cpuUsage();
      answer({
        type: 'measured',
        rss,
        heapUsed,
        cpuMs: (user + system) / 1000,
        timers: activeTimers(),
        columns: process.stdout.columns,
        rows: process.stdout.rows,
      });
      return;
    }
    case 'stop':
      await reporter.stop();
      process.stdout.write('after stop\n');
      socket.end();
      process.exitCode = order.exitCode;
      return;
    case 'crash':
      setImmediate(() => {
        throw new Error('crash on purpose');
      });
      return;
    case 'console':
      console.log(order.text);
      answer({ type: 'done' });
      return;
    case 'signal':
      process.kill(process.pid, order.signal);
      return;
    case 'exit':
      process.exit(order.exitCode);
  }
}

/** Timers that would wake the process up. */
function activeTimers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
}

createInterface({ input: socket }).on('line', (line) => void obey(JSON.parse(line) as TuiProgramOrder));
answer({ type: 'ready', startedAt: performance.timeOrigin, now: Date.now() });
