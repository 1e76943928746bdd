/**
 * The reporter with the panel. It collects events; at most twelve times a second it writes the new permanent lines above
 * the panel and redraws the panel. While nothing runs, no timer runs.
 */
import type { ReactElement } from 'react';
import type { AppEvent } from '../../../core/events.ts';
import { eventLines } from '../../lines/event-lines.ts';
import { initialUi, pressKey, type KeyAction, type KeyPress, type UiState } from '../../view/keys.ts';
import { paint, seg, type Line, type Theme } from '../../text/line.ts';
import { initialView, reduceView } from '../../view/model.ts';
import { planPanel, type Size } from '../panel.ts';
import type { Reporter } from '../../out/reporter.ts';
import type { Terminal } from '../../out/terminal.ts';
import { spinnerMs } from '../rows.ts';
import { cleanLines } from '../../text/sanitize.ts';
import { isBusy, type View } from '../../view/view.ts';
import { captureConsole } from './console.ts';
import { createFrames, type Frames } from './frame.tsx';
import { Keyboard } from './keyboard.tsx';
import { PanelView } from './panel-view.tsx';
import { createScreen, panelStyle, type Screen } from './screen.ts';
import { suspend } from './suspend.ts';

/** Milliseconds for which events are collected before the screen changes: twelve frames a second. */
const coalesceMs = Math.ceil(1000 / 12);
/** The most lines that may wait for the next frame. More are written at once, so that memory does not grow. */
const maxPending = 1000;

/** The terminal and settings of the panel's reporter. */
export interface TuiOptions {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly terminal: Pick<Terminal, 'multiplexer' | 'program'>;
  readonly platform: NodeJS.Platform;
  readonly theme: Theme;
  readonly verbose: boolean;
  readonly onKey: (action: KeyAction) => void;
  /** The clock of the event bus, in milliseconds since 1970. */
  readonly now: () => number;
  readonly logPath?: (service: string) => string;
}

/** The reporter of `--output tui`. */
export function createTui(options: TuiOptions): Reporter {
  const { stdin, stdout, theme, verbose, onKey, now, logPath } = options;
  const paths = logPath === undefined ? {} : { logPath };
  // Node sets isTTY on terminals only.
  const hasKeyboard = 'isTTY' in stdin && stdin.isTTY;
  const screen: Screen = createScreen({
    stdout,
    unicode: theme.unicode,
    style: panelStyle(options.terminal),
  });
  let view: View = initialView;
  let ui: UiState = initialUi;
  let pending: string[] = [];
  let flushTimer: NodeJS.Timeout | undefined;
  let ticker: NodeJS.Timeout | undefined;
  let frames: Frames | undefined;
  let panel: readonly string[] = [];
  const endings: (() => void)[] = [];

  const element = (size: Size): ReactElement => (
    <>
      {hasKeyboard && <Keyboard onPress={onPress} />}
      <PanelView
        rows={planPanel(view, { ui, size, now: now(), keys: hasKeyboard, ...paths })}
        columns={size.columns}
        theme={theme}
      />
    </>
  );
  const writePending = (): void => {
    const text = pending.join('');
    pending = [];
    screen.show(text, panel);
  };
  const flush = (): void => {
    clearTimeout(flushTimer);
    flushTimer = undefined;
    if (frames === undefined) return;
    panel = frames.render(element(screen.size()));
    writePending();
    tick();
  };
  const schedule = (): void => {
    flushTimer ??= setTimeout(flush, coalesceMs);
  };
  /** Starts or stops the timer for the spinner and the elapsed times. It is needed only while something runs. */
  const tick = (): void => {
    if (isBusy(view)) {
      ticker ??= setInterval(schedule, spinnerMs);
      return;
    }
    clearInterval(ticker);
    ticker = undefined;
  };
  const log = (line: Line): void => {
    pending.push(`${paint(line, theme)}\n`);
    if (pending.length >= maxPending) writePending();
    schedule();
  };
  const isHidden = (event: AppEvent): boolean =>
    event.type === 'pod.log' && ui.logsOf !== undefined && ui.logsOf !== event.service;
  const consume = (event: AppEvent): void => {
    const before = view;
    view = reduceView(view, event);
    if (!isHidden(event)) eventLines(event, { detail: 'brief', verbose, view, ...paths }).forEach(log);
    if (view !== before) schedule();
  };
  const onPress = (key: KeyPress): void => {
    const result = pressKey(ui, view, key);
    if (result.ui.logsOf !== ui.logsOf) {
      const whose = result.ui.logsOf === undefined ? 'all services' : `${result.ui.logsOf} only`;
      log([seg(`─── application logs: ${whose}`, 'dim')]);
    }
    ui = result.ui;
    flush();
    if (result.action?.type !== 'suspend') {
      if (result.action !== undefined) onKey(result.action);
    } else if (options.platform !== 'win32') suspend({ stdin, screen, onResumed: flush });
  };
  const leave = (): void => screen.leave();

  return {
    start(bus) {
      frames = createFrames(element(screen.size()), {
        stdin,
        columns: () => screen.size().columns,
        onEnd: leave,
      });
      screen.onResize(flush);
      // Removes the panel before Node prints an uncaught exception, so that the text does not land in the panel.
      process.on('uncaughtExceptionMonitor', leave);
      endings.push(
        () => void process.off('uncaughtExceptionMonitor', leave),
        captureConsole((text) => {
          cleanLines(text.replace(/\n$/, '')).forEach((line) => log([seg(line)]));
        }),
        bus.subscribe(consume),
      );
      flush();
    },
    async stop() {
      while (endings.length > 0) endings.pop()?.();
      clearTimeout(flushTimer);
      clearInterval(ticker);
      if (frames === undefined) return;
      const mounted = frames;
      frames = undefined;
      writePending();
      mounted.end();
      await screen.close();
    },
  };
}
