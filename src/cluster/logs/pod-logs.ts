/**
 * Follows the application logs of a service: every container of every pod, including init containers, across restarts,
 * replaced pods and lost connections. Emits lines; the reporters decide which to show and how.
 */
import type { Emit } from '../../core/events.ts';
import { ok, type Outcome } from '../../core/outcome.ts';
import { onAbort } from '../../support/abort.ts';
import { stripEscapes } from '../../support/process/lines.ts';
import { readContainer, type ContainerReader } from './container-reader.ts';
import { containerRuns } from './pods.ts';
import { onWake } from '../api/wake.ts';
import type { Cluster, LogLine, LogRequest } from '../types.ts';

/** Whose logs. */
export interface PodLogsRequest {
  readonly service: string;
  readonly namespace: string;
  /** Label selector of the service's pods. */
  readonly selector: string;
  /** For containers that already run: only this many earlier lines. Later containers are read from their beginning. */
  readonly tailLines?: number;
  /** For containers that already run: only the lines of this many seconds. */
  readonly sinceSeconds?: number;
}

/** Times, in milliseconds. */
export interface PodLogsTiming {
  /** Shortest and longest wait before a stream is opened again. */
  readonly backoffMs: readonly [number, number];
}

/** The times outside tests. */
export const podLogsTiming: PodLogsTiming = { backoffMs: [200, 5000] };

/**
 * Follows until the signal aborts, and resolves when every stream is closed. Emits `pod.log` for each line, without its
 * escape sequences.
 */
export async function followPodLogs(
  cluster: Pick<Cluster, 'follow' | 'logs'>,
  request: PodLogsRequest,
  emit: Emit,
  signal: AbortSignal,
  timing: PodLogsTiming = podLogsTiming,
): Promise<void> {
  const { service, namespace, selector } = request;
  const readers = new Map<string, ContainerReader>();
  const running = new Set<Promise<void>>();
  let first = true;
  let told = false;

  function readerOf(pod: string, container: string): ContainerReader {
    // Only logs from before the session are cut. What starts during it is read completely.
    const limits = first ? limitsOf(request) : {};
    const reader = readContainer(
      cluster,
      { namespace, pod, container, skipPrevious: first, ...limits },
      (text) => emit({ type: 'pod.log', service, pod, container, line: stripEscapes(text) }),
      timing.backoffMs,
      signal,
    );
    const task = reader.done.then((denied) => {
      running.delete(task);
      if (denied === undefined || told) return;
      told = true;
      const { message, hint } = denied;
      emit({ type: 'notice', level: 'warning', service, message, ...(hint !== undefined && { hint }) });
    });
    running.add(task);
    return reader;
  }

  cluster.follow(
    { apiVersion: 'v1', kind: 'Pod', namespace, labelSelector: selector },
    {
      onSnapshot: (pods) => {
        const present = new Set<string>();
        for (const pod of pods) {
          const { name, uid } = pod.metadata;
          for (const run of containerRuns(pod)) {
            // A StatefulSet's next pod has the same name but another uid.
            const key = `${uid ?? name}/${run.container}`;
            present.add(key);
            const reader = readers.get(key) ?? readerOf(name, run.container);
            readers.set(key, reader);
            reader.update(run);
          }
        }
        first = false;
        for (const [key, reader] of readers) {
          if (present.has(key)) continue;
          reader.gone();
          readers.delete(key);
        }
      },
      onRegained: reopenAll,
    },
    signal,
  );

  // Streams that were open while the machine slept may be dead without knowing it.
  const stopListening = onWake(reopenAll);
  function reopenAll(): void {
    for (const reader of readers.values()) reader.reopen();
  }

  await new Promise<void>((resolve) => {
    onAbort(signal, resolve);
  });
  stopListening();
  await Promise.all(running);
}

/** Reads the logs of a service as they are now, in order of time across all its pods and containers. */
export async function readPodLogs(
  cluster: Pick<Cluster, 'list' | 'logs'>,
  request: PodLogsRequest,
  signal: AbortSignal,
): Promise<Outcome<readonly LogLine[]>> {
  const { namespace, selector } = request;
  const pods = await cluster.list(
    { apiVersion: 'v1', kind: 'Pod', namespace, labelSelector: selector },
    signal,
  );
  if (pods.kind !== 'ok') return pods;
  const stamped: { readonly at: string; readonly line: LogLine }[] = [];
  for (const pod of pods.value) {
    for (const { container, id } of containerRuns(pod)) {
      if (id === undefined) continue;
      const name = pod.metadata.name;
      const read = await cluster.logs(
        { namespace, pod: name, container, follow: false, timestamps: true, ...limitsOf(request) },
        (line) => {
          const space = line.indexOf(' ');
          const text = stripEscapes(line.slice(space + 1));
          stamped.push({ at: line.slice(0, Math.max(space, 0)), line: { pod: name, container, line: text } });
        },
        signal,
      );
      if (read.kind !== 'ok') return read;
    }
  }
  // Stable, so that lines of one moment stay in their container's order.
  return ok(stamped.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0)).map(({ line }) => line));
}

function limitsOf({ tailLines, sinceSeconds }: PodLogsRequest): Partial<LogRequest> {
  return {
    ...(tailLines === undefined ? {} : { tailLines }),
    ...(sinceSeconds === undefined ? {} : { sinceSeconds }),
  };
}
