/**
 * NDJSON: each event as one line with `"v":1` in front, nothing else on standard output. The shape is a promise to
 * scripts; a golden test freezes it.
 */
import type { AppEvent } from '../core/events.ts';
import type { Reporter } from './out/reporter.ts';
import { createSink } from './out/sink.ts';

/** Version of the events' shape. A field may be added within a version; none is renamed, retyped or removed. */
const eventVersion = 1;

/** One event as its line, without the line's end. */
export function jsonLine(event: AppEvent): string {
  const { seq, at, type, ...body } = event;
  return JSON.stringify({ v: eventVersion, seq, at, type, ...body });
}

/** Makes the reporter of `--output json`. */
export function createJsonReporter(stdout: NodeJS.WritableStream): Reporter {
  const sink = createSink(stdout);
  let unsubscribe: (() => void) | undefined;
  return {
    start(bus) {
      unsubscribe = bus.subscribe((event) => sink.write(`${jsonLine(event)}\n`));
    },
    async stop() {
      unsubscribe?.();
      await sink.close();
    },
  };
}
