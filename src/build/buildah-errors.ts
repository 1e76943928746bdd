/**
 * What Buildah's messages mean. Pure. Its exit code is 125 for nearly everything, so that only the text tells a registry
 * that is down from one that says no.
 */
import { appdevError, type AppdevError, type ErrorCode } from '../errors.ts';
import { withoutPasswords } from './redact.ts';

/** Why a push or pull failed, and whether another try may help. */
export interface TransferFailure {
  readonly error: AppdevError;
  /** `once`: a token may have run out in the middle. */
  readonly retry: 'yes' | 'once' | 'no';
}

interface Rule {
  readonly pattern: RegExp;
  readonly code: ErrorCode;
  readonly what: string;
  readonly retry: TransferFailure['retry'];
  hint(registry: string): string;
}

const credentials = (registry: string): string => `log in: buildah login ${registry}`;
const running = (registry: string): string => `check that the registry runs: curl http://${registry}/v2/`;

/**
 * In order: the first that fits decides. Which statuses are worth another try is what go-containerregistry and
 * containers/image retry by now; Buildah 1.28 does not retry 5xx itself.
 */
const rules: readonly Rule[] = [
  {
    pattern: /server gave HTTP response to HTTPS client/,
    code: 'REGISTRY_UNREACHABLE',
    what: 'speaks plain HTTP, which is not allowed for it',
    retry: 'no',
    hint: () => 'set registry.insecure: true in appdev.yaml if that is meant to be so',
  },
  {
    pattern: /x509:|certificate|tls: /i,
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
    pattern: /exceed the configured upper limit|quota/i,
    code: 'QUOTA_EXCEEDED',
    what: 'has no room left for this project (quota)',
    retry: 'no',
    hint: () => 'remove images of the project, or have its quota raised',
  },
  {
    // Harbor: 412 PRECONDITION at the manifest, which Buildah shows without the number.
    pattern: /immutable/i,
    code: 'TAG_IMMUTABLE',
    what: 'has this tag already and does not let it be written again',
    retry: 'no',
    hint: () => 'push another tag, or change the rule for immutable tags of the project',
  },
  {
    // Harbor: 401, and nothing that another login changes.
    pattern: /project \S+ not found/i,
    code: 'REGISTRY_DENIED',
    what: 'has no such project',
    retry: 'no',
    hint: () => 'create the project, or mend its name in registry.push',
  },
  {
    pattern: /denied|forbidden|\b403\b/i,
    code: 'REGISTRY_DENIED',
    what: 'does not let this user push there',
    retry: 'no',
    hint: () => 'check the rights of the account in the project, or log in as somebody else',
  },
  {
    pattern: /unauthorized|authentication required|\b401\b/i,
    code: 'REGISTRY_DENIED',
    what: 'wants other credentials',
    retry: 'once',
    hint: credentials,
  },
  {
    pattern: /toomanyrequests|\b429\b|Too Many Requests/i,
    code: 'REGISTRY_UNREACHABLE',
    what: 'answers too many requests (429)',
    retry: 'yes',
    hint: () => 'wait a minute and build again',
  },
  {
    pattern:
      /\b(?:500|502|503|504|499|408|522)\b|internal server error|bad gateway|service unavailable|gateway time-?out/i,
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
    pattern: /\b413\b|Request Entity Too Large/i,
    code: 'PUSH_FAILED',
    what: 'takes no layer of this size (413)',
    retry: 'no',
    hint: () => 'raise the body limit of the proxy in front of it, e.g. client_max_body_size of nginx',
  },
  {
    pattern: /\b412\b|Precondition Failed/i,
    code: 'PUSH_FAILED',
    what: 'does not let this tag be written again (412)',
    retry: 'no',
    hint: () => 'see the policies of the project',
  },
];

/** Why the transfer of an image failed. `doing`: `pushing orders to localhost:5001`. */
export function transferFailure(doing: string, registry: string, lines: readonly string[]): TransferFailure {
  const text = lines.join('\n');
  const evidence = lines.slice(-3).map(withoutPasswords);
  const rule = rules.find(({ pattern }) => pattern.test(text));
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

/**
 * Why the base of a Containerfile could not be pulled, and whether another try may help; undefined where the build failed
 * for another reason. A base that arrived whole has its manifest written.
 */
export function baseFailure(
  service: string,
  file: string,
  lines: readonly string[],
): TransferFailure | undefined {
  const last = errorLine(lines);
  if (!last.startsWith('creating build container: ')) return undefined;
  const named =
    /(?:initializing source|reading manifest \S+ in|pinging container registry) (?:docker:\/\/)?(\S+?):? /.exec(
      last,
    );
  const begun = lines.findLastIndex((line) => line.startsWith('Trying to pull '));
  const inPull = begun >= 0 && !lines.slice(begun).some((line) => line.startsWith('Writing manifest '));
  const base = inPull ? /^Trying to pull (\S+?)(?:\.\.\.)?$/.exec(lines[begun] ?? '')?.[1] : named?.[1];
  if (base === undefined) return undefined;
  const host = base.split('/', 1)[0] ?? base;
  const { error, retry } = transferFailure(`${service}: pulling ${base}`, host, lines);
  // Another login mends the one, the Containerfile or the registry the others.
  const hint =
    retry === 'once' ? credentials(host) : `check FROM in ${file}, or try by hand: buildah pull ${base}`;
  return { error: { ...error, code: 'BASE_IMAGE_MISSING', hint }, retry };
}

/** Why an image could not be built. */
export function buildFailure(service: string, file: string, lines: readonly string[]): AppdevError {
  const pull = baseFailure(service, file, lines);
  if (pull !== undefined) return pull.error;
  const last = withoutPasswords(errorLine(lines));
  const step = [...lines].reverse().find((line) => /^STEP \d+/.test(line));
  const where =
    step === undefined ? '' : ` at ${step.replace(/^(STEP [\d/]+): /, '$1 of '.concat(file, ': '))}`;
  const missing = /no such file or directory|no items matching glob|no sources? .*found|copier: stat/.test(
    last,
  );
  const hint = missing
    ? `check that the file is there and not excluded by .dockerignore; a jar has to be where the build leaves it (target/)`
    : `see the step in ${file}, or run it by hand: buildah bud -f ${file}`;
  return appdevError('IMAGE_BUILD_FAILED', `${service}: buildah failed${where}: ${last}`, {
    hint,
    evidence: lines.slice(-10).map(withoutPasswords),
  });
}

/** Whether a build failed because the image that it starts from is not in the storage. */
export function isBaseMissing(lines: readonly string[]): boolean {
  return lines.some((line) => /image not known|no such image|unable to find .* in local storage/.test(line));
}

/** The line that says what went wrong; Buildah's begins with `Error:`. */
function errorLine(lines: readonly string[]): string {
  const found = [...lines].reverse().find((line) => /^Error: /.test(line)) ?? lines.at(-1) ?? 'no message';
  return found.replace(/^Error: /, '').replace(/^building at STEP "[^"]*": /, '');
}
