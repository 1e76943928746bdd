/**
 * Requests with credentials: signs in when the registry asks for it, signs in again when a token has expired, and
 * follows a redirect without credentials. Does not know what is requested.
 */
import type { Outcome } from '../../core/outcome.ts';
import type { Clock } from '../../support/clock.ts';
import { createAuthenticate } from './auth.ts';
import type { FindCredentials } from '../types.ts';
import type { Subject } from './failures.ts';
import { createAsk, type Answer, type Deadline, type Question } from './request.ts';

/** What requests to one registry need. */
export interface SignedAskOptions {
  readonly subject: Subject;
  /** Called only when the registry wants credentials. */
  readonly credentials: FindCredentials;
  readonly clock?: Clock;
  /** Default: Node's own. */
  readonly fetch?: typeof fetch;
}

/** Sends requests to one registry. */
export interface SignedAsk {
  /** `repository`: full name, which the credentials are for. A 401 in the answer means that they were refused. */
  send(
    question: Question,
    repository: string,
    deadline: Deadline,
    signal: AbortSignal,
  ): Promise<Outcome<Answer>>;
  /**
   * A text for the screen. Returns the empty text if it contains a credential that was sent, because some servers quote
   * the request.
   */
  withoutSecrets(text: string): string;
}

/** Which right a request needs. Each right gets its own authorization. */
const rights: Readonly<Record<Question['method'], 'read' | 'write' | 'delete'>> = {
  GET: 'read',
  HEAD: 'read',
  POST: 'write',
  PUT: 'write',
  DELETE: 'delete',
};

/** How many redirects in a row are followed. */
const maxHops = 3;

/** Returns the sender for one registry. */
export function createSignedAsk({
  subject,
  credentials,
  clock,
  fetch: fetchNow,
}: SignedAskOptions): SignedAsk {
  const ask = createAsk({
    subject,
    ...(clock === undefined ? {} : { clock }),
    ...(fetchNow === undefined ? {} : { fetch: fetchNow }),
  });
  const authenticate = createAuthenticate({ subject, find: credentials, ask });
  /** Authorization by repository and right. An expired one gets a 401 and is then replaced. */
  const granted = new Map<string, string>();

  async function followRedirects(
    question: Question,
    outcome: Outcome<Answer>,
    deadline: Deadline,
    signal: AbortSignal,
  ): Promise<Outcome<Answer>> {
    let current = outcome;
    let { url } = question;
    for (let hop = 0; hop < maxHops && current.kind === 'ok'; hop += 1) {
      const target = rights[question.method] !== 'read' ? undefined : redirectTarget(current.value, url);
      if (target === undefined) break;
      url = target;
      // The original request, so without Authorization, which is for the registry alone.
      current = await ask({ ...question, url }, deadline, signal);
    }
    return current;
  }

  /** Where a registry redirects a reader to its storage. Never from HTTPS down to plain HTTP. */
  function redirectTarget({ status, headers }: Answer, from: string): string | undefined {
    const location = headers.get('location');
    if (![301, 302, 303, 307, 308].includes(status) || location === null || !URL.canParse(location, from)) {
      return undefined;
    }
    const url = new URL(location, from);
    return url.protocol === 'https:' || (url.protocol === 'http:' && subject.insecure) ? url.href : undefined;
  }

  return {
    async send(question, repository, deadline, signal) {
      const key = `${rights[question.method]} ${repository}`;
      const attempt = async (authorization: string | undefined): Promise<Outcome<Answer>> => {
        const headers = { ...question.headers, ...(authorization === undefined ? {} : { authorization }) };
        return await ask({ ...question, headers }, deadline, signal);
      };
      let answer = await attempt(granted.get(key));
      if (
        answer.kind === 'ok' &&
        answer.value.status === 401 &&
        !answer.value.headers.has('www-authenticate')
      ) {
        // The refusal does not say what is needed (it came from a proxy, or because of an old token). So ask without a
        // login, which gets that answer.
        if (granted.delete(key)) answer = await attempt(undefined);
      }
      if (answer.kind === 'ok' && answer.value.status === 401) {
        const challenge = answer.value.headers.get('www-authenticate');
        const grant = await authenticate(challenge, repository, deadline, signal);
        if (grant.kind !== 'ok') return grant;
        granted.set(key, grant.value);
        answer = await attempt(grant.value);
      }
      return await followRedirects(question, answer, deadline, signal);
    },

    withoutSecrets(text) {
      const secrets = [...granted.values()].map((grant) => grant.slice(grant.indexOf(' ') + 1));
      return secrets.some((secret) => text.includes(secret)) ? '' : text;
    },
  };
}
