/**
 * A terminal for tests: the program of tui-program.ts in a real pseudo-terminal, its output drawn by a terminal
 * emulator, so that a test sees what a user would see. All waiting is on what the screen shows or the program says.
 */
import { build } from 'esbuild';
import xterm from '@xterm/headless';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { spawn, type IPty } from 'node-pty';
import type { EventBody } from '../../src/events.ts';
import type { KeyAction } from '../../src/ui/keys.ts';

/** What a test tells the program. */
export type TuiProgramOrder =
  | { readonly type: 'emit'; readonly events: readonly EventBody[] }
  | { readonly type: 'flood'; readonly service: string; readonly lines: number }
  | { readonly type: 'measure' }
  | { readonly type: 'stop'; readonly exitCode: number }
  | { readonly type: 'crash' }
  | { readonly type: 'console'; readonly text: string }
  /** To be sent to itself, with Node's default for it. */
  | { readonly type: 'signal'; readonly signal: string }
  | { readonly type: 'exit'; readonly exitCode: number };

/** What the program tells the test. Times in milliseconds, sizes in bytes. */
export type TuiProgramAnswer =
  | { readonly type: 'ready'; readonly startedAt: number; readonly now: number }
  | { readonly type: 'key'; readonly action: KeyAction }
  | { readonly type: 'done' }
  | {
      readonly type: 'measured';
      readonly rss: number;
      readonly heapUsed: number;
      readonly cpuMs: number;
      readonly timers: number;
      /** The terminal's size that the program has drawn for. */
      readonly columns: number;
      readonly rows: number;
    };

/** The bundled program, made once a test file. */
export interface TuiProgram {
  readonly path: string;
  remove(): Promise<void>;
}

/** Bundles the program as scripts/build.js bundles appdev, into a temporary folder. */
export async function buildTuiProgram(): Promise<TuiProgram> {
  const folder = await mkdtemp(join(tmpdir(), 'appdev-tui-'));
  await build({
    entryPoints: [resolve(import.meta.dirname, 'tui-program.ts')],
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    external: ['react-devtools-core'],
    define: { 'process.env.NODE_ENV': '"production"' },
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
    logLevel: 'error',
  });
  return {
    path: join(folder, 'tui-program.mjs'),
    remove: async () => await rm(folder, { recursive: true, force: true }),
  };
}

/** How the terminal is made. */
export interface TerminalOptions {
  readonly program: TuiProgram;
  readonly columns?: number;
  readonly rows?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** A shell command round the program, whose command line replaces `$program`; or `interactive`, for job control. */
  readonly shell?: string;
  readonly nodeArgs?: readonly string[];
}

/** Orders that the program does not live to answer. */
const ending: ReadonlySet<string> = new Set(['stop', 'crash', 'exit', 'signal']);

/** A running program and its screen. */
export class TestTerminal {
  readonly keys: KeyAction[] = [];
  /** Everything that the program wrote, escapes included. */
  raw = '';
  readonly exited: Promise<number>;
  readonly #pty: IPty;
  readonly #screen: xterm.Terminal;
  readonly #closeServer: () => void;
  readonly #answers: TuiProgramAnswer[] = [];
  readonly #listeners = new Set<() => void>();
  #socket: Socket | undefined;

