/**
 * The terminal as Ink sees it: a stand-between for standard output that (1) writes each frame in one piece, (2) hides
 * the height, so that Ink never takes the branch that wipes the scrollback (the panel keeps below it by itself), (3)
 * erases what is left of a wider panel when the terminal becomes narrower, and (4) survives a terminal that went away.
 */
import { EventEmitter } from 'node:events';
import { toAscii } from '../line.ts';
import { createSink } from '../sink.ts';
import type { Size } from '../panel.ts';

/** Begin and end of a synchronized update, as Ink writes them round each frame (private mode 2026). */
const frameStart = '\x1b[?2026h';
const frameEnd = '\x1b[?2026l';

/**
 * Automatic wrapping (private mode 7) is off while the panel is drawn: a frame that was on its way while the terminal
 * became narrower then keeps its number of lines, and the next one can erase it.
 */
const wrapOff = '\x1b[?7l';
const wrapOn = '\x1b[?7h';

/** Text for the log above the panel, written within a frame: its lines wrap as anybody's. */
export function wrapping(text: string): string {
  return `${wrapOn}${text}${wrapOff}`;
}

/** What the screen is made of. */
export interface ScreenOptions {
  readonly stdout: NodeJS.WriteStream;
  readonly unicode: boolean;
  /** Whether this terminal wraps the lines on it anew when its width changes. */
  readonly reflows: boolean;
  /** Widths in columns of the lines that the panel has on the screen now. */
  readonly panelWidths: () => readonly number[];
}

/** Standard output for Ink, and the terminal's size for the panel. */
export interface Screen {
  /** To be given to Ink as `stdout`. */
  readonly stream: NodeJS.WriteStream;
  size(): Size;
  /** Calls back after each change of size, before Ink draws. */
  onResize(listener: () => void): void;
  /** Writes past Ink. */
  write(text: string): void;
  /** Writes all that is written during the call, by whomever, in one piece. */
  inOnePiece(work: () => void): void;
  close(): Promise<void>;
}

/**
 * Whether the terminal reflows. Most do (VTE, kitty, iTerm, Windows Terminal, VS Code, tmux); xterm, the Linux console
 * and GNU screen cut instead.
 */
export function terminalReflows(env: NodeJS.ProcessEnv): boolean {
  const multiplexed = (env['TMUX'] ?? '') !== '';
  if (multiplexed) return true;
  return env['TERM'] !== 'linux' && env['XTERM_VERSION'] === undefined && env['STY'] === undefined;
}

/** Lines by which wrapped panel lines have grown at a new width. */
export function wrappedLines(widths: readonly number[], columns: number): number {
  return widths.reduce((sum, width) => sum + Math.max(0, Math.ceil(width / Math.max(1, columns)) - 1), 0);
}

/** Makes the screen. */
export function createScreen(options: ScreenOptions): Screen {
  const { stdout, unicode, reflows, panelWidths } = options;
  const sink = createSink(stdout);
  const events = new EventEmitter();
  /** What waits for the end of the outermost frame. */
  let frame: string[] = [];
  let depth = 0;
  let columns = columnsOf(stdout);
  const put = (text: string): void => sink.write(unicode ? text : toAscii(text));
  const write = (text: string): void => {
    if (depth > 0) frame.push(text);
    else put(text);
  };

  const begin = (): void => {
    depth += 1;
  };
  const end = (): void => {
    depth -= 1;
    if (depth > 0 || frame.length === 0) return;
    const text = frame.join('');
    frame = [];
    put(`${wrapOff}${text}${wrapOn}`);
  };

  const inOnePiece = (work: () => void): void => {
    begin();
    try {
      work();
    } finally {
      end();
    }
  };

  /** Ink erases as many lines as it drew; those that wrapped have become more, and the rest would stay for ever. */
  const resized = (): void => {
    const before = columns;
    columns = columnsOf(stdout);
    const extra = reflows && columns < before ? wrappedLines(panelWidths(), columns) : 0;
    inOnePiece(() => {
      if (extra > 0) write(`${'\x1b[2K\x1b[1A'.repeat(extra)}\x1b[2K\x1b[G`);
      events.emit('resize');
    });
  };
  stdout.on('resize', resized);

  const stream = Object.assign(events, {
    isTTY: true,
    rows: Number.MAX_SAFE_INTEGER,
    writable: true,
    /** Makes Ink wait for the write barrier on unmount. */
    writableLength: 0,
    write(text: string, done?: () => void): boolean {
      if (text === frameStart) begin();
      write(text);
      if (text === frameEnd) end();
      done?.();
      return true;
    },
  });
  Object.defineProperty(stream, 'columns', { get: () => columns });

  return {
    stream: stream as unknown as NodeJS.WriteStream,
    size: () => ({ columns, rows: stdout.rows > 0 ? stdout.rows : 24 }),
    // Prepended, because Ink has registered already and shall find the new layout.
    onResize: (listener) => void events.prependListener('resize', listener),
    write,
    inOnePiece,
    async close() {
      stdout.off('resize', resized);
      await sink.close();
    },
  };
}

function columnsOf(stdout: NodeJS.WriteStream): number {
  return stdout.columns > 0 ? stdout.columns : 80;
}
