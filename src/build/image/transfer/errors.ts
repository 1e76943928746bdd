/**
 * What the messages of Buildah, skopeo and Kaniko's executor about a push, pull or copy mean. Pure. Their exit codes tell
 * nothing, so that only the text tells a registry that is down from one that says no.
 */
import { appdevError, type AppdevError, type ErrorCode } from '../../../core/errors.ts';
import { withoutPasswords } from './redact.ts';
import { causeOf, messageIn, type TransferCause } from './cause.ts';

/** Why a push or pull failed, and whether another try may help. */
export interface TransferFailure {
  readonly error: AppdevError;
  /** `once`: a token may have run out in the middle. */
  readonly retry: 'yes' | 'once' | 'no';
}

/** Fits by the status of the answer, or by its words. */
interface Rule {
  readonly statuses?: readonly number[];
  readonly pattern?: RegExp;
  readonly code: ErrorCode;
  readonly what: string;
  readonly retry: TransferFailure['retry'];
  hint(registry: string): string;
}

/** What to type where the login is refused. */
export const loginHint = (registry: string): string => `log in: buildah login ${registry}`;
const running = (registry: string): string => `check that the registry runs: curl http://${registry}/v2/`;

/**
 * In order: the first that fits decides. A status that another try may change comes before any word: what else such an
 * answer says, a proxy may have written. Which statuses those are is what go-containerregistry and containers/image retry
 * by now; Buildah 1.28 and skopeo 1.9 do not retry 5xx themselves.
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
    hint: () => 'set registry.insecure: true in appdev.yaml if that is meant to be so',
  },
  {
    pattern: /x509:|\bcertificate\b|\btls: /i,
    code: 'REGISTRY_UNREACHABLE',
    what: 'has a certificate that is not trusted',
    retry: 'no',
    hint: (registry) =>
      `name the file of its authority by registry.ca in appdev.yaml, or put it into /etc/containers/certs.d/${registry}/ca.crt`,
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
    hint: () => 'remove images of the project, or have its quota raised',
  },
  {
    // Harbor: 412 PRECONDITION at the manifest, which Buildah shows without the number.
    pattern: /\bimmutable\b/i,
    code: 'TAG_IMMUTABLE',
    what: 'has this tag already and does not let it be written again',
    retry: 'no',
    hint: () => 'push another tag, or change the rule for immutable tags of the project',
  },
  {
    // Harbor: 401, and nothing that another login changes.
    pattern: /\bproject not found/i,
    code: 'REGISTRY_DENIED',
    what: 'has no such project',
    retry: 'no',
    hint: () => 'create the project, or mend its name in registry.push',
  },
  {
    // Registries that make no repository by a push (ECR): 404 NAME_UNKNOWN.
    pattern: /\bname[ _]unknown\b/i,
    code: 'PUSH_FAILED',
    what: 'has no repository of this name',
    retry: 'no',
    hint: () => 'create the repository there, or mend registry.push or image.repository in appdev.yaml',
  },
  {
    statuses: [403],
    pattern: /\bdenied\b|\bforbidden\b/i,
    code: 'REGISTRY_DENIED',
    what: 'does not let this user push there',
    retry: 'no',
    hint: () => 'check the rights of the account in the project, or log in as somebody else',
  },
  {
    statuses: [401],
    pattern: /\bunauthorized\b|authentication required/i,
    code: 'REGISTRY_DENIED',
    what: 'wants other credentials',
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
    what: 'takes no layer of this size (413)',
    retry: 'no',
    hint: () => 'raise the body limit of the proxy in front of it, e.g. client_max_body_size of nginx',
  },
  {
    statuses: [412],
    pattern: /Precondition Failed/i,
    code: 'PUSH_FAILED',
    what: 'does not let this tag be written again (412)',
    retry: 'no',
    hint: () => 'see the policies of the project',
  },
];

/**
 * Why the transfer of an image failed.
 *
 * @param doing `pushing orders to localhost:5001`. @param lines the tool's output; its last error counts.
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

/** The line that says what went wrong; Buildah's begins with `Error:`, skopeo's is a log entry. */
export function errorLine(lines: readonly string[]): string {
  const found = lines.findLast((line) => /^Error: /.test(line)) ?? lines.at(-1) ?? 'no message';
  return messageIn(found)
    .replace(/^Error: /, '')
    .replace(/^building at STEP "[^"]*": /, '');
}