  private constructor(pty: IPty, screen: xterm.Terminal, closeServer: () => void) {
    this.#pty = pty;
    this.#screen = screen;
    this.#closeServer = closeServer;
    pty.onData((data) => {
      this.raw += data;
      screen.write(data, () => this.#changed());
    });
    this.exited = new Promise((done) =>
      pty.onExit(({ exitCode, signal }) => done(signal ? 128 + signal : exitCode)),
    );
  }

  /** Starts the program and waits until it says that its reporter is up. */
  static async start(options: TerminalOptions): Promise<TestTerminal> {
    const { columns = 100, rows = 30 } = options;
    const server = createServer();
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const command = [process.execPath, ...(options.nodeArgs ?? []), options.program.path];
    const [file = '', ...args] =
      options.shell === undefined
        ? command
        : ['/bin/bash', '--norc', '--noprofile', ...shellArgs(options.shell, command)];
    const pty = spawn(file, args, {
      cols: columns,
      rows,
      name: options.env?.['TERM'] ?? 'xterm-256color',
      env: {
        PATH: process.env['PATH'] ?? '',
        HOME: process.env['HOME'] ?? '',
        LANG: 'C.UTF-8',
        PS1: '$ ',
        // The emulator is xterm.js, as the one of VS Code.
        TERM_PROGRAM: 'vscode',
        ...options.env,
        TUI_PORT: String(address.port),
      },
    });
    const screen = new xterm.Terminal({ cols: columns, rows, scrollback: 5000, allowProposedApi: true });
    const terminal = new TestTerminal(pty, screen, () => void server.close());
    server.on('connection', (socket) => terminal.#connected(socket));
    if (options.shell === 'interactive') terminal.press(`${quoted(command)}\r`);
    await terminal.until('the program is ready', () =>
      terminal.#answers.some((answer) => answer.type === 'ready'),
    );
    return terminal;
  }

  /** Lines that are visible now, without blanks at their ends. */
  visible(): string[] {
    const { baseY } = this.#screen.buffer.active;
    return this.#lines(baseY, baseY + this.#screen.rows);
  }

  /**
   * Every line, from the top of the scrollback, without blanks at its end. A line that the terminal wrapped counts as
   * one, but for the panel's: each of those ends with blanks, or with a cut, a rule and one blank.
   */
  all(): string[] {
    const buffer = this.#screen.buffer.active;
    const lines: string[] = [];
    for (let y = 0; y < buffer.length; y += 1) {
      const line = buffer.getLine(y);
      const text = line?.translateToString(true) ?? '';
      const before = lines.at(-1) ?? '';
      if (line?.isWrapped === true && !/[ …─-] $/.test(before)) lines.push(`${lines.pop() ?? ''}${text}`);
      else lines.push(text);
    }
    return lines.map((line) => line.trimEnd());
  }

  /** The visible screen as one text. */
  text(): string {
    return this.visible().join('\n');
  }

  /** Lines of the panel: from its rule to the last line that is not empty. */
  panel(): string[] {
    const lines = this.visible();
    const from = lines.findLastIndex((line) => /^[─-]{20,}$/.test(line));
    const to = lines.findLastIndex((line) => line !== '');
    return from === -1 ? [] : lines.slice(from, to + 1);
  }

  /** Whether the cursor is shown, by the last thing said about it. */
  cursorShown(): boolean {
    return this.raw.lastIndexOf('\x1b[?25h') >= this.raw.lastIndexOf('\x1b[?25l');
  }

  press(keys: string): void {
    this.#pty.write(keys);
  }

  resize(columns: number, rows: number): void {
    this.#screen.resize(columns, rows);
    this.#pty.resize(columns, rows);
  }

  /** Waits until the program has heard of the terminal's size; it draws at once then. */
  async heardOfSize(): Promise<void> {
    const { cols, rows } = this.#screen;
    for (;;) {
      const answer = await this.order({ type: 'measure' });
      if (answer?.type === 'measured' && answer.columns === cols && answer.rows === rows) return;
    }
  }

  kill(signal: string): void {
    this.#pty.kill(signal);
  }

  /** Emits events in the program; resolves when they have been handed to the reporter. */
  async emit(...events: EventBody[]): Promise<void> {
    await this.order({ type: 'emit', events });
  }

  /** Sends an order and waits for its answer, where it has one. */
  async order(order: TuiProgramOrder): Promise<TuiProgramAnswer | undefined> {
    const from = this.#answers.length;
    this.#socket?.write(`${JSON.stringify(order)}\n`);
    if (ending.has(order.type)) return undefined;
    const wanted = order.type === 'measure' ? 'measured' : 'done';
    const answer = (): TuiProgramAnswer | undefined =>
      this.#answers.slice(from).find((one) => one.type === wanted);
    await this.until(`the answer to ${order.type}`, () => answer() !== undefined);
    return answer();
  }

  /** Waits until the condition holds; looks again whenever the screen changed or the program answered. */
  async until(what: string, condition: () => boolean): Promise<void> {
    if (condition()) return;
    await new Promise<void>((done, fail) => {
      const timer = setTimeout(() => {
        this.#listeners.delete(look);
        fail(new Error(`never: ${what}\n${this.text()}`));
      }, 30_000);
      const look = (): void => {
        if (!condition()) return;
        clearTimeout(timer);
        this.#listeners.delete(look);
        done();
      };
      this.#listeners.add(look);
    });
  }

  /** Waits until the visible screen contains the text or matches. */
  async shows(wanted: string | RegExp): Promise<void> {
    const found = (): boolean =>
      typeof wanted === 'string' ? this.text().includes(wanted) : wanted.test(this.text());
    await this.until(`the screen shows ${String(wanted)}`, found);
  }

  /** Ends what still runs. */
  async close(): Promise<void> {
    this.#socket?.destroy();
    this.#closeServer();
    try {
      this.#pty.kill('SIGKILL');
    } catch {
      // It has ended already.
    }
    await this.exited;
  }

  #connected(socket: Socket): void {
    this.#socket = socket;
    socket.on('error', () => undefined);
    createInterface({ input: socket }).on('line', (line) => {
      const answer = JSON.parse(line) as TuiProgramAnswer;
      if (answer.type === 'key') this.keys.push(answer.action);
      else this.#answers.push(answer);
      this.#changed();
    });
  }

  #changed(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  #lines(from: number, to: number): string[] {
    const lines: string[] = [];
    for (let y = from; y < to; y += 1)
      lines.push(this.#screen.buffer.active.getLine(y)?.translateToString(true).trimEnd() ?? '');
    return lines;
  }
}

function shellArgs(shell: string, command: readonly string[]): string[] {
  return shell === 'interactive' ? ['-i'] : ['-c', shell.replace('$program', quoted(command))];
}

function quoted(command: readonly string[]): string {
  return command.map((word) => `'${word}'`).join(' ');
}
