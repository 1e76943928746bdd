/** What a reporter is: the plain lines, the panel, NDJSON and the log files are one each. */
import type { EventBus } from '../../core/events.ts';

/** A consumer of the session's events. Reporters are equal: each sees the same events, none feeds another. */
export interface Reporter {
  /** Begins to consume. Called once. */
  start(bus: EventBus): void;
  /** Writes what is still to be written and gives the terminal back. Later calls do nothing. */
  stop(): Promise<void>;
}
