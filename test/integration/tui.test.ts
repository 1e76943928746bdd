// The terminal panel in a real pseudo-terminal, seen through a terminal emulator: what a user sees, types and is left with.
import { execFileSync, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { EventBody } from '../../src/core/events.ts';
import { compileError, samples, session } from '../support/sample-events.ts';
import {
  buildTuiProgram,
  TestTerminal,
  type TerminalOptions,
  type TuiProgram,
} from '../support/tui-terminal.ts';

const hasTmux = spawnSync('tmux', ['-V']).status === 0;

let program: TuiProgram;
let terminal: TestTerminal | undefined;

beforeAll(async () => {
  program = await buildTuiProgram();
});
afterAll(async () => {
  await program.remove();
});
afterEach(async () => {
  await terminal?.close();
  terminal = undefined;
});

async function start(options: Partial<TerminalOptions> = {}): Promise<TestTerminal> {
  terminal = await TestTerminal.start({ program, ...options });
  return terminal;
}

const log = (line: string, service = 'orders'): EventBody => ({
  ...samples['pod.log'],
  service,
  container: service,
  line,
});
const numbered = (from: number, to: number): EventBody[] =>
  Array.from({ length: to - from }, (_, n) => log(`request ${from + n} served`));
const begin: readonly EventBody[] = [
  samples['session.started'],
  samples['cluster.selected'],
  samples['registry.selected'],
];
const running: readonly EventBody[] = [samples['run.started'], samples['stage.started']];
const failed: EventBody = {
  ...samples['run.finished'],
  outcome: 'failed',
  error: compileError,
  stages: [{ stage: 'compile', ms: 900, outcome: 'failed' }],
};

/** Numbers of the `request N served` lines in the scrollback and on the screen, in the order in which they stand. */
const requests = (t: TestTerminal): number[] => requestsIn(t.all());
const requestsIn = (lines: readonly string[]): number[] =>
  lines.flatMap((line) => Array.from(/request (\d+) served/.exec(line)?.slice(1) ?? [], Number));
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

describe('the screen', () => {
  test('has the log above and the panel below, with a word for each state', async () => {
    const t = await start();
    await t.emit(...session);
    await t.shows('1 ready');
    await t.shows('✗ billing  11.9s');
    const shown = t.text();
    expect(shown).toContain(
      '✓ orders   2.9s  compile 0.9 › image 0.4 › push unchanged › rollout 1.5   #14 OrderService.java (+2)',
    );
    expect(shown).toContain('orders │ Tomcat started on port 8080');
    expect(shown).toMatch(/^ {2}orders {3}● ready/m);
    expect(shown).toMatch(/^ {2}billing {2}✗ failed/m);
    expect(shown).toContain('try: appdev render billing | grep -n DATASOURCE');
    expect(t.panel().length).toBeLessThan(30);
    expect(shown.indexOf('Tomcat started')).toBeLessThan(shown.indexOf('● ready'));
  });

  test('every log line stays once in the scrollback, in order, while the panel changes below', async () => {
    const t = await start({ rows: 20 });
    await t.emit(...begin);
    for (let n = 0; n < 30; n += 1) {
      await t.emit(...numbered(n * 10, n * 10 + 10));
      if (n % 3 === 0) await t.emit(...running);
      if (n % 3 === 2) await t.emit(failed);
    }
    await t.until('all lines are there', () => requests(t).length === 300);
    expect(requests(t)).toEqual(upTo(300));
    await t.shows('✗ failed');
    expect(t.panel().length).toBeLessThan(20);
    expect(t.all().filter((line) => line.startsWith('appdev dev'))).toHaveLength(1);
  });

  test('a long line is not cut by the panel, and wraps as the terminal wraps', async () => {
    const t = await start({ columns: 70 });
    const long = `begin ${'x'.repeat(200)} end`;
    await t.emit(...begin, log(long));
    await t.until('the line is there', () => t.all().includes(`orders │ ${long}`));
  });

  test('escapes in application logs neither clear the screen nor set the title', async () => {
    const t = await start();
    await t.emit(...begin, ...numbered(0, 5), log('\x1b[2J\x1b[3J\x1b]0;owned\x07\x1b[?1049hharmless'));
    await t.shows('orders │ harmless');
    expect(requests(t)).toEqual(upTo(5));
    expect(t.raw).not.toContain('owned');
    expect(t.raw).not.toContain('\x1b[?1049h');
    expect(t.raw).not.toContain('\x1b[3J');
  });

  test('what libraries print to the console goes above the panel', async () => {
    const t = await start();
    await t.emit(...begin);
    await t.shows('4 waiting');
    await t.order({ type: 'console', text: 'a library warns' });
    await t.shows('a library warns');
    expect(t.panel().join('\n')).not.toContain('a library warns');
    await t.until('the panel is whole', () => t.panel().at(-1)?.includes('4 waiting') === true);
  });

  test('NO_COLOR and a locale without UTF-8 give plain ASCII', async () => {
    const t = await start({ env: { NO_COLOR: '1', LANG: 'C' } });
    await t.emit(...session);
    await t.shows('1 ready');
    expect(t.raw).not.toMatch(/\x1b\[[\d;]*m/);
    expect(t.text()).toMatch(/^[\x20-\x7e\n]*$/);
    expect(t.text()).toContain('* ready');
  });
});

/** Sizes of a window that someone pulls at: down to a few characters and back. */
const rapid: readonly (readonly [columns: number, rows: number])[] = [
  [128, 40],
  [101, 38],
  [64, 30],
  [40, 12],
  [20, 5],
  [33, 9],
  [77, 24],
  [60, 40],
  [110, 22],
  [130, 40],
];

/** The panel is there once, nothing of it is left anywhere else, and every log line so far stands once, in order. */
const isWhole = (lines: readonly string[], logged: number): boolean =>
  lines.filter((line) => line.startsWith('appdev dev')).length <= 1 &&
  lines.filter((line) => /^[─-]{15,}$/.test(line)).length <= 1 &&
  lines.filter((line) => line.startsWith('✗ 1 failed')).length === 1 &&
  JSON.stringify(requestsIn(lines)) === JSON.stringify(upTo(logged));

describe('size', () => {
  test('the panel follows the terminal without leaving anything behind, and the log stays whole', async () => {
    const t = await start({ columns: 130, rows: 40 });
    await t.emit(...session, ...numbered(0, 50));
    await t.shows('request 49 served');
    for (const [columns, rows] of [
      [100, 40],
      [60, 40],
      [90, 40],
      [125, 24],
      [70, 35],
      [20, 5],
      [130, 40],
    ] as const) {
      t.resize(columns, rows);
      await t.heardOfSize();
      await t.until(`a panel for ${columns} by ${rows}`, () => isWhole(t.all(), 50));
    }
  });

  test('a rapid series of sizes while logs arrive loses and repeats nothing', async () => {
    const t = await start({ columns: 130, rows: 40 });
    await t.emit(...session, ...numbered(0, 50));
    await t.shows('request 49 served');
    let logged = 50;
    for (let round = 0; round < 6; round += 1) {
      // Nothing is waited for within a round: frames meet sizes that the program has not heard of yet.
      const emitted: Promise<void>[] = [];
      for (const [columns, rows] of rapid) {
        t.resize(columns, rows);
        const more = numbered(logged, logged + 3);
        logged += 3;
        emitted.push(t.emit(log('x'.repeat(150)), ...more));
        await new Promise((done) => setImmediate(done));
      }
      await Promise.all(emitted);
      await t.heardOfSize();
      await t.until(`round ${round} is whole`, () => isWhole(t.all(), logged));
    }
    expect(t.all().filter((line) => line === `orders │ ${'x'.repeat(150)}`)).toHaveLength(6 * rapid.length);
  });

  test('a terminal lower than its panel keeps the log', async () => {
    const t = await start({ columns: 100, rows: 30 });
    await t.emit(...session, ...numbered(0, 50));
    await t.shows('request 49 served');
    t.resize(100, 8);
    await t.until('the one-line panel', () =>
      /^✗ 1 failed · .* ready$/.test(t.visible().findLast((line) => line !== '') ?? ''),
    );
    await t.emit(log('after that'));
    await t.shows('orders │ after that');
    expect(requests(t)).toEqual(upTo(50));
    t.resize(100, 30);
    await t.until('the panel is back', () => t.panel().length > 5);
    expect(requests(t)).toEqual(upTo(50));
  });
});

describe.runIf(hasTmux)('size in tmux', () => {
  /** Starts the program in a tmux of its own, and returns what reads everything that tmux has of it. */
  const startInTmux = async (): Promise<[TestTerminal, () => string[]]> => {
    const server = `appdev-test-${randomUUID()}`;
    const tmux = (...args: string[]): string =>
      execFileSync('tmux', ['-L', server, '-f', '/dev/null', ...args], { encoding: 'utf8' });
    onTestFinished(() => void tmux('kill-server'));
    const t = await start({
      columns: 130,
      rows: 40,
      shell: `tmux -L ${server} -f /dev/null new-session $program \\; set status off`,
    });
    return [
      t,
      () =>
        tmux('capture-pane', '-p', '-J', '-S', '-')
          .split('\n')
          .map((line) => line.trimEnd()),
    ];
  };

  test('pulling at the window leaves nothing behind, and the log stays whole', async () => {
    const [t, lines] = await startInTmux();
    await t.emit(...session, ...numbered(0, 50));
    await t.shows('request 49 served');
    let logged = 50;
    for (const [columns, rows] of [
      ...Array.from({ length: 10 }, (_, n) => [126 - 6 * n, 40 - n] as const),
      [130, 40],
      [65, 40],
      [20, 5],
      [130, 40],
    ] as const) {
      t.resize(columns, rows);
      await t.emit(...numbered(logged, logged + 2));
      logged += 2;
      await t.heardOfSize();
      await t.until(`all is whole at ${columns} by ${rows}`, () => isWhole(lines(), logged));
    }
  });

  test('a rapid series of sizes while logs arrive loses and repeats no line', async () => {
    const [t, lines] = await startInTmux();
    await t.emit(...session, ...numbered(0, 50));
    await t.shows('request 49 served');
    let logged = 50;
    for (const [columns, rows] of [...rapid, ...rapid, ...rapid]) {
      t.resize(columns, rows);
      await t.emit(log('x'.repeat(150)), ...numbered(logged, logged + 3));
      logged += 3;
    }
    await t.heardOfSize();
    await t.until(
      'the log is whole',
      () => JSON.stringify(requestsIn(lines())) === JSON.stringify(upTo(logged)),
    );
    expect(lines().filter((line) => line === `orders │ ${'x'.repeat(150)}`)).toHaveLength(3 * rapid.length);
  });
});

describe('keys', () => {
  test('ask the session, for the selected service or for all', async () => {
    const t = await start();
    await t.emit(...session);
    await t.shows('1 ready');
    const expected: unknown[] = [];
    const press = async (key: string, action: unknown): Promise<void> => {
      t.press(key);
      expected.push(action);
      await t.until(`the action of ${key}`, () => t.keys.length === expected.length);
      expect(t.keys).toEqual(expected);
    };
    await press('r', { type: 'rebuild' });
    t.press('j');
    await t.shows('▸ orders');
    t.press('\x1b[B');
    await t.shows('▸ gateway');
    await press('r', { type: 'rebuild', service: 'gateway' });
    await press('c', { type: 'cancel', service: 'gateway' });
    await press('p', { type: 'pause' });
    t.press('\x1b');
    await t.until('nothing is selected', () => !t.text().includes('▸'));
    await press('c', { type: 'cancel' });
    await press('q', { type: 'quit' });
    await t.shows('stopping: ending all runs');
  });

  test('pasted text does nothing', async () => {
    const t = await start();
    await t.emit(...session);
    await t.shows('1 ready');
    t.press('quit rc');
    // What is typed at once after it may arrive with it, and then counts as pasted too.
    await expect
      .poll(() => {
        t.press('p');
        return t.keys.length;
      })
      .toBeGreaterThan(0);
    expect(new Set(t.keys.map((key) => key.type))).toEqual(new Set(['pause']));
  });

  test('Enter opens a row, ? shows the help and Esc closes it, l picks one service’s log', async () => {
    const t = await start();
    await t.emit(...session);
    await t.shows('1 ready');
    t.press('j');
    await t.shows('▸ orders');
    t.press('\r');
    await t.shows('image   sha256:3f9c1e2');
    t.press('?');
    await t.shows('quit: clean up, then exit');
    expect(t.panel().length).toBeLessThan(30);
    t.press('\x1b');
    await t.shows('▸ orders');
    t.press('l');
    await t.shows('application logs: orders only');
    await t.emit(log('hidden', 'billing'), log('shown'));
    await t.shows('orders │ shown');
    t.press('l');
    await t.shows('application logs: all services');
    await t.emit(log('shown again', 'billing'));
    await t.shows('billing │ shown again');
    expect(t.all().join('\n')).not.toContain('billing │ hidden');
  });

  test('Ctrl-C once announces the clean end, twice the abrupt one; the session decides', async () => {
    const t = await start();
    await t.emit(...session);
    await t.shows('1 ready');
    t.press('\x03');
    await t.shows('Ctrl-C stops now');
    await t.until('the session is asked', () => t.keys.length === 1);
    expect(t.keys).toEqual([{ type: 'interrupt' }]);
    await t.emit(samples['cleanup.started']);
    await t.shows('cleaning up: removing orders, billing');
    t.press('\x03');
    await t.shows('stopping now');
    await t.until('the session is asked again', () => t.keys.length === 2);
    expect(t.keys).toEqual([{ type: 'interrupt' }, { type: 'interrupt' }]);
    await t.order({ type: 'stop', exitCode: 130 });
    expect(await t.exited).toBe(130);
  });

  test('Ctrl-Z gives the terminal back, fg takes it again', async () => {
    const t = await start({ shell: 'interactive' });
    await t.emit(...session);
    await t.shows('1 ready');
    t.press('\x1a');
    await t.shows('Stopped');
    expect(t.panel()).toEqual([]);
    expect(t.cursorShown()).toBe(true);
    t.press('echo "typed $((6 * 7))"\r');
    await t.shows('typed 42');
    t.press('fg\r');
    await t.shows('1 ready');
    expect(t.cursorShown()).toBe(false);
    t.press('r');
    await t.until('keys work again', () => t.keys.length === 1);
    expect(t.keys).toEqual([{ type: 'rebuild' }]);
  });
});

describe('the end', () => {
  const states =
    'before=$(stty -g); $program; code=$?; [ "$before" = "$(stty -g)" ] && echo "terminal restored, code $code"';

  test('stop takes the panel away, keeps the log, and gives cursor and input back', async () => {
    const t = await start({ shell: states });
    await t.emit(...session, ...numbered(0, 40));
    await t.shows('request 39 served');
    await t.order({ type: 'stop', exitCode: 3 });
    await t.shows('terminal restored, code 3');
    expect(t.cursorShown()).toBe(true);
    expect(requests(t)).toEqual(upTo(40));
    expect(t.panel()).toEqual([]);
    const lines = t.visible().filter((line) => line !== '');
    expect(lines.slice(-3)).toEqual([
      'orders │ request 39 served',
      'after stop',
      'terminal restored, code 3',
    ]);
    // No blank line between the last log line and what comes next.
    expect(t.text()).toContain('request 39 served\nafter stop');
  });

  test('lines that were not on the screen yet are written before it', async () => {
    const t = await start();
    await t.order({ type: 'emit', events: [...begin, ...numbered(0, 700), samples['session.finished']] });
    await t.order({ type: 'stop', exitCode: 3 });
    await t.exited;
    await t.shows('after stop');
    expect(requests(t)).toEqual(upTo(700));
    expect(t.text()).toContain('✗ orders does not compile');
  });

  test.each([
    ['a crash', { type: 'crash' }, 1],
    ['process.exit', { type: 'exit', exitCode: 7 }, 7],
  ] as const)('%s gives cursor and input back too', async (_, order, code) => {
    const t = await start({ shell: states });
    await t.emit(...session);
    await t.shows('1 ready');
    await t.order(order);
    await t.shows(`terminal restored, code ${code}`);
    expect(t.cursorShown()).toBe(true);
  });

  test.each([
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ])('%s without a handler does too', async (signal, code) => {
    const t = await start({ shell: `${states}; true` });
    await t.emit(...session);
    await t.shows('1 ready');
    await t.order({ type: 'signal', signal });
    await t.shows(`terminal restored, code ${code}`);
    expect(t.cursorShown()).toBe(true);
  });
});

describe('elsewhere', () => {
  test('in CI, on a dumb terminal, and piped, there are plain lines and no escapes', async () => {
    for (const env of [{ CI: 'true' }, { TERM: 'dumb' }]) {
      const t = await start({ env });
      await t.emit(...session);
      await t.shows('gateway │ compile 1.8s');
      expect(t.raw).not.toContain('\x1b');
      await t.close();
    }
    const t = await start({ shell: '$program | cat' });
    await t.emit(...session);
    await t.shows('gateway │ compile 1.8s');
    expect(t.raw).not.toContain('\x1b');
  });

  test('without a keyboard the panel works and names no keys', async () => {
    const t = await start({ shell: '$program < /dev/null' });
    await t.emit(...session);
    await t.shows('1 ready');
    await t.until('no keys are named', () => t.panel().at(-1)?.endsWith('Ctrl-C ends') === true);
  });
});

describe('cost', () => {
  test('nothing ticks while nothing runs', async () => {
    const t = await start();
    const timers = async (): Promise<number> => {
      const answer = await t.order({ type: 'measure' });
      return answer?.type === 'measured' ? answer.timers : Number.NaN;
    };
    await t.emit(...begin, ...running);
    await t.shows('compile');
    await expect.poll(timers).toBeGreaterThan(0);
    await t.emit(failed);
    await t.shows('✗ failed');
    await expect.poll(timers).toBe(0);
    const drawn = t.raw.length;
    await t.order({ type: 'measure' });
    expect(t.raw.length).toBe(drawn);
  });

  test('a day of application logs leaves memory as it was', async () => {
    const t = await start({ nodeArgs: ['--expose-gc'] });
    await t.emit(...begin);
    const heap = async (): Promise<number> => {
      const answer = await t.order({ type: 'measure' });
      return answer?.type === 'measured' ? answer.heapUsed : Number.NaN;
    };
    const lines = 50_000;
    await t.order({ type: 'flood', service: 'orders', lines });
    const before = await heap();
    await t.order({ type: 'flood', service: 'orders', lines });
    const after = await heap();
    // A line has some 120 characters: had they been kept, this were 6 MB and more.
    expect(after - before).toBeLessThan(1_500_000);
    await t.shows(`line ${lines - 1} of a long day`);
    await t.until('the panel is whole', () => t.panel().at(-1)?.includes('4 waiting') === true);
  });
});
