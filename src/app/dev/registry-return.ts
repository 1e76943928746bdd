/** Tells the loop when a registry that a run could not reach answers again. While all is well, it asks nothing. */
import type { EventBody } from '../../core/events.ts';
import type { UserMessage } from '../../loop/decide/messages.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { Clock } from '../../support/clock.ts';

/** Milliseconds between two requests. It is short, because a developer who has just restarted the registry is waiting. */
const pauseMs = 2_000;

/** Waits for the session's registry to come back. */
export interface RegistryReturn {
  /** Takes each event of the session. A run that could not reach the registry starts the requests. */
  seen(event: EventBody): void;
  /** Stops the requests for good. */
  stop(): void;
}

/**
 * Makes the watch over one registry.
 *
 * @param registry the registry's name, as the user knows it
 * @param ping asks the registry whether it answers
 * @param send passes the news to the loop
 */
export function watchRegistryReturn(
  registry: string,
  ping: (signal: AbortSignal) => Promise<Outcome<void>>,
  send: (message: UserMessage) => void,
  clock: Clock,
): RegistryReturn {
  const stop = new AbortController();
  let asking = false;

  async function ask(): Promise<void> {
    for (;;) {
      await clock.sleep(pauseMs, stop.signal);
      if (stop.signal.aborted) return;
      if ((await ping(stop.signal)).kind === 'ok') break;
    }
    asking = false;
    send({ kind: 'registry-regained', registry });
  }

  return {
    seen(event) {
      if (asking || event.type !== 'run.finished' || event.error?.code !== 'REGISTRY_UNREACHABLE') return;
      asking = true;
      void ask();
    },
    stop: () => stop.abort(),
  };
}
