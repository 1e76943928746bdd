/**
 * One HTTP request with its retries: what may be tried again, how long to wait in between, and when to give up. Follows
 * no redirect. Knows nothing about registries' paths, and only passes on a header with credentials.
 */
import { cancelled, ok, type Outcome } from '../../core/outcome.ts';
import { hasAborted, linkedAbort } from '../../support/abort.ts';
import { systemClock, type Clock } from '../../support/clock.ts';
import { isTransient, tooLate, tryWords, unreachable, type Subject } from './failures.ts';

/** The request. */
export interface Question {
  readonly url: string;
  readonly method: 'GET' | 'HEAD' | 'DELETE' | 'POST' | 'PUT';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A complete answer; the connection is free again. Header names are in lower case. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/** Sends a request. Fails only if there is no usable answer at all, whatever the status of the answer. */
export type Ask = (question: Question, deadline: Deadline, signal: AbortSignal) => Promise<Outcome<Answer>>;

/** When to give up, for all tries and all detours (tokens, redirects) of one operation together. */
export interface Deadline {
  /** Time of `clock.now()`, in milliseconds. */
  readonly at: number;
  /** How long that was at the start, in milliseconds, for messages. */
  readonly ms: number;
}

/** What an asker needs. */
export interface AskOptions {
  readonly subject: Subject;
  /** Default: Node's own. */
  readonly fetch?: typeof fetch;
  readonly clock?: Clock;
}

/**
 * Waits before the tries after the first, in milliseconds: short for a short failure, then as long as
 * go-containerregistry waits. A server's Retry-After is used instead.
 */
const waits: readonly number[] = [200, 1000, 3000];

/** Statuses that a later try may change: those in go-containerregistry's remote/options.go, and gateway timeouts. */
const retried = new Set([408, 429, 500, 502, 503, 504, 522]);

/** Returns the function that sends requests to one registry. */
export function createAsk({ subject, fetch: fetchNow = fetch, clock = systemClock }: AskOptions): Ask {
  return async ({ url, method, headers, body }, deadline, signal) => {
    let last: string | undefined;
    for (let attempt = 0; ; attempt += 1) {
      if (signal.aborted) return cancelled(signal);
      const left = deadline.at - clock.now();
      if (left <= 0) return tooLate(subject, deadline.ms, last);
      const linked = linkedAbort(signal);
      const timer = setTimeout(linked.abort, left);
      const wait = waits[attempt];
      let pause: number;
      try {
        const response = await fetchNow(url, {
          method,
          redirect: 'manual',
          ...(headers === undefined ? {} : { headers }),
          ...(body === undefined ? {} : { body }),
          signal: linked.signal,
        });
        const answer = { status: response.status, headers: response.headers, body: await response.text() };
        if (!retried.has(answer.status) || wait === undefined) return ok(answer);
        pause = retryAfterMs(answer.headers.get('retry-after'), clock.now()) ?? wait;
        // There is no time left to wait. The answer itself is the better message.
        if (clock.now() + pause >= deadline.at) return ok(answer);
        last = `was answered with HTTP ${answer.status}`;
      } catch (error) {
        if (hasAborted(signal)) return cancelled(signal);
        if (hasAborted(linked.signal)) return tooLate(subject, deadline.ms, last);
        if (!isTransient(error) || wait === undefined) return unreachable(subject, error);
        last = tryWords(error);
        pause = wait;
      } finally {
        clearTimeout(timer);
        linked.unlink();
      }
      await clock.sleep(Math.min(pause, Math.max(deadline.at - clock.now(), 0)), signal);
    }
  };
}

/**
 * Milliseconds in a Retry-After header, which has seconds or a date (RFC 9110, 10.2.3); undefined if it is not usable.
 */
function retryAfterMs(header: string | null, now: number): number | undefined {
  if (header === null) return undefined;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(date - now, 0);
}
