/**
 * A program in a real pseudo-terminal, its output drawn by a terminal emulator, so that a test sees what a user would
 * see. All waiting is on what the screen shows.
 */
import xterm from '@xterm/headless';
import { spawn, type IPty } from 'node-pty';

/** What runs in the terminal, and how large it is. */
export interface PtyOptions {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  readonly columns?: number;
  readonly rows?: number;
  /** How long a condition may take before the test fails, in milliseconds; default 30 s. */
  readonly patienceMs?: number;
}

/** A running program and its screen. */
export class PtyTerminal {
  /** Everything that the program wrote, escapes included. */
  raw = '';
  readonly exited: Promise<number>;
  protected readonly screen: xterm.Terminal;
  readonly #pty: IPty;
  readonly #patienceMs: number;
  readonly #listeners = new Set<() => void>();

  constructor(options: PtyOptions) {
    const { file, args, env, cwd, columns = 100, rows = 30, patienceMs = 30_000 } = options;
    this.#pty = spawn(file, [...args], {
      cols: columns,
      rows,
      name: env['TERM'] ?? 'xterm-256color',
      // The emulator is xterm.js, as the one of VS Code.
      env: { TERM_PROGRAM: 'vscode', ...env },
      ...(cwd === undefined ? {} : { cwd }),
    });
    this.#patienceMs = patienceMs;
    this.screen = new xterm.Terminal({ cols: columns, rows, scrollback: 5000, allowProposedApi: true });
    this.#pty.onData((data) => {
      this.raw += data;
      this.screen.write(data, () => this.changed());
    });
    this.exited = new Promise((done) =>
      this.#pty.onExit(({ exitCode, signal }) => done(signal ? 128 + signal : exitCode)),
    );
  }

  /** Lines that are visible now, without blanks at their ends. */
  visible(): string[] {
    const { baseY } = this.screen.buffer.active;
    return this.#lines(baseY, baseY + this.screen.rows);
  }

  /**
   * Every line, from the top of the scrollback, without blanks at its end. A line that the terminal wrapped counts as
   * one, but for the panel's: each of those ends with blanks, or with a cut, a rule and one blank.
   */
  all(): string[] {
    const buffer = this.screen.buffer.active;
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
    this.screen.resize(columns, rows);
    this.#pty.resize(columns, rows);
  }

  kill(signal: string): void {
    this.#pty.kill(signal);
  }

  /** Waits until the condition holds; looks again whenever the screen changed. */
  async until(what: string, condition: () => boolean): Promise<void> {
    if (condition()) return;
    await new Promise<void>((done, fail) => {
      const timer = setTimeout(() => {
        this.#listeners.delete(look);
        fail(new Error(`never: ${what}\n${this.text()}`));
      }, this.#patienceMs);
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
    try {
      this.#pty.kill('SIGKILL');
    } catch {
      // It has ended already.
    }
    await this.exited;
  }

  /** Looks again at every condition that is waited for. */
  protected changed(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  #lines(from: number, to: number): string[] {
    const lines: string[] = [];
    for (let y = from; y < to; y += 1)
      lines.push(this.screen.buffer.active.getLine(y)?.translateToString(true).trimEnd() ?? '');
    return lines;
  }
}
