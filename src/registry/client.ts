/**
 * Talks to one registry by the OCI distribution specification: asks for manifests and tags, names and deletes manifests. It
 * pushes no images (that is the builder's) and speaks to no other registry: a repository elsewhere is REGISTRY_REFUSED.
 */
import { createHash } from 'node:crypto';
import { failed, ok, type NotOk, type Outcome } from '../outcome.ts';
import { systemClock } from '../support/clock.ts';
import { configOf, messageIn, nextPage, tagsOf } from './answers.ts';
import { refused, registryWords, type Subject } from './failures.ts';
import { apiAddress, isDigest, isTag, splitRegistryName } from './reference.ts';
import type { Answer, Deadline } from './request.ts';
import { createSignedAsk, type SignedAskOptions } from './signed-ask.ts';
import type { ManifestReader, Registry } from './types.ts';

/** A manifest as the registry keeps it. */
interface Manifest {
  /** Over the bytes of `body`. */
  readonly digest: string;
  readonly mediaType: string;
  /** JSON. */
  readonly body: string;
}

/**
 * Questions to one registry. Repositories are full names as pushed, with the registry's host, without tag. Every failure
 * is an outcome: REGISTRY_UNREACHABLE, REGISTRY_DENIED, REGISTRY_REFUSED.
 */
export interface RegistryClient extends ManifestReader {
  /** Succeeds when a registry answers by its API and lets us in. */
  ping(signal: AbortSignal): Promise<Outcome<void>>;
  /**
   * What a tag names: the manifest's digest and, for a plain image, the digest of its configuration, which is Buildah's
   * image id. Undefined where there is none, where it is an index, or where the registry does not let it be pulled.
   */
  imageAt(
    repository: string,
    tag: string,
    signal: AbortSignal,
  ): Promise<Outcome<{ readonly digest: string; readonly imageId: string } | undefined>>;
  /**
   * Whether a manifest that is there may be pulled: Harbor answers 412 where a project prevents it, with its reason, and a
   * node would get the same answer.
   */
  pullability(
    repository: string,
    digest: string,
    signal: AbortSignal,
  ): Promise<Outcome<{ readonly kind: 'allowed' } | { readonly kind: 'prevented'; readonly words: string }>>;
  /** A manifest by tag or digest; undefined where there is none. */
  getManifest(
    repository: string,
    reference: string,
    signal: AbortSignal,
  ): Promise<Outcome<Manifest | undefined>>;
  /** A small blob of text, such as an image's configuration; undefined where there is none. Its sum is the caller's to check. */
  getBlob(repository: string, digest: string, signal: AbortSignal): Promise<Outcome<string | undefined>>;
  /**
   * Deletes a manifest, and with it every tag that names it. `absent`: there was none. `unsupported`: this registry does
   * not delete (the default of the registry image that kind's guide uses). The registry frees the space of layers later.
   */
  deleteManifest(
    repository: string,
    digest: string,
    signal: AbortSignal,
  ): Promise<Outcome<'deleted' | 'absent' | 'unsupported'>>;
  /**
   * Gives a manifest that is there one more tag, unless it has it already; a tag that names another one moves.
   * TAG_IMMUTABLE where the registry does not let it move, PUSH_FAILED where there is no such manifest.
   */
  putTag(repository: string, digest: string, tag: string, signal: AbortSignal): Promise<Outcome<void>>;
  /** All tags of a repository, in the registry's order; empty where there is no such repository. */
  listTags(repository: string, signal: AbortSignal): Promise<Outcome<readonly string[]>>;
}

/** What a client needs. */
export interface ClientOptions extends Omit<SignedAskOptions, 'subject'> {
  readonly registry: Pick<Registry, 'push' | 'insecure' | 'help'>;
  /** How long one call may take with all its retries, in milliseconds; default 30 000. */
  readonly deadlineMs?: number;
  /** Asked for the digest of a tag whose manifest a policy keeps from being read (HTTP 412, Harbor). */
  readonly digestOf?: ManifestReader['headManifest'];
}

const defaultDeadlineMs = 30_000;

/** Every kind of manifest that a push may leave; a registry picks by this list. */
const manifestTypes = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
].join(', ');

