/**
 * Answers a registry's challenge: with Basic, or with a bearer token from the token server that the challenge names
 * (distribution's token authentication specification). Decides who may be shown a credential. Keeps nothing and retries
 * nothing itself.
 */
import { failed, ok, type NotOk, type Outcome } from '../../core/outcome.ts';
import { stringAt } from '../../support/fields.ts';
import type { Credentials, FindCredentials } from '../types.ts';
import type { Subject } from './failures.ts';
import { hostname } from '../reference.ts';
import type { Ask, Deadline } from './request.ts';

/** One challenge in a WWW-Authenticate header. Names are in lower case. */
export interface Challenge {
  readonly scheme: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** Reads a WWW-Authenticate header (RFC 9110, 11.6.1), which may contain several challenges. */
export function parseChallenges(header: string): readonly Challenge[] {
  const challenges: { scheme: string; parameters: Record<string, string> }[] = [];
  for (const match of header.matchAll(/([\w.~+-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*)))?/g)) {
    const [, name = '', quoted, plain] = match;
    const value = quoted?.replace(/\\(.)/g, '$1') ?? plain;
    const current = challenges.at(-1);
    if (value === undefined) challenges.push({ scheme: name.toLowerCase(), parameters: {} });
    else if (current !== undefined) current.parameters[name.toLowerCase()] = value;
  }
  return challenges;
}

/** What an authenticator needs. */
export interface AuthOptions {
  readonly subject: Subject;
  readonly find: FindCredentials;
  readonly ask: Ask;
}

/**
 * The value of the Authorization header that answers a challenge for a repository. Fails with REGISTRY_DENIED if
 * credentials are missing or refused, or would go to a place that must not see them.
 */
export type Authenticate = (
  header: string | null,
  repository: string,
  deadline: Deadline,
  signal: AbortSignal,
) => Promise<Outcome<string>>;

/** Returns the authenticator for one registry. */
export function createAuthenticate({ subject, find, ask }: AuthOptions): Authenticate {
  return async (header, repository, deadline, signal) => {
    const challenges = parseChallenges(header ?? '');
    const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
    const basic = challenges.find(({ scheme }) => scheme === 'basic');
    if (bearer === undefined && basic === undefined) {
      return denied(subject, `asks for credentials in a way that appdev does not support`);
    }
    const found = await find(repository, signal);
    if (found.kind !== 'ok') return found;
    if (bearer === undefined) {
      if (found.value?.kind !== 'password')
        return denied(subject, 'asks for credentials, but none are known');
      return ok(basicHeader(found.value));
    }
    return await fetchToken(bearer, found.value, deadline, signal);
  };

  async function fetchToken(
    { parameters }: Challenge,
    credentials: Credentials | undefined,
    deadline: Deadline,
    signal: AbortSignal,
  ): Promise<Outcome<string>> {
    const { realm = '', service, scope } = parameters;
    const url = realmUrl(realm, subject);
    if (url.kind !== 'ok') return url;
    const { host } = url.value;
    const answer =
      credentials?.kind === 'identity'
        ? await ask(refreshQuestion(url.value, service, scope, credentials.token), deadline, signal)
        : await ask(tokenQuestion(url.value, service, scope, credentials), deadline, signal);
    if (answer.kind !== 'ok') return answer;
    const { status, body } = answer.value;
    if (status === 401 || status === 403 || (status === 400 && credentials?.kind === 'identity')) {
      const why =
        credentials === undefined
          ? `asks for credentials, but none are known`
          : `does not accept the stored credentials`;
      return denied(subject, `${why} (its token server ${host} says HTTP ${status})`);
    }
    // Also a redirect: a credential is shown to the realm and to nobody that the realm points to.
    if (status !== 200) {
      return failed(
        'REGISTRY_UNREACHABLE',
        `the token server ${host} of the registry ${subject.host} answers with HTTP ${status}`,
        { hint: 'the token server fails, not the login; try again later' },
      );
    }
    const token = tokenOf(body);
    if (token !== undefined) return ok(`Bearer ${token}`);
    return failed(
      'REGISTRY_UNREACHABLE',
      `the token server ${host} of the registry ${subject.host} returned no token`,
      {
        hint: `check that ${subject.host} is the registry's name`,
      },
    );
  }
}

/**
 * The URL of the realm, if it may be asked for a token and so be shown the credentials. A registry reached by HTTPS has
 * proved its identity, so it may choose the realm, but the realm must use HTTPS. A registry reached by plain HTTP has
 * proved nothing (anyone on the way could write the challenge), so its realm must be on its own host.
 */
export function realmUrl(realm: string, subject: Subject): Outcome<URL> {
  let url: URL;
  try {
    url = new URL(realm);
  } catch {
    return denied(subject, 'names no usable token server');
  }
  const own = hostname(subject.host) === url.hostname.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  const allowed = subject.insecure ? own && /^https?:$/.test(url.protocol) : url.protocol === 'https:';
  if (allowed && url.username === '' && url.password === '') return ok(url);
  return failed(
    'REGISTRY_DENIED',
    `the registry ${subject.host} asks appdev to get a token from ${url.protocol}//${url.host}, but appdev does not show credentials to that host`,
    {
      hint: subject.insecure
        ? 'a registry that speaks plain HTTP must have its token server on its own host; give the registry HTTPS'
        : 'the token server must speak HTTPS; ask the administrator of the registry',
    },
  );
}

function basicHeader({ username, password }: Extract<Credentials, { kind: 'password' }>): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

type TokenQuestion = Parameters<Ask>[0];

/** A GET with `service` and one `scope` for each of the challenge's. Uses Basic if there are credentials. */
function tokenQuestion(
  realm: URL,
  service: string | undefined,
  scope: string | undefined,
  credentials: Extract<Credentials, { kind: 'password' }> | undefined,
): TokenQuestion {
  const url = new URL(realm);
  if (service !== undefined) url.searchParams.set('service', service);
  for (const one of scopesOf(scope)) url.searchParams.append('scope', one);
  const headers = credentials === undefined ? {} : { authorization: basicHeader(credentials) };
  return { url: url.href, method: 'GET', headers };
}

/** A POST in the OAuth 2 form, which takes an identity token as `refresh_token`. */
function refreshQuestion(
  realm: URL,
  service: string | undefined,
  scope: string | undefined,
  token: string,
): TokenQuestion {
  const form = new URLSearchParams({
    grant_type: 'refresh_token',
    client_id: 'appdev',
    refresh_token: token,
  });
  if (service !== undefined) form.set('service', service);
  if (scope !== undefined) form.set('scope', scope);
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  return { url: realm.href, method: 'POST', headers, body: form.toString() };
}

function scopesOf(scope: string | undefined): readonly string[] {
  return (scope ?? '').split(' ').filter((one) => one !== '');
}

function tokenOf(body: string): string | undefined {
  try {
    const answer: unknown = JSON.parse(body);
    const token = stringAt(answer, 'token') ?? stringAt(answer, 'access_token');
    // A text that is not a token by RFC 6750 could inject a header.
    return token !== undefined && /^[\w.~+/=-]+$/.test(token) ? token : undefined;
  } catch {
    return undefined;
  }
}

function denied({ host }: Subject, why: string): NotOk {
  return failed('REGISTRY_DENIED', `the registry ${host} ${why}`, { hint: `log in: buildah login ${host}` });
}
