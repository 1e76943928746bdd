/** Tells the loop when a registry that a run could not reach answers again. Asks it nothing while all is well. */
import type { EventBody } from '../../core/events.ts';
import type { UserMessage } from '../../loop/decide/messages.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { Clock } from '../../support/clock.ts';

/** Between two questions, in milliseconds: a developer who has just restarted the registry looks at the screen. */
const pauseMs = 2_000;

/** Watches over the session's registry. */
export interface RegistryReturn {
  /** To be told of each event: a run that failed for want of the registry begins the asking. */
  seen(event: EventBody): void;
  /** Ends the asking. */
  stop(): void;
}

/**
 * Makes it.
 *
 * @param registry the registry's name, as the user knows it.
 * @param ping asks the registry whether it is there.
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
