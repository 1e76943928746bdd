/** The type of reporters. There is one for plain lines, the panel, NDJSON and the log files. */
import type { EventBus } from '../../core/events.ts';

/** Shows or stores the session's events. All reporters get the same events, and none depends on another. */
export interface Reporter {
  /** Subscribes to the events. Called once. */
  start(bus: EventBus): void;
  /** Writes everything that is still queued and restores the terminal. Later calls do nothing. */
  stop(): Promise<void>;
}
