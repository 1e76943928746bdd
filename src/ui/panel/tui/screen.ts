/**
 * The terminal's normal screen as log above and panel below: writes log lines and panel in one piece, and finds the place
 * between them again whatever happened to the terminal's size. Knows nothing of events and rows; lays nothing out.
 *
 * How the place is found: between two frames the cursor stands in the first column of the panel's first line. Terminals
 * keep the cursor with its text when their size changes, whether they wrap lines anew or cut them, and give up the lines
 * below it first when they become lower. So "erase from the cursor down" removes the panel and nothing else, after any
 * number of changes, in any order with frames that were on their way meanwhile. No line is ever counted: between the
 * real change and the signal that tells it (tmux holds it back for up to 250 ms) a count cannot be right. For the same
 * reason a frame leaves the cursor's line only where nothing is at stake.
 *
 * What cannot be had: where wrapping makes the panel higher than the whole screen at once (some four times narrower),
 * tmux has moved its upper lines into the history before anybody can erase them. The log stays whole even then.
 */
import { toAscii } from '../../text/line.ts';
import type { Size } from '../panel.ts';
import { createSink } from '../../out/sink.ts';

/** Begin and end of a synchronized update (private mode 2026); terminals that do not know it ignore it. */
const frameStart = '\x1b[?2026h';
const frameEnd = '\x1b[?2026l';
const hideCursor = '\x1b[?25l';
const showCursor = '\x1b[?25h';
/** Automatic wrapping (private mode 7) is off while the panel is drawn: a frame that is too wide by now is cut. */
const wrapOff = '\x1b[?7l';
const wrapOn = '\x1b[?7h';
/**
 * Erases the cursor's line and all below. In two steps, because tmux takes erasing all from the top left corner for
 * clearing the screen, and moves what is there into its history.
 */
const eraseDown = '\r\x1b[2K\x1b[C\x1b[J\r';
const insertLine = '\x1b[L';
const up = (lines: number): string => (lines > 0 ? `\x1b[${lines}A` : '');
/** To the last line, without scrolling. */
const toBottom = '\x1b[9999B';
/** To the last column, over its edge, and to the begin of the line below, which so becomes the same paragraph's. */
const wrapDown = '\x1b[9999G  \r';

/**
 * How the panel's lines are put on the screen. `lines`: each by itself. `paragraph`: all as one wrapped line, for
 * xterm.js: it leaves the paragraph with the cursor alone when the width changes, but for each line that it wraps below
 * the cursor it moves the cursor one line too far (`_reflowSmaller` in its Buffer.ts). `bottom`: as `lines`, but begun at
 * the screen's last line, for tmux: of lines that wrap below the cursor, tmux moves as many from the screen's top into
 * its history, even where blank lines are left at the bottom, and the cursor shall not be among them (`grid_reflow` in
 * its grid.c).
 */
export type PanelStyle = 'lines' | 'paragraph' | 'bottom';

/** The style for the terminal that the environment tells of. */
export function panelStyle(env: NodeJS.ProcessEnv): PanelStyle {
  if ((env['TMUX'] ?? '') !== '') return 'bottom';
  // GNU screen hands on what it was started with.
  if ((env['STY'] ?? '') !== '') return 'lines';
  return xtermJs.has(env['TERM_PROGRAM'] ?? '') ? 'paragraph' : 'lines';
}

/** Values of TERM_PROGRAM of terminals that are made with xterm.js. */
const xtermJs: ReadonlySet<string> = new Set(['vscode', 'Hyper', 'Tabby']);

/** What the screen is made of. */
export interface ScreenOptions {
  readonly stdout: NodeJS.WriteStream;
  readonly unicode: boolean;
  readonly style: PanelStyle;
}

/** Log and panel. */
export interface Screen {
  size(): Size;
  /** Calls back after each change of size, to draw the panel anew; replaces the listener before. */
  onResize(listener: () => void): void;
  /**
   * Writes log lines (whole lines, each with its end, or nothing) above the panel, and the panel's lines (without ends)
   * below, in one piece. Writes nothing when nothing is new.
   */
  show(log: string, panel: readonly string[]): void;
  /** Takes the panel off and shows the cursor, below the log; `show` brings both back. */
  leave(): void;
  /** Leaves, and resolves when all is written. */
  close(): Promise<void>;
}

/** Makes the screen; it writes nothing before the first `show`. */
export function createScreen(options: ScreenOptions): Screen {
  const { stdout, unicode, style } = options;
  const sink = createSink(stdout);
  const draw = style === 'paragraph' ? drawParagraph : drawLines;
  let shown: readonly string[] | undefined;
  /** Lines that are known to be there for the panel, the cursor's included. */
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
      // Application logs wrap as they do anywhere.
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
 * Each line pushes the ones before it down, last line first: so the cursor need not leave its line, and a change of size
 * in the middle of a frame does no harm. Where the terminal is lower than the panel, the lines fall off its lower edge.
 */
function drawLines(panel: readonly string[], room: number): string {
  const scroll = panel.length > room ? `${'\n'.repeat(panel.length - 1)}${up(panel.length - 1)}` : '';
  return `${scroll}${panel.toReversed().join(`\r${insertLine}`)}\r`;
}

/**
 * The paragraph is made first, empty, since only wrapping joins lines; then it is filled from its last line up: where the
 * terminal loses lines below the cursor meanwhile, what is left of the way up is still right.
 */
function drawParagraph(panel: readonly string[]): string {
  const empty = wrapOn + wrapDown.repeat(Math.max(0, panel.length - 1)) + wrapOff;
  return `${empty}${panel.toReversed().join(`\r${up(1)}`)}\r`;
}
