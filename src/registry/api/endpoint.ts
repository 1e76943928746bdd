/**
 * One registry's API, by the OCI distribution specification: how to address a repository in it, how to send requests
 * about it, and the manifests in it. Contacts no other registry: a repository elsewhere is REGISTRY_REFUSED.
 */
import { createHash } from 'node:crypto';
import { failed, ok, type NotOk, type Outcome } from '../../core/outcome.ts';
import { systemClock } from '../../support/clock.ts';
import { refused, registryWords, type Subject } from './failures.ts';
import { apiAddress, isDigest, isTag, splitRegistryName } from '../reference.ts';
import type { Answer, Deadline } from './request.ts';
import { createSignedAsk, type SignedAsk, type SignedAskOptions } from './signed-ask.ts';
import type { Registry } from '../types.ts';

/** A manifest as the registry stores it. */
export interface Manifest {
  /** Digest over the bytes of `body`. */
  readonly digest: string;
  readonly mediaType: string;
  /** JSON. */
  readonly body: string;
}

/** What an endpoint needs. */
export interface EndpointOptions extends Omit<SignedAskOptions, 'subject'> {
  readonly registry: Pick<Registry, 'push' | 'insecure' | 'help'>;
  /** How long one call may take with all its retries, in milliseconds. Default 30 000. */
  readonly deadlineMs?: number;
}

/** The API of one registry. Repositories are full names as pushed, with the registry's host, without tag. */
export interface Endpoint extends SignedAsk {
  /** `host[:port]`. */
  readonly host: string;
  /** Address of the API itself. */
  readonly url: string;
  /**
   * The address of something in a repository, such as `tags/list`. Fails with REGISTRY_REFUSED if the repository is not
   * in this registry.
   */
  urlOf(repository: string, path: string): Outcome<string>;
  /** The deadline for a call that begins now. */
  deadlineNow(): Deadline;
  /**
   * The failure that an answer means. `what`: what was to be done, for the message, such as `read
   * localhost:5001/orders`.
   */
  refusal(answer: Answer, what: string): NotOk;
  /**
   * Requests a manifest by tag or digest. Undefined if there is none. Otherwise the status is 200, or 412 if a policy
   * does not allow pulling it.
   */
  askManifest(
    method: 'GET' | 'HEAD',
    repository: string,
    reference: string,
    deadline: Deadline,
    signal: AbortSignal,
  ): Promise<Outcome<Answer | undefined>>;
  /** A manifest by tag or digest, with its content checked against the digest; undefined if there is none. */
  readManifest(
    repository: string,
    reference: string,
    deadline: Deadline,
    signal: AbortSignal,
  ): Promise<Outcome<Manifest | undefined>>;
}

const defaultDeadlineMs = 30_000;

/** Every kind of manifest that a push may create. A registry chooses from this list. */
const manifestTypes = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
].join(', ');

/** Returns the endpoint. Contacts nothing before the first request. Uses plain HTTP only if `insecure` is declared. */
export function createEndpoint(options: EndpointOptions): Endpoint {
  const { registry, deadlineMs = defaultDeadlineMs, clock = systemClock } = options;
  const { host } = splitRegistryName(registry.push);
  const subject: Subject = {
    host,
    insecure: registry.insecure,
    ...(registry.help === undefined ? {} : { help: registry.help }),
  };
  const ask = createSignedAsk({ ...options, subject });
  const base = `${registry.insecure ? 'http' : 'https'}://${apiAddress(host, '').host}/v2/`;
  const deadlineNow = (): Deadline => ({ at: clock.now() + deadlineMs, ms: deadlineMs });

  function urlOf(repository: string, path: string): Outcome<string> {
    if (!repository.startsWith(`${registry.push}/`)) {
      return failed('REGISTRY_REFUSED', `${repository} is not in the registry ${registry.push}`, {
        hint: 'images go only to the registry that is configured or that was found for this cluster',
      });
    }
    return ok(`${base}${apiAddress(host, splitRegistryName(repository).path).path}/${path}`);
  }

  function refusal(answer: Answer, what: string): NotOk {
    return refused(subject, answer.status, what, ask.withoutSecrets(registryWords(answer.body)));
  }

  async function askManifest(
    method: 'GET' | 'HEAD',
    repository: string,
    reference: string,
    deadline: Deadline,
    signal: AbortSignal,
  ): Promise<Outcome<Answer | undefined>> {
    const url = urlOf(repository, `manifests/${reference}`);
    if (url.kind !== 'ok') return url;
    if (!isTag(reference) && !isDigest(reference)) throw new Error(`neither tag nor digest: ${reference}`);
    const question = { url: url.value, method, headers: { accept: manifestTypes } };
    const answer = await ask.send(question, repository, deadline, signal);
    if (answer.kind !== 'ok') return answer;
    if (answer.value.status === 404) return ok(undefined);
    return answer.value.status === 200 || answer.value.status === 412
      ? answer
      : refusal(answer.value, `read ${repository}`);
  }

  async function readManifest(
    repository: string,
    reference: string,
    deadline: Deadline,
    signal: AbortSignal,
  ): Promise<Outcome<Manifest | undefined>> {
    const answer = await askManifest('GET', repository, reference, deadline, signal);
    if (answer.kind !== 'ok') return answer;
    if (answer.value === undefined) return ok(undefined);
    if (answer.value.status === 412) return refusal(answer.value, `read ${repository}`);
    const { body, headers } = answer.value;
    const algorithm = reference.startsWith('sha512:') ? 'sha512' : 'sha256';
    const digest = `${algorithm}:${createHash(algorithm).update(body).digest('hex')}`;
    if (isDigest(reference) && digest !== reference) {
      return failed(
        'REGISTRY_UNREACHABLE',
        `the registry ${host} has damaged content: ${reference} is ${digest}`,
        {
          hint: 'its storage is damaged, or a proxy in between changes answers; push the image again',
        },
      );
    }
    return ok({ digest, mediaType: headers.get('content-type') ?? '', body });
  }

  return { ...ask, host, url: base, urlOf, deadlineNow, refusal, askManifest, readManifest };
}
