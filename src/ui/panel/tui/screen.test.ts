import xterm from '@xterm/headless';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FakeOutput } from '../../../../test/support/fake-output.ts';
import { createScreen, panelStyle, type PanelStyle, type Screen } from './screen.ts';

class FakeTerminal extends FakeOutput {
  columns = 100;
  rows = 30;
}

function make(options: { unicode?: boolean; style?: PanelStyle } = {}): [Screen, FakeTerminal] {
  const terminal = new FakeTerminal();
  const screen = createScreen({
    stdout: terminal as unknown as NodeJS.WriteStream,
    unicode: options.unicode ?? true,
    style: options.style ?? 'lines',
  });
  return [screen, terminal];
}

function writesOf(terminal: FakeTerminal): string[] {
  const writes: string[] = [];
  terminal._write = (chunk, _, done) => {
    writes.push(String(chunk));
    done();
  };
  return writes;
}

test('log and panel are one write, and one synchronized update', () => {
  const [screen, terminal] = make();
  const writes = writesOf(terminal);
  screen.show('log\n', ['panel', 'below']);
  expect(writes).toHaveLength(1);
  expect(writes[0]).toMatch(/^\x1b\[\?2026h.*log\n.*\x1b\[\?2026l$/s);
});

test('log lines wrap although the panel does not', () => {
  const [screen, terminal] = make();
  screen.show('log\n', ['panel']);
  expect(terminal.text.indexOf('log\n')).toBeLessThan(terminal.text.indexOf('\x1b[?7l'));
  expect(terminal.text.indexOf('\x1b[?7l')).toBeLessThan(terminal.text.indexOf('panel'));
  expect(terminal.text.lastIndexOf('\x1b[?7h')).toBeGreaterThan(terminal.text.indexOf('panel'));
});

test('what is shown already is not written again, until the size changes', () => {
  const [screen, terminal] = make();
  const writes = writesOf(terminal);
  screen.show('', ['panel']);
  screen.show('', ['panel']);
  expect(writes).toHaveLength(1);
  screen.onResize(() => screen.show('', ['panel']));
  terminal.emit('resize');
  expect(writes).toHaveLength(2);
});

test('leaving shows the cursor, once; showing hides it again', () => {
  const [screen, terminal] = make();
  screen.leave();
  expect(terminal.text).toBe('');
  screen.show('', ['panel']);
  expect(terminal.text).toContain('\x1b[?25l');
  screen.leave();
  expect(terminal.text).toMatch(/\x1b\[\?25h$/);
  const left = terminal.text.length;
  screen.leave();
  expect(terminal.text).toHaveLength(left);
  screen.show('', ['panel']);
  expect(terminal.text.slice(left)).toContain('\x1b[?25l');
});

test('a terminal that does not tell its size has 80 by 24', () => {
  const [screen, terminal] = make();
  expect(screen.size()).toEqual({ columns: 100, rows: 30 });
  terminal.columns = 0;
  terminal.rows = 0;
  expect(screen.size()).toEqual({ columns: 80, rows: 24 });
});

test.each<readonly [Parameters<typeof panelStyle>[0], PanelStyle]>([
  [{ multiplexer: undefined, program: '' }, 'lines'],
  [{ multiplexer: undefined, program: 'vscode' }, 'paragraph'],
  [{ multiplexer: 'screen', program: 'vscode' }, 'lines'],
  [{ multiplexer: 'tmux', program: 'vscode' }, 'bottom'],
])('%j gets %s', (terminal, style) => {
  expect(panelStyle(terminal)).toBe(style);
});

test('without UTF-8, glyphs become ASCII whoever wrote them', () => {
  const [screen, terminal] = make({ unicode: false });
  screen.show('', ['● ready…']);
  expect(terminal.text).toContain('* ready~');
});

test('a terminal that went away throws nothing, and closing takes its listener off', async () => {
  const [screen, terminal] = make();
  terminal.goAway();
  screen.show('x\n', []);
  await screen.close();
  expect(terminal.listenerCount('resize')).toBe(0);
});

/** What happens to a terminal: it changes its size, the program hears of that (or not yet), a frame is written. */
type Step =
  | { readonly type: 'resize'; readonly columns: number; readonly rows: number }
  | { readonly type: 'signal' }
  | {
      readonly type: 'frame';
      readonly logs: readonly number[];
      readonly panel: number;
      readonly torn?: Torn;
    };

/** A change of size in the middle of a frame, at a percentage of its panel. */
interface Torn {
  readonly at: number;
  readonly columns: number;
  readonly rows: number;
}

const size = { columns: fc.integer({ min: 12, max: 130 }), rows: fc.integer({ min: 2, max: 40 }) };
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ type: fc.constant('resize' as const), ...size }),
  fc.constant({ type: 'signal' } as const),
  fc.record(
    {
      type: fc.constant('frame' as const),
      logs: fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 5 }),
      panel: fc.integer({ min: 1, max: 20 }),
      torn: fc.record({ at: fc.integer({ min: 0, max: 99 }), ...size }),
    },
    { requiredKeys: ['type', 'logs', 'panel'] },
  ),
);

