/**
 * HTTP and WebSocket exchanges with one API server: sign-in, keep-alive, deadlines, cancellation. Knows nothing about
 * Kubernetes objects except the server's Status. Every exchange ends at its signal or its deadline.
 */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest, type RequestOptions } from 'node:https';
import { cancelled, ok, type Outcome } from '../../core/outcome.ts';
import { hasAborted, limitedAbort, onAbort } from '../../support/abort.ts';
import { systemClock } from '../../support/clock.ts';
import type { Credentials, Proof } from './credentials.ts';
import { codeOf } from '../../support/fields.ts';
import { unreachable, type ApiAnswer } from './failures.ts';
import type { ClusterIdentity } from '../types.ts';
import { openSocket, type FrameSocket, type OnFrame } from './channels.ts';

/** One request. `path` begins with a slash and includes the query. */
export interface ApiCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly body?: unknown;
  /** Default `application/json`. */
  readonly contentType?: string;
}

/** The result of a GET for a stream: the stream, or the whole answer if its status is not 200. */
export type Opened =
  | { readonly kind: 'stream'; readonly body: IncomingMessage }
  | { readonly kind: 'answer'; readonly answer: ApiAnswer };

/** Exchanges with one API server. */
export interface Transport {
  readonly identity: ClusterIdentity;
  /**
   * Returns the answer, whatever its status. Fails with CLUSTER_UNREACHABLE if there is none, or CLUSTER_DENIED if
   * signing in fails.
   */
  call(call: ApiCall, signal: AbortSignal): Promise<Outcome<ApiAnswer>>;
  /** A GET whose body is read as it arrives. */
  open(path: string, signal: AbortSignal): Promise<Outcome<Opened>>;
  /** Opens a WebSocket. The signal counts until it is open. */
  socket(path: string, onFrame: OnFrame, signal: AbortSignal): Promise<Outcome<FrameSocket>>;
  /** Closes every connection. */
  close(): void;
}

/** What ends one exchange. */
interface Limits {
  /** The caller's signal, with the deadline. */
  readonly signal: AbortSignal;
  /** Signs in. The deadline does not run meanwhile, because signing in has its own. */
  readonly signIn: () => Promise<Outcome<Proof>>;
}

/** Options; times in milliseconds. */
export interface TransportOptions {
  /** Time until an answer is complete, or until a stream has begun. Default 20 s. */
  readonly deadlineMs?: number;
  /** Called once with each distinct `Warning` header, such as "v1 ComponentStatus is deprecated". */
  readonly onWarning?: (text: string) => void;
}

/** Idle connections are closed before the API server does so after 90 s (Go's IdleTimeout in k8s.io/apiserver). */
const idleConnectionMs = 60_000;
/** How often a call is sent again before its result is passed on. */
const maxRepeats = 4;
/** Pause before a call is sent again if the server names none, in milliseconds. */
const pauseMs = 500;

