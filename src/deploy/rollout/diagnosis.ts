/**
 * Turns a failed rollout into an error for people: which object, what happened, what still serves, the last lines of
 * the log, and what to type next. Pure: the caller fetches the log.
 */
import { appdevError, type AppdevError } from '../../core/errors.ts';
import { count } from '../../core/words.ts';
import type { Cause } from './causes/cause.ts';
import { lastWords } from './spring.ts';

/** What the message is built from. */
export interface FailedRollout {
  readonly service: string;
  /** `Kind/name` of the workload. */
  readonly workload: string;
  readonly namespace: string;
  readonly context: string;
  readonly cause?: Cause;
  /** What the rollout waited for. Used if there is no cause. */
  readonly waitingFor: string;
  /** Milliseconds. Set if the deadline ended the wait. */
  readonly deadlineMs?: number;
  /** Ready pods of an older revision. */
  readonly olderReady: number;
  /** Last lines of the container's log, oldest first. */
  readonly log: readonly string[];
}

/** How many log lines an error shows. A command in the hint shows the rest. */
const evidenceLines = 20;

/** The ROLLOUT_FAILED error of a failed rollout. */
export function rolloutError(rollout: FailedRollout): AppdevError {
  const { cause, workload, log, deadlineMs } = rollout;
  const when = deadlineMs === undefined ? '' : ` within ${Math.round(deadlineMs / 1000)} s`;
  const words = cause?.log === undefined ? undefined : lastWords(log);
  const what = cause === undefined ? `it is waiting for ${rollout.waitingFor}` : clauseOf(cause, workload);
  const because = words === undefined ? what : `${what}: ${words.cause}`;
  const message = `${workload} did not become ready${when}: ${because}; ${serving(rollout)}`;
  return appdevError('ROLLOUT_FAILED', message, {
    hint: hintFor(rollout, words?.action),
    ...(log.length === 0 ? {} : { evidence: log.slice(-evidenceLines) }),
  });
}

function clauseOf(cause: Cause, workload: string): string {
  return cause.object === workload ? `it ${cause.message}` : `${cause.object}: ${cause.message}`;
}

function serving({ olderReady }: FailedRollout): string {
  if (olderReady === 0) return 'no older version is serving';
  return `the old version is still serving (${count(olderReady, 'pod')})`;
}

function hintFor(rollout: FailedRollout, action: string | undefined): string {
  const { cause, namespace, context } = rollout;
  if (action !== undefined) return action;
  if (cause?.hint !== undefined && cause.hint !== '') return cause.hint;
  const at = `kubectl --context ${context} -n ${namespace}`;
  if (cause?.pod === undefined) return `${at} describe ${rollout.workload.toLowerCase()}`;
  if (cause.log === undefined || cause.container === undefined) return `${at} describe pod ${cause.pod}`;
  const previous = cause.log === 'previous' ? ' --previous' : '';
  return `${at} logs ${cause.pod} -c ${cause.container}${previous}`;
}
