/**
 * One HTTP question with its retries: what may be tried again, how long to wait in between, and when to give up. Follows
 * no redirect and knows nothing of registries' paths or of credentials beyond passing a header on.
 */
import { cancelled, ok, type Outcome } from '../../core/outcome.ts';
import { hasAborted, linkedAbort } from '../../support/abort.ts';
import { systemClock, type Clock } from '../../support/clock.ts';
import { isTransient, tooLate, tryWords, unreachable, type Subject } from './failures.ts';

/** What is asked. */
export interface Question {
  readonly url: string;
  readonly method: 'GET' | 'HEAD' | 'DELETE' | 'POST' | 'PUT';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A whole answer; the connection is free again. Names of headers are in lower case. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/** Asks; only a question without any usable answer is a failure, whatever the status of the answer. */
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
  /** Default: Node's. */
  readonly fetch?: typeof fetch;
  readonly clock?: Clock;
}

/**
 * Waits before the tries after the first, in milliseconds: short for a hiccup, then as long as go-containerregistry
 * waits. A server's Retry-After counts instead.
 */
const waits: readonly number[] = [200, 1000, 3000];

/** Statuses that a later try may change: those of go-containerregistry's remote/options.go, and gateway timeouts. */
const retried = new Set([408, 429, 500, 502, 503, 504, 522]);

/** Makes an asker for one registry. */
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
        // Waiting in vain helps nobody: the answer itself is the better message.
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

/** Milliseconds of a Retry-After header, given in seconds or as a date (RFC 9110, 10.2.3); undefined without a usable one. */
function retryAfterMs(header: string | null, now: number): number | undefined {
  if (header === null) return undefined;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(date - now, 0);
}
