/**
 * The log endpoint of the fake API server: keeps each container's lines with their times, follows them, honours
 * `sinceTime` by whole seconds as the kubelet does, and cuts streams on demand.
 */
import type { ServerResponse } from 'node:http';
import { status, type FakeApiServer } from './fake-apiserver.ts';

export interface FakePodLogs {
  /** Writes a line at a time within the minute: `second` and `nanos`. */
  write(pod: string, container: string, second: number, nanos: number, text: string): void;
  /** The container ends: its streams end, and its log becomes that of the previous run when it starts again. */
  end(pod: string, container: string): void;
  restart(pod: string, container: string): void;
  /** Ends every open stream: regularly, or with a reset. */
  cut(how: 'fin' | 'rst'): void;
  /** Leaves the open streams open and never sends a byte on them again, as a connection that died unseen. */
  silence(): void;
  /** How many streams are open. */
  streams(): number;
}

interface Run {
  readonly lines: { readonly second: number; readonly stamped: string }[];
  ended: boolean;
}

/** Adds the endpoint to a fake API server. */
export function addFakePodLogs(fake: FakeApiServer): FakePodLogs {
  const runs = new Map<string, Run[]>();
  const streams = new Set<{ readonly run: Run; readonly response: ServerResponse }>();

  function runsOf(key: string): Run[] {
    const known = runs.get(key) ?? [{ lines: [], ended: false }];
    runs.set(key, known);
    return known;
  }

  fake.intercepts.push((seen, response) => {
    const pod = /^\/api\/v1\/namespaces\/shop\/pods\/([^/]+)\/log$/.exec(seen.path)?.[1];
    if (pod === undefined) return false;
    const { query } = seen;
    const all = runs.get(`${pod}/${query.get('container') ?? ''}`);
    const run = all?.at(query.get('previous') === 'true' ? -2 : -1);
    if (run === undefined) {
      status(response, 404, 'NotFound', `pods "${pod}" not found`);
      return true;
    }
    const since = /:(\d\d)(?:\.\d+)?Z$/.exec(query.get('sinceTime') ?? '')?.[1];
    const tail = query.get('tailLines');
    const wanted = run.lines.filter(({ second }) => since === undefined || second >= Number(since));
    response.writeHead(200, { 'content-type': 'text/plain' });
    response.flushHeaders();
    const skipped = tail === null ? 0 : Math.max(0, wanted.length - Number(tail));
    for (const { stamped } of wanted.slice(skipped)) {
      response.write(`${stamped}\n`);
    }
    if (query.get('follow') !== 'true' || run.ended) {
      response.end();
      return true;
    }
    const stream = { run, response };
    streams.add(stream);
    response.once('close', () => streams.delete(stream));
    return true;
  });

  return {
    write(pod, container, second, nanos, text) {
      const run = runsOf(`${pod}/${container}`).at(-1);
      const time = `2026-11-21T05:00:${String(second).padStart(2, '0')}.${String(nanos).padStart(9, '0')}Z`;
      const stamped = `${time} ${text}`;
      run?.lines.push({ second, stamped });
      for (const stream of streams) if (stream.run === run) stream.response.write(`${stamped}\n`);
    },
    end(pod, container) {
      const run = runsOf(`${pod}/${container}`).at(-1);
      if (run === undefined) return;
      run.ended = true;
      for (const stream of streams) if (stream.run === run) stream.response.end();
    },
    restart(pod, container) {
      runsOf(`${pod}/${container}`).push({ lines: [], ended: false });
    },
    cut(how) {
      for (const { response } of streams) {
        if (how === 'fin') response.end();
        else response.socket?.resetAndDestroy();
      }
      streams.clear();
    },
    silence: () => streams.clear(),
    streams: () => streams.size,
  };
}
