/**
 * NDJSON: each event is one line that begins with `"v":1`, and nothing else is written to standard output. Scripts rely
 * on the shape; a golden test freezes it.
 */
import type { AppEvent } from '../core/events.ts';
import type { Reporter } from './out/reporter.ts';
import { createSink } from './out/sink.ts';
import { showUnsafe } from './text/sanitize.ts';

/** Version of the events' shape. Within a version, fields may be added, but not renamed, retyped or removed. */
const eventVersion = 1;

/** One event as a line of JSON, without the line break. */
export function jsonLine(event: AppEvent): string {
  const { seq, at, type, ...body } = event;
  return showUnsafe(JSON.stringify({ v: eventVersion, seq, at, type, ...body }));
}

/**
 * The reporter of `--output json`. If the reader of `stdout` goes away, output stops and the session goes on, unless
 * `onGone` ends it.
 */
export function createJsonReporter(stdout: NodeJS.WritableStream, onGone?: () => void): Reporter {
  const sink = createSink(stdout, onGone);
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