/** More pages than any repository of ours has; a registry that links in circles ends here. */
const maxPages = 1000;

/** Makes a client. Nothing is contacted before the first question; plain HTTP only where `insecure` is declared. */
export function createRegistryClient(options: ClientOptions): RegistryClient {
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

  /** The repository's path in the API, or REGISTRY_REFUSED for one that is not below the registry's push name. */
  function pathOf(repository: string): Outcome<string> {
    if (!repository.startsWith(`${registry.push}/`)) {
      return failed('REGISTRY_REFUSED', `${repository} is not in the registry ${registry.push}`, {
        hint: 'images go only to the registry that is configured, or found for this cluster',
      });
    }
    return ok(apiAddress(host, splitRegistryName(repository).path).path);
  }

  function refusal(answer: Answer, what: string): NotOk {
    return refused(subject, answer.status, what, ask.withoutSecrets(registryWords(answer.body)));
  }

  async function manifest(
    method: 'GET' | 'HEAD',
    repository: string,
    reference: string,
    deadline: Deadline,
    signal: AbortSignal,
  ): Promise<Outcome<Answer | undefined>> {
    const path = pathOf(repository);
    if (path.kind !== 'ok') return path;
    if (!isTag(reference) && !isDigest(reference)) throw new Error(`neither tag nor digest: ${reference}`);
    const url = `${base}${path.value}/manifests/${reference}`;
    const answer = await ask.send(
      { url, method, headers: { accept: manifestTypes } },
      repository,
      deadline,
      signal,
    );
    if (answer.kind !== 'ok') return answer;
    if (answer.value.status === 404) return ok(undefined);
    return answer.value.status === 200 || answer.value.status === 412
      ? answer
      : refusal(answer.value, `read ${repository}`);
  }

  async function getManifest(
    repository: string,
    reference: string,
    deadline: Deadline,
    signal: AbortSignal,
  ): Promise<Outcome<Manifest | undefined>> {
    const answer = await manifest('GET', repository, reference, deadline, signal);
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
          hint: 'its storage is damaged or something in between changes answers; push the image again',
        },
      );
    }
    return ok({ digest, mediaType: headers.get('content-type') ?? '', body });
  }

  return {
    async ping(signal) {
      const answer = await ask.send({ url: base, method: 'GET' }, registry.push, deadlineNow(), signal);
      if (answer.kind !== 'ok') return answer;
      return answer.value.status === 200 ? ok(undefined) : refusal(answer.value, 'use its API at /v2/');
    },

    async headManifest(repository, reference, signal) {
      const deadline = deadlineNow();
      const answer = await manifest('HEAD', repository, reference, deadline, signal);
      if (answer.kind !== 'ok') return answer;
      if (answer.value === undefined) return ok(undefined);
      if (answer.value.status === 412) {
        // A policy forbids to pull what is there (Harbor answers 404 for what is not): asked by digest, that is the answer.
        if (isDigest(reference)) return ok({ digest: reference });
        return (
          (await options.digestOf?.(repository, reference, signal)) ??
          refusal(answer.value, `read ${repository}`)
        );
      }
      const digest = answer.value.headers.get('docker-content-digest');
      if (digest !== null && isDigest(digest)) return ok({ digest });
      // The specification leaves the header to the registry's good will; the content does not.
      const whole = await getManifest(repository, reference, deadline, signal);
      if (whole.kind !== 'ok') return whole;
      return ok(whole.value === undefined ? undefined : { digest: whole.value.digest });
    },

    async pullability(repository, digest, signal) {
      const deadline = deadlineNow();
      const head = await manifest('HEAD', repository, digest, deadline, signal);
      if (head.kind !== 'ok') return head;
      if (head.value?.status !== 412) return ok({ kind: 'allowed' });
      const answer = await manifest('GET', repository, digest, deadline, signal);
      if (answer.kind !== 'ok') return answer;
      const words = messageIn(answer.value?.body ?? '') ?? 'HTTP 412';
      return answer.value?.status === 412 ? ok({ kind: 'prevented', words }) : ok({ kind: 'allowed' });
    },

    async imageAt(repository, tag, signal) {
      const deadline = deadlineNow();
      const head = await manifest('HEAD', repository, tag, deadline, signal);
      if (head.kind !== 'ok') return head;
      if (head.value?.status !== 200) return ok(undefined);
      const found = await getManifest(repository, tag, deadline, signal);
      if (found.kind !== 'ok' || found.value === undefined) return found as Outcome<undefined>;
      const imageId = configOf(found.value.body);
      return ok(imageId === undefined ? undefined : { digest: found.value.digest, imageId });
    },

    getManifest: async (repository, reference, signal) =>
      await getManifest(repository, reference, deadlineNow(), signal),

    async getBlob(repository, digest, signal) {
      const path = pathOf(repository);
      if (path.kind !== 'ok') return path;
      if (!isDigest(digest)) throw new Error(`not a digest: ${digest}`);
      const url = `${base}${path.value}/blobs/${digest}`;
      const answer = await ask.send({ url, method: 'GET' }, repository, deadlineNow(), signal);
      if (answer.kind !== 'ok') return answer;
      if (answer.value.status === 404) return ok(undefined);
      return answer.value.status === 200
        ? ok(answer.value.body)
        : refusal(answer.value, `read ${repository}`);
    },

    async deleteManifest(repository, digest, signal) {
      const path = pathOf(repository);
      if (path.kind !== 'ok') return path;
      if (!isDigest(digest)) throw new Error(`not a digest: ${digest}`);
      const url = `${base}${path.value}/manifests/${digest}`;
      const answer = await ask.send({ url, method: 'DELETE' }, repository, deadlineNow(), signal);
      if (answer.kind !== 'ok') return answer;
      const { status } = answer.value;
      if (status === 202 || status === 200 || status === 204) return ok('deleted');
      if (status === 404) return ok('absent');
      return status === 405 ? ok('unsupported') : refusal(answer.value, `delete from ${repository}`);
    },

    async putTag(repository, digest, tag, signal) {
      const path = pathOf(repository);
      if (path.kind !== 'ok') return path;
      if (!isTag(tag)) throw new Error(`not a tag: ${tag}`);
      const deadline = deadlineNow();
      const before = await manifest('HEAD', repository, tag, deadline, signal);
      if (before.kind !== 'ok') return before;
      if (before.value?.headers.get('docker-content-digest') === digest) return ok(undefined);
      const found = await getManifest(repository, digest, deadline, signal);
      if (found.kind !== 'ok') return found;
      if (found.value === undefined) {
        return failed('PUSH_FAILED', `the registry ${host} has no ${repository}@${digest} to tag`, {
          hint: 'somebody deleted it meanwhile; build again',
        });
      }
      const { mediaType, body } = found.value;
      const url = `${base}${path.value}/manifests/${tag}`;
      const put = { url, method: 'PUT', headers: { 'content-type': mediaType }, body } as const;
      const answer = await ask.send(put, repository, deadline, signal);
      if (answer.kind !== 'ok') return answer;
      const { status } = answer.value;
      if (status === 201 || status === 200) return ok(undefined);
      if (status === 409 || status === 412) {
        const words = ask.withoutSecrets(registryWords(answer.value.body));
        return failed('TAG_IMMUTABLE', `the registry ${host} keeps ${repository}:${tag} as it is: ${words}`, {
          hint: 'let `tags.template` make another tag, or change the rule that keeps this one',
        });
      }
      return refusal(answer.value, `tag ${repository}:${tag}`);
    },

    async listTags(repository, signal) {
      const path = pathOf(repository);
      if (path.kind !== 'ok') return path;
      const deadline = deadlineNow();
      const tags: string[] = [];
      let url = `${base}${path.value}/tags/list`;
      for (let page = 0; page < maxPages; page += 1) {
        const answer = await ask.send({ url, method: 'GET' }, repository, deadline, signal);
        if (answer.kind !== 'ok') return answer;
        if (answer.value.status === 404) return ok([]);
        const found = answer.value.status === 200 ? tagsOf(answer.value.body) : undefined;
        if (found === undefined) return refusal(answer.value, `list ${repository}`);
        tags.push(...found);
        const next = nextPage(answer.value.headers.get('link'), url);
        if (next === undefined) break;
        url = next;
      }
      return ok(tags);
    },
  };
}
