/**
 * Harbor's own API (v2.0), as far as a delivery needs it: whether it is a Harbor, whether a project exists, what the
 * project demands of images, what the scanner found. Writes only what was asked for: a project, a scan. Pushes nothing.
 */
import { failed, ok, type NotOk, type Outcome } from '../../core/outcome.ts';
import { systemClock, type Clock } from '../../support/clock.ts';
import { isFields, stringAt } from '../../support/fields.ts';
import type { FindCredentials } from '../types.ts';
import { registryWords, type Subject } from '../api/failures.ts';
import { splitRegistryName } from '../reference.ts';
import { createAsk, type Answer } from '../api/request.ts';
import { scanOf, type Scan } from './scan-overview.ts';
import type { Registry } from '../types.ts';

/** A repository in Harbor's terms. */
export interface HarborPath {
  readonly project: string;
  /** Name below the project; may contain slashes. */
  readonly repository: string;
}

/**
 * An artifact as Harbor stores it. `scan` is absent until a scan was requested, which does not mean that the artifact
 * is clean.
 */
export interface HarborArtifact {
  readonly digest: string;
  readonly scan?: Scan;
}

/** A scanner's report. */
export interface Report {
  /** JSON. */
  readonly text: string;
}

/** The result of requesting a scan. */
export type ScanStart = 'started' | 'no scanner' | 'not allowed' | 'absent';

/**
 * Requests to one Harbor. `not allowed` means that the account has no right to see something. Every other failure is
 * REGISTRY_UNREACHABLE, or REGISTRY_DENIED for credentials that Harbor does not accept.
 */
export interface Harbor {
  /**
   * Whether the registry is a Harbor. Asks until there is an answer, and then no more. REGISTRY_DENIED is not an
   * answer.
   */
  isHarbor(signal: AbortSignal): Promise<Outcome<boolean>>;
  /** Whether a project exists. Any account may ask. */
  hasProject(name: string, signal: AbortSignal): Promise<Outcome<boolean>>;
  /** Creates a private project; `there` if someone else was faster. */
  createProject(name: string, signal: AbortSignal): Promise<Outcome<'created' | 'there' | 'not allowed'>>;
  /** An artifact, by tag or digest; undefined if there is none. */
  artifact(
    path: HarborPath,
    reference: string,
    signal: AbortSignal,
  ): Promise<Outcome<HarborArtifact | 'not allowed' | undefined>>;
  startScan(path: HarborPath, digest: string, signal: AbortSignal): Promise<Outcome<ScanStart>>;
  /** The scanner's report of a finished scan. */
  report(path: HarborPath, digest: string, signal: AbortSignal): Promise<Outcome<Report | 'not allowed'>>;
}

/** What requests to Harbor need. */
export interface HarborOptions {
  readonly registry: Pick<Registry, 'push' | 'insecure' | 'help'>;
  readonly credentials: FindCredentials;
  readonly clock?: Clock;
  readonly fetch?: typeof fetch;
}

/** How long one request may take with all its tries, in milliseconds. */
const deadlineMs = 30_000;

/** The newest report type first. Older scanners know only the second. */
const reportTypes =
  'application/vnd.security.vulnerability.report; version=1.1, application/vnd.scanner.adapter.vuln.report.harbor+json; version=1.0';

/** `host/project/repository` in Harbor's terms; undefined for an image without a project. */
export function harborPath(repository: string): HarborPath | undefined {
  const { path } = splitRegistryName(repository);
  const slash = path.indexOf('/');
  return slash < 1 ? undefined : { project: path.slice(0, slash), repository: path.slice(slash + 1) };
}

