/** A terminal for tests with the program of tui-program.ts in it, which a test can give orders. */
import { build } from 'esbuild';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { EventBody } from '../../src/core/events.ts';
import type { KeyAction } from '../../src/ui/view/keys.ts';
import { PtyTerminal, type PtyOptions } from './pty-terminal.ts';

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

/** The program of the tests in a terminal. It also looks again at what is waited for when the program answers. */
export class TestTerminal extends PtyTerminal {
  readonly keys: KeyAction[] = [];
  readonly #closeServer: () => void;
  readonly #answers: TuiProgramAnswer[] = [];
  #socket: Socket | undefined;

  private constructor(options: PtyOptions, closeServer: () => void) {
    super(options);
    this.#closeServer = closeServer;
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
    const env = {
      PATH: process.env['PATH'] ?? '',
      HOME: process.env['HOME'] ?? '',
      LANG: 'C.UTF-8',
      PS1: '$ ',
      ...options.env,
      TUI_PORT: String(address.port),
    };
    const terminal = new TestTerminal({ file, args, env, columns, rows }, () => void server.close());
    server.on('connection', (socket) => terminal.#connected(socket));
    if (options.shell === 'interactive') terminal.press(`${quoted(command)}\r`);
    await terminal.until('the program is ready', () =>
      terminal.#answers.some((answer) => answer.type === 'ready'),
    );
    return terminal;
  }

  /** Waits until the program has heard of the terminal's size; it draws at once then. */
  async heardOfSize(): Promise<void> {
    const { cols, rows } = this.screen;
    for (;;) {
      const answer = await this.order({ type: 'measure' });
      if (answer?.type === 'measured' && answer.columns === cols && answer.rows === rows) return;
    }
  }

  /** Emits events in the program; resolves when they have been handed to the reporter. */
  async emit(...events: EventBody[]): Promise<void> {
    await this.order({ type: 'emit', events });
  }

  /** Sends an order and waits for its answer, if it has one. */
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

  /** Ends what still runs. */
  override async close(): Promise<void> {
    this.#socket?.destroy();
    this.#closeServer();
    await super.close();
  }

  #connected(socket: Socket): void {
    this.#socket = socket;
    socket.on('error', () => undefined);
    createInterface({ input: socket }).on('line', (line) => {
      const answer = JSON.parse(line) as TuiProgramAnswer;
      if (answer.type === 'key') this.keys.push(answer.action);
      else this.#answers.push(answer);
      this.changed();
    });
  }
}

function shellArgs(shell: string, command: readonly string[]): string[] {
  return shell === 'interactive' ? ['-i'] : ['-c', shell.replace('$program', quoted(command))];
}

function quoted(command: readonly string[]): string {
  return command.map((word) => `'${word}'`).join(' ');
}
