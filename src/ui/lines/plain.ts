/**
 * Plain lines for CI logs, pipes and dumb terminals. Nothing is redrawn and no name is cut. A quiet stage prints a line
 * every 30 seconds. The failures are repeated at the end, where people look first.
 */
import type { AppEvent } from '../../core/events.ts';
import type { LineGuard } from './ci.ts';
import { eventLines, failureSummary, prefix } from './event-lines.ts';
import { duration } from './format.ts';
import { paint, seg, type Line, type Theme } from '../text/line.ts';
import { initialView, reduceView } from '../view/model.ts';
import type { Reporter } from '../out/reporter.ts';
import { createSink } from '../out/sink.ts';
import type { View } from '../view/view.ts';

/** After this many milliseconds without a line, a running stage prints that it is still running. */
export const heartbeatMs = 30_000;

/** Where the plain reporter writes, and how. */
export interface PlainOptions {
  readonly stdout: NodeJS.WritableStream;
  readonly theme: Theme;
  readonly verbose: boolean;
  /** The clock of the event bus, in milliseconds since 1970. */
  readonly now: () => number;
  readonly guard: LineGuard;
  readonly logPath?: (service: string) => string;
  /** Called once if the reader of `stdout` has gone away. */
  readonly onGone?: () => void;
}

/** The reporter of `--output plain`. */
export function createPlainReporter(options: PlainOptions): Reporter {
  const { theme, verbose, now, guard, logPath } = options;
  const paths = logPath === undefined ? {} : { logPath };
  const sink = createSink(options.stdout, options.onGone);
  let view: View = initialView;
  let unsubscribe: (() => void) | undefined;
  let timer: NodeJS.Timeout | undefined;
  let summarized = false;
  /** When each running service last printed a line, in milliseconds since 1970. */
  const heard = new Map<string, number>();

  const print = (lines: readonly Line[]): void => {
    for (const line of lines) sink.write(`${guard(paint(line, theme))}\n`);
  };
  const summarize = (): void => {
    if (summarized) return;
    summarized = true;
    print(failureSummary(view, logPath));
  };
  const beat = (): void => {
    for (const service of view.services) {
      const stage = service.run?.stage;
      if (stage === undefined || now() - (heard.get(service.name) ?? 0) < heartbeatMs) continue;
      const elapsed = duration(now() - stage.startedAt);
      print([[...prefix(service.name), seg(`${stage.stage} still running after ${elapsed}`, 'dim')]]);
      heard.set(service.name, now());
    }
    arm();
  };
  /** Sets the only timer, for the service that is next to have been silent too long. No timer while nothing runs. */
  const arm = (): void => {
    clearTimeout(timer);
    timer = undefined;
    const running = view.services.filter((service) => service.run?.stage !== undefined);
    if (running.length === 0) return;
    const due = Math.min(...running.map((service) => (heard.get(service.name) ?? now()) + heartbeatMs));
    timer = setTimeout(beat, Math.max(1, due - now()));
    timer.unref();
  };
  const consume = (event: AppEvent): void => {
    const before = view;
    view = reduceView(view, event);
    const lines = eventLines(event, { detail: 'full', verbose, view, ...paths });
    print(lines);
    if ('service' in event && (lines.length > 0 || event.type === 'stage.started')) {
      heard.set(event.service, now());
    }
    if (event.type === 'session.finished') summarize();
    if (view !== before && (event.type === 'stage.started' || event.type === 'run.finished')) arm();
  };

  return {
    start(bus) {
      unsubscribe = bus.subscribe(consume);
    },
    async stop() {
      unsubscribe?.();
      clearTimeout(timer);
      summarize();
      await sink.close();
    },
  };
}
