/**
 * The terminal panel's reporter: collects events, and at most twelve times a second writes the new permanent lines
 * above the panel and draws the panel anew. While no run is under way nothing ticks.
 */
import { render, type Instance } from 'ink';
import type { ReactElement } from 'react';
import type { AppEvent } from '../../events.ts';
import { eventLines } from '../event-lines.ts';
import { initialUi, pressKey, type KeyAction, type KeyPress, type UiState } from '../keys.ts';
import { paint, seg, type Theme } from '../line.ts';
import { initialView, reduceView } from '../model.ts';
import { planPanel } from '../panel.ts';
import type { Reporter } from '../reporter.ts';
import { rowWidth, spinnerMs, type PanelRow } from '../rows.ts';
import { isBusy, type View } from '../view.ts';
import { Keyboard } from './keyboard.tsx';
import { LogWriter } from './log-writer.tsx';
import { PanelView } from './panel-view.tsx';
import { createScreen, terminalReflows, wrapping, type Screen } from './screen.ts';
import { suspend } from './suspend.ts';

/** Milliseconds during which events are collected before the screen changes. */
const coalesceMs = 80;
const maxFps = 12;
/** Lines that may wait for the next change of the screen; more are written at once, so that memory stays flat. */
const maxPending = 1000;

/** What the panel's reporter needs. */
export interface TuiOptions {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly env: NodeJS.ProcessEnv;
  readonly platform: NodeJS.Platform;
  readonly theme: Theme;
  readonly verbose: boolean;
  readonly onKey: (action: KeyAction) => void;
  /** The bus's clock, in milliseconds since the epoch. */
  readonly now: () => number;
  readonly logPath?: (service: string) => string;
}

/** Makes the reporter of `--output tui`. */
export function createTui(options: TuiOptions): Reporter {
  const { stdin, stdout, stderr, theme, verbose, onKey, now, logPath } = options;
  const paths = logPath === undefined ? {} : { logPath };
  // Node sets isTTY on terminals only.
  const hasKeyboard = 'isTTY' in stdin && stdin.isTTY;
  let view: View = initialView;
  let ui: UiState = initialUi;
  let rows: readonly PanelRow[] = [];
  /** Columns for which `rows` were planned. */
  let columns = 80;
  let pending: string[] = [];
  let flushTimer: NodeJS.Timeout | undefined;
  let ticker: NodeJS.Timeout | undefined;
  let suspended = false;
  let ink: Instance | undefined;
  let screen: Screen | undefined;
  let unsubscribe: (() => void) | undefined;
  let writeAbove: ((text: string) => void) | undefined;

  const onReady = (write: (text: string) => void): void => {
    writeAbove = write;
  };
  const plan = (): void => {
    if (screen === undefined) return;
    const size = screen.size();
    columns = size.columns;
    rows = suspended ? [] : planPanel(view, { ui, size, now: now(), keys: hasKeyboard, ...paths });
  };
  const element = (): ReactElement => (
    <>
      <LogWriter onReady={onReady} />
      {hasKeyboard && <Keyboard onPress={onPress} />}
      <PanelView rows={rows} columns={columns} theme={theme} />
    </>
  );
  const draw = (): void => {
    plan();
    ink?.rerender(element());
  };
  const writePending = (): void => {
    if (pending.length === 0) return;
    const text = pending.join('');
    pending = [];
    writeAbove?.(wrapping(text));
  };
  const flush = (): void => {
    clearTimeout(flushTimer);
    flushTimer = undefined;
    screen?.inOnePiece(() => {
      writePending();
      draw();
    });
    tick();
  };
  const schedule = (): void => {
    flushTimer ??= setTimeout(flush, coalesceMs);
  };
  /** The spinner and the elapsed times need a clock only while something runs. */
  const tick = (): void => {
    if (isBusy(view) && !suspended) {
      ticker ??= setInterval(draw, spinnerMs);
      return;
    }
    clearInterval(ticker);
    ticker = undefined;
  };
  const isHidden = (event: AppEvent): boolean =>
    event.type === 'pod.log' && ui.logsOf !== undefined && ui.logsOf !== event.service;
  const consume = (event: AppEvent): void => {
    const before = view;
    view = reduceView(view, event);
    if (!isHidden(event)) {
      for (const line of eventLines(event, { detail: 'brief', verbose, view, ...paths }))
        pending.push(`${paint(line, theme)}\n`);
    }
    if (pending.length >= maxPending) writePending();
    if (pending.length > 0 || view !== before) schedule();
  };
  const onPress = (key: KeyPress): void => {
    const result = pressKey(ui, view, key);
    if (result.ui.logsOf !== ui.logsOf) {
      const whose = result.ui.logsOf === undefined ? 'all services' : `${result.ui.logsOf} only`;
      pending.push(`${paint([seg(`─── application logs: ${whose}`, 'dim')], theme)}\n`);
    }
    ui = result.ui;
    flush();
    if (result.action?.type === 'suspend') suspendNow();
    else if (result.action !== undefined) onKey(result.action);
  };
  const suspendNow = (): void => {
    if (screen === undefined || options.platform === 'win32') return;
    suspended = true;
    flush();
    suspend({
      stdin,
      screen,
      // Ink draws the empty panel within one frame's time.
      afterMs: 2 * Math.ceil(1000 / maxFps),
      onResumed() {
        suspended = false;
        flush();
      },
    });
  };

  return {
    start(bus) {
      screen = createScreen({
        stdout,
        unicode: theme.unicode,
        reflows: terminalReflows(options.env),
        panelWidths: () => rows.map((row) => rowWidth(row, columns - 1)),
      });
      plan();
      ink = render(element(), {
        stdout: screen.stream,
        stdin,
        stderr,
        exitOnCtrlC: false,
        patchConsole: true,
        maxFps,
      });
      screen.onResize(draw);
      unsubscribe = bus.subscribe(consume);
    },
    async stop() {
      unsubscribe?.();
      unsubscribe = undefined;
      clearTimeout(flushTimer);
      clearInterval(ticker);
      if (ink === undefined || screen === undefined) return;
      writePending();
      // The panel goes away, the lines above it stay. An empty panel leaves one blank line; the prompt shall have it.
      rows = [];
      ink.rerender(element());
      ink.unmount();
      ink = undefined;
      screen.write('\x1b[1A\x1b[G');
      await screen.close();
    },
  };
}
