/**
 * Reads the log of one container for as long as its pod exists: across restarts of the container, lost connections and
 * a sleeping machine, each line once. The caller decides what to do with the lines.
 */
import type { AppdevError } from '../../core/errors.ts';
import type { Outcome } from '../../core/outcome.ts';
import { hasAborted, linkedAbort } from '../../support/abort.ts';
import { systemClock } from '../../support/clock.ts';
import { logPosition } from './position.ts';
import type { ContainerRun } from './pods.ts';
import type { Cluster, LogRequest } from '../types.ts';

/** Whose log to read, and how much of what was written before now. */
export interface ReadRequest {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly tailLines?: number;
  readonly sinceSeconds?: number;
  /** Skip the run before the current one, because nobody asked for that history. */
  readonly skipPrevious: boolean;
}

/** A container whose log is being read. */
export interface ContainerReader {
  /** Call with what the pod's status now says about the container. */
  update(run: ContainerRun): void;
  /** Call when the pod is gone. What is still being sent is read to its end, and nothing more is requested. */
  gone(): void;
  /** Opens the stream again, because the open one may be dead without knowing it. */
  reopen(): void;
  /**
   * Resolves when nothing more will come, or after the signal. The value is the error if reading logs is not allowed.
   */
  readonly done: Promise<AppdevError | undefined>;
}

/** Starts reading. `backoffMs`: shortest and longest wait before a stream is opened again, in milliseconds. */
export function readContainer(
  cluster: Pick<Cluster, 'logs'>,
  request: ReadRequest,
  onLine: (line: string) => void,
  backoffMs: readonly [number, number],
  signal: AbortSignal,
): ContainerReader {
  const { namespace, pod, container } = request;
  const position = logPosition();
  const state: { run: ContainerRun | undefined; gone: boolean } = { run: undefined, gone: false };
  /** Ids of runs that have been read to their end. */
  const finished = new Set<string>();
  const began = performance.now();
  let again = false;
  /** Interrupts the current stream or wait. */
  let interrupt = (): void => undefined;

  /** Runs work that the next change, or the end of the session, interrupts. */
  async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const link = linkedAbort(signal);
    interrupt = link.abort;
    const result = await work(link.signal);
    link.unlink();
    return result;
  }

  /** Where the next reading starts. */
  function start(): Pick<LogRequest, 'sinceTime' | 'sinceSeconds' | 'tailLines'> {
    const { tailLines, sinceSeconds } = request;
    if (position.sinceTime !== undefined) return { sinceTime: position.sinceTime };
    const elapsed = Math.ceil((performance.now() - began) / 1000);
    // "From now on" meant the moment when reading began, so lines from while no stream was open are wanted too.
    if (tailLines === 0 && again) return { sinceSeconds: elapsed };
    again = true;
    return {
      ...(tailLines !== undefined && { tailLines }),
      ...(sinceSeconds !== undefined && { sinceSeconds: sinceSeconds + elapsed }),
    };
  }

  /** Reads from the position on. Ok if the server sent everything it had. */
  async function read(options: Pick<LogRequest, 'follow' | 'previous'>): Promise<Outcome<void>> {
    const from = start();
    position.again();
    return await interruptible(
      async (inner) =>
        await cluster.logs(
          { namespace, pod, container, timestamps: true, ...options, ...from },
          (line) => {
            const text = position.take(line);
            if (text !== undefined) onLine(text);
          },
          inner,
        ),
    );
  }

  /** Waits until the pod's status changes. */
  async function change(): Promise<void> {
    await interruptible(async (inner) => await systemClock.sleep(longestTimer, inner));
  }

  async function loop(): Promise<AppdevError | undefined> {
    const [shortest, longest] = backoffMs;
    let wait = shortest;
    while (!signal.aborted && !state.gone) {
      const { run } = state;
      if (run?.id === undefined || finished.has(run.id)) {
        await change();
        continue;
      }
      const { id, previousId } = run;
      if (previousId !== undefined && !finished.has(previousId)) {
        // The container was restarted before its last run was read to the end. The node still has that log.
        if (!request.skipPrevious || position.sinceTime !== undefined)
          await read({ follow: false, previous: true });
        finished.add(previousId);
        continue;
      }
      const opened = performance.now();
      const outcome = await read({ follow: !run.ended });
      if (hasAborted(signal)) break;
      if (outcome.kind === 'cancelled') continue;
      if (outcome.kind === 'failed' && outcome.error.code === 'CLUSTER_DENIED') return outcome.error;
      if (outcome.kind === 'ok' && state.run?.id === id && state.run.ended) {
        finished.add(id);
        wait = shortest;
        continue;
      }
      if (performance.now() - opened > longest) wait = shortest;
      await interruptible(async (inner) => await systemClock.sleep(wait, inner));
      wait = Math.min(wait * 2, longest);
    }
    return undefined;
  }

  return {
    update(run) {
      const changed = state.run?.id !== run.id;
      state.run = run;
      // A stream of the previous run may never say that it ended. Its remaining lines are read as `previous`.
      if (changed) interrupt();
    },
    gone() {
      state.gone = true;
      if (state.run?.id === undefined || finished.has(state.run.id)) interrupt();
    },
    reopen: () => interrupt(),
    done: loop(),
  };
}

/** Longest possible timer (2^31 - 1 ms). */
const longestTimer = 0x7fffffff;