/** A terminal emulator that a screen writes to. `wraps`: whether lines wrap anew; if not, the width stays. */
class Emulated {
  readonly logged: string[] = [];
  readonly #terminal = new FakeTerminal();
  readonly #emulator: xterm.Terminal;
  readonly #wraps: boolean;
  readonly #screen: Screen;
  #panel = 3;
  #torn: Torn | undefined;

  constructor(wraps: boolean, style: PanelStyle) {
    this.#wraps = wraps;
    const { columns: cols, rows } = this.#terminal;
    this.#emulator = new xterm.Terminal({
      cols,
      rows,
      scrollback: 5000,
      convertEol: true,
      allowProposedApi: true,
      // The one way to an xterm.js that leaves lines alone: an old Windows console, which reflowed by itself.
      ...(wraps ? {} : { windowsPty: { backend: 'conpty' as const, buildNumber: 18362 } }),
    });
    this.#terminal._write = (chunk, _, done) => {
      const text = String(chunk);
      // Not in the log: there xterm.js itself cuts the line with the cursor.
      const from = text.lastIndexOf('\x1b[?7l') + 5;
      const at =
        this.#torn === undefined ? 0 : from + Math.floor(((text.length - from) * this.#torn.at) / 100);
      this.#emulator.write(text.slice(0, at), () => {
        if (this.#torn !== undefined) this.#resize(this.#torn);
        this.#torn = undefined;
        this.#emulator.write(text.slice(at), done);
      });
    };
    this.#screen = createScreen({
      stdout: this.#terminal as unknown as NodeJS.WriteStream,
      unicode: true,
      style,
    });
    this.#screen.onResize(() => this.#draw(''));
    this.#draw('');
  }

  async do(step: Step): Promise<void> {
    switch (step.type) {
      case 'resize':
        await this.#settled();
        this.#resize(step);
        return;
      case 'signal':
        this.#terminal.columns = this.#emulator.cols;
        this.#terminal.rows = this.#emulator.rows;
        this.#terminal.emit('resize');
        return;
      case 'frame': {
        this.#panel = step.panel;
        const lines = step.logs.map((width, i) => `<${this.logged.length + i}${'x'.repeat(width)}>`);
        this.logged.push(...lines);
        await this.#settled();
        this.#torn = step.torn;
        this.#draw(lines.map((line) => `${line}\n`).join(''));
      }
    }
  }

  /** Every line that is not blank, the wrapped ones as one. */
  async lines(): Promise<string[]> {
    await this.#settled();
    const lines: string[] = [];
    const buffer = this.#emulator.buffer.active;
    for (let y = 0; y < buffer.length; y += 1) {
      const line = buffer.getLine(y);
      const text = line?.translateToString(true) ?? '';
      if (line?.isWrapped === true && !text.startsWith('panel')) lines.push(`${lines.pop() ?? ''}${text}`);
      else lines.push(text.trimEnd());
    }
    return lines.filter((line) => line.trim() !== '');
  }

  /** What the panel is now, as far as the terminal has room. */
  panel(): string[] {
    const { columns, rows } = this.#screen.size();
    return this.#panelLines(columns).slice(0, rows);
  }

  #resize({ columns, rows }: { readonly columns: number; readonly rows: number }): void {
    this.#emulator.resize(this.#wraps ? columns : this.#emulator.cols, rows);
  }

  #draw(log: string): void {
    const { columns, rows } = this.#screen.size();
    // The real panel leaves a line to the log.
    this.#screen.show(log, this.#panelLines(columns).slice(0, Math.max(1, rows - 1)));
  }

  #panelLines(columns: number): string[] {
    return Array.from({ length: this.#panel }, (_, n) =>
      `panel ${n} ${'='.repeat(columns)}`.slice(0, columns - 1),
    );
  }

  async #settled(): Promise<void> {
    await new Promise((done) => this.#terminal.write('', done));
  }
}

test.each<readonly [string, boolean, PanelStyle]>([
  ['wraps lines anew (xterm.js)', true, 'paragraph'],
  ['leaves lines alone', false, 'lines'],
])(
  'any series of sizes and frames leaves each log line once and one panel, if the terminal %s',
  async (_, wraps, style) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const emulated = new Emulated(wraps, style);
        for (const one of [
          ...steps,
          { type: 'resize', columns: 100, rows: 30 },
          { type: 'signal' },
        ] as Step[])
          await emulated.do(one);
        const lines = await emulated.lines();
        const from = lines.findIndex((line) => line.startsWith('panel'));
        expect(lines.slice(from)).toEqual(emulated.panel());
        expect(lines.slice(0, from).join('')).toEqual(emulated.logged.join(''));
      }),
      { numRuns: 300 },
    );
  },
);
