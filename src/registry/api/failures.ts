/**
 * Turns what the network and a registry say into appdev's errors: which registry, what happened, what to type next.
 * Pure. Never passes on anything that could contain a credential: from a body it takes only the registry's own error
 * codes and messages.
 */
import { failed, type NotOk } from '../../core/outcome.ts';
import { codeOf, listAt, stringAt } from '../../support/fields.ts';

/** The registry that a message is about. */
export interface Subject {
  /** `host[:port]`, as the user knows it. */
  readonly host: string;
  readonly insecure: boolean;
  /** Documentation left by whoever set up the registry, for the case that it does not work. */
  readonly help?: string;
}

/** The failure of a request that got no answer. `error` is what fetch threw. */
export function unreachable(subject: Subject, error: unknown): NotOk {
  const { host, insecure } = subject;
  const code = codeOf(error);
  const said = connectionWords[code];
  if (said !== undefined) return down(subject, said);
  if (/CERT|SIGNATURE|ISSUER|ALTNAME/.test(code)) {
    return failed(
      'REGISTRY_UNREACHABLE',
      `the registry ${host} shows a certificate that is not trusted (${code})`,
      {
        hint: 'set registry.ca in appdev.yaml, or NODE_EXTRA_CA_CERTS, to the file of its certificate authority; appdev does not skip the check',
      },
    );
  }
  if (code === 'EPROTO' || code.startsWith('ERR_SSL')) {
    return failed('REGISTRY_UNREACHABLE', `the registry ${host} does not speak HTTPS (${code})`, {
      hint: 'if you want plain HTTP, write "insecure: true" under "registry:" in appdev.yaml',
    });
  }
  if (code.startsWith('HPE_')) {
    return failed('REGISTRY_UNREACHABLE', `${host} does not speak HTTP (${code})`, {
      hint: `another program is listening there; check the port${insecure ? '' : ' and the name'} of the registry`,
    });
  }
  return down(subject, `cannot be reached: ${messageOf(error)}`);
}

/** The failure if the deadline for one request ran out. `last` is the result of the last try. */
export function tooLate(subject: Subject, ms: number, last: string | undefined): NotOk {
  const why = last === undefined ? '' : `; the last try ${last}`;
  return down(subject, `gave no answer within ${Math.round(ms / 1000)} s${why}`);
}

function down(subject: Subject, what: string): NotOk {
  return failed('REGISTRY_UNREACHABLE', `the registry ${subject.host} ${what}`, {
    hint: runningHint(subject),
  });
}

function runningHint({ host, insecure, help }: Subject): string {
  const ask = `is it running? curl ${insecure ? 'http' : 'https'}://${host}/v2/`;
  return help === undefined ? ask : `${ask} (how it was set up: ${help})`;
}

const connectionWords: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refuses connections: nothing listens there',
  ECONNRESET: 'closed the connection in the middle',
  EPIPE: 'closed the connection in the middle',
  UND_ERR_SOCKET: 'closed the connection in the middle',
  ETIMEDOUT: 'does not answer',
  UND_ERR_CONNECT_TIMEOUT: 'does not answer',
  UND_ERR_HEADERS_TIMEOUT: 'does not answer in time',
  UND_ERR_BODY_TIMEOUT: 'does not answer in time',
  ENOTFOUND: 'is not known: there is no host of this name',
  EAI_AGAIN: 'is not known: the name service does not answer',
  EHOSTUNREACH: 'cannot be reached: there is no route to it',
  ENETUNREACH: 'cannot be reached: there is no network to it',
};

/** The words for one failed try, for a message about the last of several. */
export function tryWords(error: unknown): string {
  return connectionWords[codeOf(error)] ?? `failed: ${messageOf(error)}`;
}

/** True for a broken connection that may work at the next try. That is never true for a registry that does not exist. */
export function isTransient(error: unknown): boolean {
  return ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET', 'ETIMEDOUT', 'EAI_AGAIN'].includes(codeOf(error));
}

function messageOf(error: unknown): string {
  let message = String(error);
  for (let current = error; current instanceof Error; current = current.cause) message = current.message;
  return message;
}

/**
 * The failure for an answer: REGISTRY_DENIED for 401 and 403, REGISTRY_UNREACHABLE for the rest.
 *
 * @param what what was requested, as in "does not let us <what>": `read localhost:5001/orders`.
 * @param words the registry's own, from `registryWords`.
 */
export function refused(subject: Subject, status: number, what: string, words: string): NotOk {
  const { host, insecure } = subject;
  const said = words === '' ? `HTTP ${status}` : `HTTP ${status}: ${words}`;
  if (status === 401 || status === 403) {
    return failed('REGISTRY_DENIED', `the registry ${host} does not let us ${what}: ${said}`, {
      hint: `log in with an account that is allowed to: buildah login ${host}`,
    });
  }
  if (status === 400 && insecure && /HTTPS/.test(words)) {
    return failed('REGISTRY_UNREACHABLE', `the registry ${host} speaks HTTPS, not plain HTTP`, {
      hint: 'remove "insecure: true" under "registry:" in appdev.yaml',
    });
  }
  return failed('REGISTRY_UNREACHABLE', `the registry ${host} could not ${what}: ${said}`, {
    hint: runningHint(subject),
  });
}

/**
 * What a registry says in its errors (`CODE: message`), or the first line of a body that is not JSON. At most 200
 * characters.
 */
export function registryWords(body: string): string {
  let errors: readonly unknown[];
  try {
    errors = listAt(JSON.parse(body), 'errors');
  } catch {
    return clip(body.trim().split('\n')[0] ?? '');
  }
  const texts = errors.map((error) =>
    [stringAt(error, 'code'), stringAt(error, 'message')].filter(Boolean).join(': '),
  );
  return clip(texts.join(', '));
}

function clip(text: string): string {
  const printable = text.replace(/[^\P{C}]/gu, ' ');
  return printable.length > 200 ? `${printable.slice(0, 199)}…` : printable;
}