/** Returns the transport. Contacts nothing until the first exchange. */
export function createTransport(
  identity: ClusterIdentity,
  credentials: Credentials,
  options: TransportOptions = {},
): Transport {
  const deadlineMs = options.deadlineMs ?? 20_000;
  const base = new URL(identity.server);
  const prefix = base.pathname.replace(/\/$/, '');
  const secure = base.protocol === 'https:';
  const warned = new Set<string>();
  let agents:
    { readonly fingerprint: string; readonly keep: HttpAgent; readonly once: HttpAgent } | undefined;

  function agentFor(proof: Proof, method: ApiCall['method']): HttpAgent {
    if (agents?.fingerprint !== proof.fingerprint) {
      agents?.keep.destroy();
      const make = (keepAlive: boolean): HttpAgent => {
        const settings = { keepAlive, timeout: idleConnectionMs, ...proof.tls };
        return secure ? new HttpsAgent(settings) : new HttpAgent(settings);
      };
      agents = { fingerprint: proof.fingerprint, keep: make(true), once: make(false) };
    }
    // A kept connection may be closing just as a request is sent; then the request is repeated. A POST must not be done
    // twice.
    return method === 'POST' ? agents.once : agents.keep;
  }

  /** Sends a request and resolves with the head of its answer. */
  async function send(call: ApiCall, proof: Proof, signal: AbortSignal): Promise<IncomingMessage> {
    const body = call.body === undefined ? undefined : JSON.stringify(call.body);
    const settings: RequestOptions = {
      method: call.method,
      host: base.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: base.port === '' ? (secure ? 443 : 80) : base.port,
      path: `${prefix}${call.path}`,
      agent: agentFor(proof, call.method),
      headers: {
        accept: 'application/json',
        'user-agent': 'appdev',
        ...proof.headers,
        ...(body === undefined
          ? {}
          : {
              'content-type': call.contentType ?? 'application/json',
              'content-length': Buffer.byteLength(body),
            }),
      },
    };
    return await new Promise((resolve, reject) => {
      let response: IncomingMessage | undefined;
      const request = (secure ? httpsRequest : httpRequest)(settings, (begun) => {
        response = begun;
        // An abort reaches the response even if nobody reads it any more. Without a listener it would end the process.
        begun.on('error', () => undefined);
        resolve(begun);
      });
      request.on('error', (error) => {
        reject(request.reusedSocket ? new ReusedSocketError(error) : error);
      });
      // Not the request's own `signal`: that would also destroy a connection whose response is complete and which is
      // just returning to the agent, where nobody listens for its error yet.
      const stop = (): void => {
        if (response?.complete !== true) request.destroy(abortError());
      };
      request.once('close', onAbort(signal, stop));
      request.end(body);
    });
  }

  /**
   * The head of the answer. Signs in once more after a 401, and repeats the request once if a kept connection was just
   * closing.
   */
  async function head(call: ApiCall, { signal, signIn }: Limits): Promise<Outcome<IncomingMessage>> {
    let renewed = false;
    let repeated = false;
    for (;;) {
      const proof = await signIn();
      if (proof.kind !== 'ok') return proof;
      try {
        const response = await send(call, proof.value, signal);
        if (response.statusCode !== 401 || renewed) return ok(response);
        response.resume();
        credentials.forget(proof.value);
        renewed = true;
      } catch (error) {
        if (!(error instanceof ReusedSocketError) || repeated || signal.aborted) throw error;
        repeated = true;
      }
    }
  }

  async function answer(response: IncomingMessage): Promise<ApiAnswer> {
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString('utf8');
    noteWarnings(response);
    return { status: response.statusCode ?? 0, body: jsonOrText(text) };
  }

  function noteWarnings(response: IncomingMessage): void {
    const header = response.headers['warning'];
    if (typeof header !== 'string' || options.onWarning === undefined) return;
    // RFC 7234: warn-code SP warn-agent SP quoted-string. The API server sends code 299 and agent "-".
    for (const match of header.matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g)) {
      const text = (match[1] ?? '').replace(/\\(.)/g, '$1');
      if (warned.has(text)) continue;
      warned.add(text);
      options.onWarning(text);
    }
  }

  /** Runs an exchange under the caller's signal and the deadline, and turns what is thrown into an outcome. */
  async function within<T>(
    signal: AbortSignal,
    exchange: (limits: Limits) => Promise<Outcome<T>>,
  ): Promise<Outcome<T>> {
    if (hasAborted(signal)) return cancelled(signal);
    const limit = limitedAbort(signal, deadlineMs);
    const signIn: Limits['signIn'] = async () => {
      limit.pause();
      const proof = await credentials.proof(signal);
      limit.restart();
      return proof;
    };
    try {
      const outcome = await exchange({ signal: limit.signal, signIn });
      // An abort that only the deadline explains is not a cancellation.
      return outcome.kind === 'cancelled' && limit.expired()
        ? unreachable({ code: 'TIMEOUT' }, identity)
        : outcome;
    } catch (error) {
      if (hasAborted(signal)) return cancelled(signal);
      if (limit.expired()) return unreachable({ code: 'TIMEOUT' }, identity);
      const cause = error instanceof ReusedSocketError ? error.cause : error;
      // Network errors have a code. Anything else is our own bug and must not look like a lost cluster.
      if (codeOf(cause) === '') throw error;
      return unreachable(cause, identity);
    } finally {
      limit.unlink();
    }
  }

  return {
    identity,
    async call(call, signal) {
      return await within(signal, async (limits) => {
        for (let repeats = 0; ; repeats += 1) {
          const isLast = repeats >= maxRepeats;
          let pause: number | undefined;
          try {
            const response = await head(call, limits);
            if (response.kind !== 'ok') return response;
            const answered = await answer(response.value);
            pause = pauseAfter(call, answered.status, response.value.headers['retry-after']);
            if (isLast || pause === undefined) return ok(answered);
          } catch (error) {
            if (isLast || call.method !== 'GET' || !isLost(error)) throw error;
          }
          await systemClock.sleep(pause ?? pauseMs, limits.signal);
        }
      });
    },
    async open(path, signal) {
      return await within<Opened>(signal, async (limits) => {
        const response = await head({ method: 'GET', path }, limits);
        if (response.kind !== 'ok') return response;
        const body = response.value;
        if (body.statusCode !== 200) return ok({ kind: 'answer', answer: await answer(body) });
        noteWarnings(body);
        // The deadline was for the beginning. From here on, the stream lives until the caller's signal.
        const stop = (): void => {
          if (!body.complete) body.destroy(abortError());
        };
        body.once('close', onAbort(signal, stop));
        return ok({ kind: 'stream', body });
      });
    },
    async socket(path, onFrame, signal) {
      return await within(signal, async (limits) => {
        for (let renewed = false; ; renewed = true) {
          const proof = await limits.signIn();
          if (proof.kind !== 'ok') return proof;
          let status = 0;
          const note = (refused: number): void => {
            status = refused;
          };
          const opened = await openSocket(identity, proof.value, path, onFrame, limits.signal, note);
          if (status !== 401 || renewed) return opened;
          credentials.forget(proof.value);
        }
      });
    },
    close() {
      agents?.keep.destroy();
      agents = undefined;
    },
  };
}

/**
 * Milliseconds until a call should be sent again after an answer; undefined if the answer is final. The rule is
 * client-go's (rest/with_retry.go): a 429, or any 5xx with Retry-After, was rejected before anything was done, whatever
 * the method. A gateway sends 502, 503 and 504 without Retry-After; then only a GET can be repeated without harm.
 */
function pauseAfter(call: ApiCall, status: number, retryAfter: string | undefined): number | undefined {
  if (status === 429 || (status >= 500 && retryAfter !== undefined)) {
    const seconds = Number(retryAfter ?? 1) || (retryAfter === '0' ? 0 : 1);
    return Math.min(seconds, 10) * 1000;
  }
  return call.method === 'GET' && [502, 503, 504].includes(status) ? pauseMs : undefined;
}

/** True if the connection broke during a call that can be repeated. client-go also sends a GET again in this case. */
function isLost(error: unknown): boolean {
  const code = codeOf(error instanceof ReusedSocketError ? error.cause : error);
  return ['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE'].includes(code);
}

/** A kept connection broke during a request. Nothing was answered, so the request may be sent again. */
class ReusedSocketError extends Error {
  constructor(cause: Error) {
    super(cause.message, { cause });
  }
}

function abortError(): Error {
  return Object.assign(new Error('aborted'), { code: 'ABORT_ERR' });
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