/** Returns the requests. Sends nothing before the first one. */
export function createHarbor({ registry, credentials, clock = systemClock, fetch }: HarborOptions): Harbor {
  const { host } = splitRegistryName(registry.push);
  const subject: Subject = {
    host,
    insecure: registry.insecure,
    ...(registry.help === undefined ? {} : { help: registry.help }),
  };
  const ask = createAsk({ subject, clock, ...(fetch === undefined ? {} : { fetch }) });
  const base = `${registry.insecure ? 'http' : 'https'}://${host}/api/v2.0`;
  let isOne: boolean | undefined;

  async function send(
    method: 'GET' | 'HEAD' | 'POST',
    path: string,
    signal: AbortSignal,
    more: { readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> } = {},
  ): Promise<Outcome<Answer>> {
    // The API accepts a password at once and never asks for one, so it is sent with the first request.
    const found = await credentials(registry.push, signal);
    if (found.kind !== 'ok') return found;
    const { value } = found;
    const login =
      value?.kind === 'password'
        ? {
            authorization: `Basic ${Buffer.from(`${value.username}:${value.password}`).toString('base64')}`,
          }
        : {};
    const { body, headers } = more;
    const question = {
      url: `${base}${path}`,
      method,
      headers: {
        ...headers,
        ...login,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    };
    const answer = await ask(question, { at: clock.now() + deadlineMs, ms: deadlineMs }, signal);
    if (answer.kind !== 'ok' || answer.value.status !== 401) return answer;
    return failed(
      'REGISTRY_DENIED',
      value?.kind === 'password'
        ? `Harbor at ${host} does not accept the password of ${value.username}`
        : `Harbor at ${host} asks for credentials, but no password is known`,
      { hint: credentialsHint(host) },
    );
  }

  function unexpected({ status, body }: Answer, what: string): NotOk {
    const words = registryWords(body);
    return failed(
      'REGISTRY_UNREACHABLE',
      `${isOne === true ? 'Harbor at' : 'the registry'} ${host} could not ${what}: HTTP ${status}${words === '' ? '' : `: ${words}`}`,
      { hint: 'check its log, or try again later' },
    );
  }

  function unsaid(status: number): NotOk {
    const what = `the registry ${host} does not say whether it is a Harbor: it answered HTTP ${status} to a request that Harbor answers for everyone`;
    return failed('REGISTRY_DENIED', what, {
      hint: `check what a proxy in front of it lets through: curl ${base}/ping; if it is not a Harbor, remove --create-project and registry.harbor`,
    });
  }

  function artifactPath({ project, repository }: HarborPath, reference: string): string {
    // Encoded twice, because a proxy in front may decode once (Harbor's own document asks for it).
    const name = encodeURIComponent(encodeURIComponent(repository));
    return `/projects/${encodeURIComponent(project)}/repositories/${name}/artifacts/${reference}`;
  }

  return {
    async isHarbor(signal) {
      if (isOne !== undefined) return ok(isOne);
      // Without credentials, because they must not be shown before it is known to be a Harbor.
      const deadline = { at: clock.now() + deadlineMs, ms: deadlineMs };
      const answer = await ask({ url: `${base}/ping`, method: 'GET' }, deadline, signal);
      if (answer.kind !== 'ok') return answer;
      // What a server in trouble says is not an answer to this question.
      if (answer.value.status >= 500 || answer.value.status === 429)
        return unexpected(answer.value, 'say what it is');
      // A refusal by a proxy in front is not an answer either: Harbor itself asks nobody for a password here.
      if (answer.value.status === 401 || answer.value.status === 403) return unsaid(answer.value.status);
      isOne = answer.value.status === 200 && answer.value.body.trim() === '"Pong"';
      return ok(isOne);
    },

    async hasProject(name, signal) {
      const answer = await send('HEAD', `/projects?project_name=${encodeURIComponent(name)}`, signal);
      if (answer.kind !== 'ok') return answer;
      if (answer.value.status === 200) return ok(true);
      return answer.value.status === 404 ? ok(false) : unexpected(answer.value, `look for project ${name}`);
    },

    async createProject(name, signal) {
      const body = { project_name: name, metadata: { public: 'false' } };
      const answer = await send('POST', '/projects', signal, { body });
      if (answer.kind !== 'ok') return answer;
      const { status } = answer.value;
      if (status === 201) return ok('created');
      if (status === 409) return ok('there');
      return status === 403 ? ok('not allowed') : unexpected(answer.value, `create project ${name}`);
    },

    async artifact(path, reference, signal) {
      const answer = await send('GET', `${artifactPath(path, reference)}?with_scan_overview=true`, signal, {
        headers: { 'x-accept-vulnerabilities': reportTypes },
      });
      if (answer.kind !== 'ok') return answer;
      const { status, body } = answer.value;
      if (status === 403) return ok('not allowed');
      if (status === 404) return ok(undefined);
      const content = parsed(body);
      const digest = stringAt(content, 'digest');
      if (status !== 200 || digest === undefined) return unexpected(answer.value, `show ${path.repository}`);
      const scan = scanOf(content);
      return ok({ digest, ...(scan === undefined ? {} : { scan }) });
    },

    async startScan(path, digest, signal) {
      const answer = await send('POST', `${artifactPath(path, digest)}/scan`, signal);
      if (answer.kind !== 'ok') return answer;
      const { status } = answer.value;
      // 409: a scan is already running.
      if (status === 202 || status === 409) return ok('started');
      if (status === 403) return ok('not allowed');
      if (status === 404) return ok('absent');
      return status === 412 ? ok('no scanner') : unexpected(answer.value, `scan ${path.repository}`);
    },

    async report(path, digest, signal) {
      const answer = await send('GET', `${artifactPath(path, digest)}/additions/vulnerabilities`, signal, {
        headers: { 'x-accept-vulnerabilities': reportTypes },
      });
      if (answer.kind !== 'ok') return answer;
      if (answer.value.status === 403) return ok('not allowed');
      if (answer.value.status === 200 && isFields(parsed(answer.value.body)))
        return ok({ text: answer.value.body });
      return unexpected(answer.value, `show the report of ${path.repository}`);
    },
  };
}

/** What to do if a Harbor does not know us. */
export function credentialsHint(host: string): string {
  return `set APPDEV_REGISTRY_HOST=${host}, APPDEV_REGISTRY_USER and APPDEV_REGISTRY_PASSWORD_FILE, or log in: buildah login ${host}`;
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
