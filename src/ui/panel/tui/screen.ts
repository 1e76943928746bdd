/**
 * Draws on the terminal's normal screen: the log above, the panel below. It writes both in one piece, and finds the place
 * between them again after the terminal's size has changed. It knows nothing about events or rows.
 *
 * How the place is found: between two frames, the cursor is in the first column of the panel's first line. When the size
 * changes, a terminal keeps the cursor with its text, whether it rewraps lines or cuts them; and if it becomes lower, it
 * first drops the lines below the cursor. So "erase from the cursor down" removes exactly the panel, after any number of
 * changes and in any order with frames that were being written. Lines are never counted, because a count is wrong between
 * the real change and the signal that reports it (tmux delays the signal by up to 250 ms). For the same reason, a frame
 * leaves the cursor's line only if nothing can be lost.
 *
 * A known limit: if the terminal becomes so narrow (about a quarter) that wrapping makes the panel higher than the whole
 * screen, tmux moves its upper lines into the history before they can be erased. The log is complete even then.
 */
import { toAscii } from '../../text/line.ts';
import type { Size } from '../panel.ts';
import { createSink } from '../../out/sink.ts';
import type { Terminal } from '../../out/terminal.ts';

/** Start and end of a synchronized update (private mode 2026). Terminals that do not support it ignore it. */
const frameStart = '\x1b[?2026h';
const frameEnd = '\x1b[?2026l';
const hideCursor = '\x1b[?25l';
const showCursor = '\x1b[?25h';
/** Automatic wrapping (private mode 7) is off while the panel is drawn, so that a frame that is too wide is cut. */
const wrapOff = '\x1b[?7l';
const wrapOn = '\x1b[?7h';
/**
 * Erases the cursor's line and everything below. It takes two steps, because tmux treats an erase from the top left
 * corner as clearing the screen and moves the text into its history.
 */
const eraseDown = '\r\x1b[2K\x1b[C\x1b[J\r';
const insertLine = '\x1b[L';
const up = (lines: number): string => (lines > 0 ? `\x1b[${lines}A` : '');
/** Moves to the last line without scrolling. */
const toBottom = '\x1b[9999B';
/** Moves past the last column to the start of the next line, so that both lines become one wrapped paragraph. */
const wrapDown = '\x1b[9999G  \r';

/**
 * How the panel's lines are put on the screen.
 * - `lines`: each line by itself.
 * - `paragraph`: all as one wrapped line, for xterm.js. When the width changes, xterm.js does not touch the paragraph
 *   that has the cursor; but for each line that it wraps below the cursor, it moves the cursor one line too far
 *   (`_reflowSmaller` in its Buffer.ts).
 * - `bottom`: like `lines`, but starting at the last line of the screen, for tmux. For each line that wraps below the
 *   cursor, tmux moves one line from the top of the screen into its history, even if blank lines are left at the bottom.
 *   The cursor's line must not be among them (`grid_reflow` in its grid.c).
 */
export type PanelStyle = 'lines' | 'paragraph' | 'bottom';

/** The style for a terminal. */
export function panelStyle({ multiplexer, program }: Pick<Terminal, 'multiplexer' | 'program'>): PanelStyle {
  if (multiplexer === 'tmux') return 'bottom';
  // GNU screen passes on the name of the terminal that it was started in.
  if (multiplexer === 'screen') return 'lines';
  return xtermJs.has(program) ? 'paragraph' : 'lines';
}

/** Names of terminals that use xterm.js. */
const xtermJs: ReadonlySet<string> = new Set(['vscode', 'Hyper', 'Tabby']);

/** The terminal and how to draw on it. */
export interface ScreenOptions {
  readonly stdout: NodeJS.WriteStream;
  readonly unicode: boolean;
  readonly style: PanelStyle;
}

/** The screen with the log above and the panel below. */
export interface Screen {
  size(): Size;
  /** Sets the function that is called after each change of size, to redraw the panel. It replaces the previous one. */
  onResize(listener: () => void): void;
  /**
   * Writes log lines above the panel and the panel below, in one piece. Writes nothing if nothing is new.
   *
   * @param log whole lines, each with its line break; or an empty text
   * @param panel the panel's lines without line breaks
   */
  show(log: string, panel: readonly string[]): void;
  /** Removes the panel and shows the cursor below the log. The next `show` draws the panel again. */
  leave(): void;
  /** Does the same as `leave`, and resolves when everything is written. */
  close(): Promise<void>;
}

/** Makes the screen. It writes nothing before the first `show`. */
export function createScreen(options: ScreenOptions): Screen {
  const { stdout, unicode, style } = options;
  const sink = createSink(stdout);
  const draw = style === 'paragraph' ? drawParagraph : drawLines;
  let shown: readonly string[] | undefined;
  /** How many lines are certainly free for the panel, including the cursor's line. */
  let room = 0;
  let changed = (): void => undefined;

  const resized = (): void => {
    room = 0;
    changed();
  };
  stdout.on('resize', resized);

  const show = (log: string, panel: readonly string[]): void => {
    const same =
      shown !== undefined && panel.length === shown.length && panel.every((l, i) => l === shown?.[i]);
    if (log === '' && same && room > 0) return;
    if (log !== '') room = 0;
    const parts = [
      frameStart,
      shown === undefined ? hideCursor : '',
      eraseDown,
      shown === undefined && style === 'bottom' ? toBottom : '',
      // Lines of the log wrap as usual.
      log,
      wrapOff,
      draw(panel, room),
      wrapOn,
      frameEnd,
    ];
    const text = parts.join('');
    sink.write(unicode ? text : toAscii(text));
    shown = panel;
    room = Math.max(1, room, panel.length);
  };
  const leave = (): void => {
    if (shown === undefined) return;
    shown = undefined;
    room = 0;
    sink.write(`${eraseDown}${showCursor}`);
  };

  return {
    size: () => ({
      columns: stdout.columns > 0 ? stdout.columns : 80,
      rows: stdout.rows > 0 ? stdout.rows : 24,
    }),
    onResize(listener) {
      changed = listener;
    },
    show,
    leave,
    async close() {
      stdout.off('resize', resized);
      leave();
      await sink.close();
    },
  };
}

/**
 * Inserts the last line first; each further line pushes the others down. So the cursor stays on its line, and a change of
 * size in the middle of a frame does no harm. If the terminal is lower than the panel, the last lines are lost.
 */
function drawLines(panel: readonly string[], room: number): string {
  const scroll = panel.length > room ? `${'\n'.repeat(panel.length - 1)}${up(panel.length - 1)}` : '';
  return `${scroll}${panel.toReversed().join(`\r${insertLine}`)}\r`;
}

/**
 * First makes an empty paragraph, because only wrapping joins lines. Then fills it from its last line up: if the terminal
 * loses lines below the cursor meanwhile, the rest of the way up is still right.
 */
function drawParagraph(panel: readonly string[]): string {
  const empty = wrapOn + wrapDown.repeat(Math.max(0, panel.length - 1)) + wrapOff;
  return `${empty}${panel.toReversed().join(`\r${up(1)}`)}\r`;
}
