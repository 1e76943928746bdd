/**
 * What the messages of Buildah, skopeo and Kaniko's executor about a push, pull or copy mean. Pure. Their exit codes
 * say nothing, so only the text tells a registry that is down from one that refuses.
 */
import { appdevError, type AppdevError, type ErrorCode } from '../../../core/errors.ts';
import { withoutPasswords } from '../../../support/mask.ts';
import { causeOf, messageIn, type TransferCause } from './cause.ts';

/** Why a push or pull failed, and whether another try may help. */
export interface TransferFailure {
  readonly error: AppdevError;
  /** `once`: a token may have expired in the middle. */
  readonly retry: 'yes' | 'once' | 'no';
}

/** Matches by the status of the answer, or by its words. */
interface Rule {
  readonly statuses?: readonly number[];
  readonly pattern?: RegExp;
  readonly code: ErrorCode;
  readonly what: string;
  readonly retry: TransferFailure['retry'];
  hint(registry: string): string;
}

/** What to type if the login is refused. */
export const loginHint = (registry: string): string => `log in: buildah login ${registry}`;
const running = (registry: string): string => `check that the registry runs: curl http://${registry}/v2/`;

/**
 * The first rule that matches decides. A status that another try may change comes before any words, because the rest of
 * such an answer may come from a proxy. These are the statuses that go-containerregistry and containers/image retry
 * today; Buildah 1.28 and skopeo 1.9 themselves do not retry 5xx.
 */
const rules: readonly Rule[] = [
  {
    statuses: [429],
    pattern: /toomanyrequests|Too Many Requests/i,
    code: 'REGISTRY_UNREACHABLE',
    what: 'answers too many requests (429)',
    retry: 'yes',
    hint: () => 'wait a minute and build again',
  },
  {
    statuses: [408, 499, 500, 502, 503, 504, 522],
    code: 'REGISTRY_UNREACHABLE',
    what: 'answers with a server error',
    retry: 'yes',
    hint: running,
  },
  {
    pattern: /server gave HTTP response to HTTPS client/,
    code: 'REGISTRY_UNREACHABLE',
    what: 'speaks plain HTTP, which is not allowed for it',
    retry: 'no',
    hint: () => 'set registry.insecure: true in appdev.yaml if you want that',
  },
  {
    pattern: /x509:|\bcertificate\b|\btls: /i,
    code: 'REGISTRY_UNREACHABLE',
    what: 'has a certificate that is not trusted',
    retry: 'no',
    hint: (registry) =>
      `set registry.ca in appdev.yaml to the file of its certificate authority, or put that file at /etc/containers/certs.d/${registry}/ca.crt`,
  },
  {
    pattern: /no such host|Name or service not known/,
    code: 'REGISTRY_UNREACHABLE',
    what: 'has a name that cannot be resolved',
    retry: 'no',
    hint: () => 'check registry.push in appdev.yaml, and DNS',
  },
  {
    // Harbor: 403 DENIED at the end of a blob.
    pattern: /exceed the configured upper limit|\bquota\b/i,
    code: 'QUOTA_EXCEEDED',
    what: 'has no room left for this project (quota)',
    retry: 'no',
    hint: () => 'remove images of the project, or ask for a higher quota',
  },
  {
    // Harbor: 412 PRECONDITION at the manifest. Buildah shows it without the number.
    pattern: /\bimmutable\b/i,
    code: 'TAG_IMMUTABLE',
    what: 'already has this tag and does not allow overwriting it',
    retry: 'no',
    hint: () => 'push another tag, or change the rule for immutable tags of the project',
  },
  {
    // Harbor: 401, which no other login changes.
    pattern: /\bproject not found/i,
    code: 'REGISTRY_DENIED',
    what: 'has no such project',
    retry: 'no',
    hint: () => 'create the project, or fix its name in registry.push',
  },
  {
    // Registries that do not create a repository at a push (ECR): 404 NAME_UNKNOWN.
    pattern: /\bname[ _]unknown\b/i,
    code: 'PUSH_FAILED',
    what: 'has no repository of this name',
    retry: 'no',
    hint: () => 'create the repository there, or fix registry.push or image.repository in appdev.yaml',
  },
  {
    statuses: [403],
    pattern: /\bdenied\b|\bforbidden\b/i,
    code: 'REGISTRY_DENIED',
    what: 'does not let this user push there',
    retry: 'no',
    hint: () => 'check the rights of the account in the project, or log in as another user',
  },
  {
    statuses: [401],
    pattern: /\bunauthorized\b|authentication required/i,
    code: 'REGISTRY_DENIED',
    what: 'refuses the credentials',
    retry: 'once',
    hint: loginHint,
  },
  {
    pattern: /internal server error|bad gateway|service unavailable|gateway time-?out/i,
    code: 'REGISTRY_UNREACHABLE',
    what: 'answers with a server error',
    retry: 'yes',
    hint: running,
  },
  {
    pattern:
      /connection refused|connection reset|closed network connection|broken pipe|unexpected EOF|: EOF|i\/o timeout|TLS handshake timeout|no route to host|network is unreachable|context deadline/i,
    code: 'REGISTRY_UNREACHABLE',
    what: 'does not answer',
    retry: 'yes',
    hint: running,
  },
  {
    statuses: [413],
    pattern: /Request Entity Too Large/i,
    code: 'PUSH_FAILED',
    what: 'does not accept a layer of this size (413)',
    retry: 'no',
    hint: () => 'raise the body limit of the proxy in front of it, e.g. client_max_body_size of nginx',
  },
  {
    statuses: [412],
    pattern: /Precondition Failed/i,
    code: 'PUSH_FAILED',
    what: 'does not allow overwriting this tag (412)',
    retry: 'no',
    hint: () => 'check the policies of the project',
  },
];

/**
 * Explains why the transfer of an image failed.
 *
 * @param doing what was done: `pushing orders to localhost:5001`.
 * @param lines the tool's output. Its last error counts.
 */
export function transferFailure(doing: string, registry: string, lines: readonly string[]): TransferFailure {
  const cause = causeOf(lines);
  const evidence = lines.slice(-3).map(withoutPasswords);
  const rule = rules.find((one) => fits(one, cause));
  if (rule === undefined) {
    const last = errorLine(lines);
    return {
      error: appdevError('PUSH_FAILED', `${doing} failed: ${withoutPasswords(last)}`, {
        hint: running(registry),
        evidence,
      }),
      retry: 'no',
    };
  }
  return {
    error: appdevError(rule.code, `${doing} failed: ${registry} ${rule.what}`, {
      hint: rule.hint(registry),
      evidence,
    }),
    retry: rule.retry,
  };
}

function fits({ statuses, pattern }: Rule, { status, text }: TransferCause): boolean {
  if (status !== undefined && statuses?.includes(status) === true) return true;
  return pattern?.test(text) === true;
}

/** How many causes of one error a message names. */
const maxCauses = 5;

/**
 * What went wrong, in one line. Buildah's begins with `Error:`, skopeo's is a log entry. A list of several causes stands
 * indented below.
 */
export function errorLine(lines: readonly string[]): string {
  const start = lines.findLastIndex((line) => /^Error: /.test(line));
  const below = start < 0 ? [] : lines.slice(start + 1).filter((line) => /^\s+\S/.test(line));
  const found = lines[start] ?? lines.at(-1) ?? 'no message';
  return [messageIn(found), ...below.slice(0, maxCauses).map((line) => line.trim())]
    .join(' ')
    .replace(/^Error: /, '')
    .replace(/^building at STEP "[^"]*": /, '');
}
