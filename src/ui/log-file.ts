/**
 * Writes each service's whole output to a file: every line of the tools and of the application, with its time and its
 * stage or container. Error cards name the file.
 */
import { join } from 'node:path';
import type { AppEvent, EventBus } from '../core/events.ts';
import { cardLines } from './lines/card.ts';
import { changeText, duration } from './lines/format.ts';
import { lineText } from './text/line.ts';
import type { Reporter } from './out/reporter.ts';
import { createRollingFile, type RollingFile } from './out/rolling-file.ts';
import { cleanLine } from './text/sanitize.ts';

/** Each service keeps up to 5 MB and the 5 MB before that: about 100,000 lines. */
const maxBytes = 5_000_000;
const maxQueue = 4_000_000;

/** Path of a service's log: `<folder>/<service>.log`. Characters that a file name cannot have are escaped. */
export function logFileOf(folder: string, service: string): string {
  return join(folder, `${encodeURIComponent(service)}.log`);
}

/** The reporter that writes log files into the folder. If writing fails, a notice says so and the session goes on. */
export function createLogFiles(folder: string): Reporter {
  const files = new Map<string, RollingFile>();
  let unsubscribe: (() => void) | undefined;

  const fileOf = (bus: EventBus, service: string): RollingFile => {
    const known = files.get(service);
    if (known !== undefined) return known;
    const path = logFileOf(folder, service);
    const file = createRollingFile({
      path,
      maxBytes,
      maxQueue,
      onProblem(error) {
        const message = `appdev cannot write the log file ${path} (${error.code ?? error.message}); lines are lost`;
        const hint =
          error.code === 'ENOSPC'
            ? 'free some disk space; appdev then writes again'
            : `check that you may write to ${folder}`;
        bus.emit({ type: 'notice', level: 'warning', message, hint, service });
      },
    });
    files.set(service, file);
    return file;
  };

  /**
   * Writes the queued lines, so that the lines before a crash are kept. All services share this listener, because Node
   * warns about more than ten.
   */
  const onExit = (): void => {
    for (const file of files.values()) file.writeNow();
  };

  return {
    start(bus) {
      process.once('exit', onExit);
      unsubscribe = bus.subscribe((event) => {
        const lines = logLines(event);
        if (lines.length === 0 || !('service' in event)) return;
        const file = fileOf(bus, event.service);
        for (const line of lines) file.append(`${event.at} ${line}`);
      });
    },
    async stop() {
      unsubscribe?.();
      await Promise.all([...files.values()].map(async (file) => await file.close()));
      files.clear();
      process.off('exit', onExit);
    },
  };
}

function logLines(event: AppEvent): string[] {
  if (event.type === 'run.started') {
    return [`== run ${event.run} (${event.route}): ${changeText(event.change, event.reason)}`];
  }
  if (event.type === 'stage.output') return [`${event.stage} | ${cleanLine(event.line)}`];
  if (event.type === 'stage.finished') {
    const detail = event.detail === undefined ? '' : ` (${event.detail})`;
    return [`== ${event.stage} ${event.outcome} ${duration(event.ms)}${detail}`];
  }
  if (event.type === 'run.finished') {
    const card = event.error === undefined ? [] : cardLines(event.error);
    return [
      `== run ${event.run} ${event.outcome} ${duration(event.ms)}`,
      ...card.map((line) => `   ${cleanLine(lineText(line))}`),
    ];
  }
  if (event.type === 'pod.log') return [`${event.pod} ${event.container} | ${cleanLine(event.line)}`];
  return [];
}
