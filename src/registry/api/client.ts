/**
 * Requests to one registry: reads manifests and tags, adds tags, puts manifests of layers that are already there, and
 * deletes manifests. Does not push layers; the builder does. endpoint.ts knows how to address the registry.
 */
import { failed, ok, type Outcome } from '../../core/outcome.ts';
import { configOf, messageIn, nextPage, tagsOf } from './answers.ts';
import { createEndpoint, type EndpointOptions, type Manifest } from './endpoint.ts';
import { isDigest, isTag } from '../reference.ts';
import { putManifestAs, uploadText } from './upload.ts';
import type { ManifestReader } from '../types.ts';

/**
 * Requests to one registry. Repositories are full names as pushed, with the registry's host, without tag. Every failure
 * is an outcome: REGISTRY_UNREACHABLE, REGISTRY_DENIED, REGISTRY_REFUSED.
 */
export interface RegistryClient extends ManifestReader {
  /** Succeeds if a registry answers with its API and accepts our login. */
  ping(signal: AbortSignal): Promise<Outcome<void>>;
  /**
   * What a tag names: the manifest's digest and, for a plain image, the digest of its configuration, which is Buildah's
   * image id. Undefined if there is none, if it is an index, or if the registry does not allow pulling it.
   */
  imageAt(
    repository: string,
    tag: string,
    signal: AbortSignal,
  ): Promise<Outcome<{ readonly digest: string; readonly imageId: string } | undefined>>;
  /**
   * Whether an existing manifest may be pulled. If a project prevents it, Harbor answers 412 with its reason, and a
   * node would get the same answer.
   */
  pullability(
    repository: string,
    digest: string,
    signal: AbortSignal,
  ): Promise<Outcome<{ readonly kind: 'allowed' } | { readonly kind: 'prevented'; readonly words: string }>>;
  /** A manifest, by tag or digest; undefined if there is none. */
  getManifest(
    repository: string,
    reference: string,
    signal: AbortSignal,
  ): Promise<Outcome<Manifest | undefined>>;
  /**
   * A small blob of text, such as an image's configuration; undefined if there is none. The caller must check its
   * digest.
   */
  getBlob(repository: string, digest: string, signal: AbortSignal): Promise<Outcome<string | undefined>>;
  /**
   * Deletes a manifest, and with it every tag that names it. `absent`: there was none. `unsupported`: this registry
   * does not delete (that is the default of the registry image in kind's guide). The registry frees the space of layers
   * later.
   */
  deleteManifest(
    repository: string,
    digest: string,
    signal: AbortSignal,
  ): Promise<Outcome<'deleted' | 'absent' | 'unsupported'>>;
  /**
   * Adds a tag to an existing manifest, unless it already has it. A tag that names another manifest moves. Fails with
   * TAG_IMMUTABLE if the registry does not let it move, or with PUSH_FAILED if there is no such manifest.
   */
  putTag(repository: string, digest: string, tag: string, signal: AbortSignal): Promise<Outcome<void>>;
  /** Uploads a text as a blob, such as an image's configuration. Returns its digest. May fail with QUOTA_EXCEEDED. */
  putText(repository: string, text: string, signal: AbortSignal): Promise<Outcome<string>>;
  /**
   * Puts a manifest under a tag; every blob that it names must be in the repository. A tag that names another manifest
   * moves. Fails with TAG_IMMUTABLE if the registry does not let it move. May fail with QUOTA_EXCEEDED.
   */
  putManifest(
    repository: string,
    tag: string,
    manifest: Omit<Manifest, 'digest'>,
    signal: AbortSignal,
  ): Promise<Outcome<void>>;
  /** All tags of a repository, in the registry's order; empty if there is no such repository. */
  listTags(repository: string, signal: AbortSignal): Promise<Outcome<readonly string[]>>;
}

/** What a client needs. */
export interface ClientOptions extends EndpointOptions {
  /** Returns the digest of a tag whose manifest a policy does not allow reading (HTTP 412, Harbor). */
  readonly digestOf?: ManifestReader['headManifest'];
}

/** More pages than any of our repositories has. A registry whose links form a circle ends here. */
const maxPages = 1000;

/** Returns a client. Contacts nothing before the first request. Uses plain HTTP only if `insecure` is declared. */
export function createRegistryClient(options: ClientOptions): RegistryClient {
  const { registry } = options;
  const api = createEndpoint(options);
  const { host } = api;

  return {
    async ping(signal) {
      const answer = await api.send(
        { url: api.url, method: 'GET' },
        registry.push,
        api.deadlineNow(),
        signal,
      );
      if (answer.kind !== 'ok') return answer;
      return answer.value.status === 200 ? ok(undefined) : api.refusal(answer.value, 'use its API at /v2/');
    },

    async headManifest(repository, reference, signal) {
      const deadline = api.deadlineNow();
      const answer = await api.askManifest('HEAD', repository, reference, deadline, signal);
      if (answer.kind !== 'ok') return answer;
      if (answer.value === undefined) return ok(undefined);
      if (answer.value.status === 412) {
        // A policy forbids pulling what exists (if it did not exist, Harbor would answer 404). If it was requested by
        // digest, that is the answer.
        if (isDigest(reference)) return ok({ digest: reference });
        return (
          (await options.digestOf?.(repository, reference, signal)) ??
          api.refusal(answer.value, `read ${repository}`)
        );
      }
      const digest = answer.value.headers.get('docker-content-digest');
      if (digest !== null && isDigest(digest)) return ok({ digest });
      // The specification makes this header optional. The content always has the digest.
      const whole = await api.readManifest(repository, reference, deadline, signal);
      if (whole.kind !== 'ok') return whole;
      return ok(whole.value === undefined ? undefined : { digest: whole.value.digest });
    },

    async pullability(repository, digest, signal) {
      const deadline = api.deadlineNow();
      const head = await api.askManifest('HEAD', repository, digest, deadline, signal);
      if (head.kind !== 'ok') return head;
      if (head.value?.status !== 412) return ok({ kind: 'allowed' });
      const answer = await api.askManifest('GET', repository, digest, deadline, signal);
      if (answer.kind !== 'ok') return answer;
      const words = messageIn(answer.value?.body ?? '') ?? 'HTTP 412';
      return answer.value?.status === 412 ? ok({ kind: 'prevented', words }) : ok({ kind: 'allowed' });
    },

    async imageAt(repository, tag, signal) {
      const deadline = api.deadlineNow();
      const head = await api.askManifest('HEAD', repository, tag, deadline, signal);
      if (head.kind !== 'ok') return head;
      if (head.value?.status !== 200) return ok(undefined);
      const found = await api.readManifest(repository, tag, deadline, signal);
      if (found.kind !== 'ok' || found.value === undefined) return found as Outcome<undefined>;
      const imageId = configOf(found.value.body);
      return ok(imageId === undefined ? undefined : { digest: found.value.digest, imageId });
    },

    getManifest: async (repository, reference, signal) =>
      await api.readManifest(repository, reference, api.deadlineNow(), signal),

    async getBlob(repository, digest, signal) {
      const url = api.urlOf(repository, `blobs/${digest}`);
      if (url.kind !== 'ok') return url;
      if (!isDigest(digest)) throw new Error(`not a digest: ${digest}`);
      const answer = await api.send({ url: url.value, method: 'GET' }, repository, api.deadlineNow(), signal);
      if (answer.kind !== 'ok') return answer;
      if (answer.value.status === 404) return ok(undefined);
      return answer.value.status === 200
        ? ok(answer.value.body)
        : api.refusal(answer.value, `read ${repository}`);
    },

    async deleteManifest(repository, digest, signal) {
      const url = api.urlOf(repository, `manifests/${digest}`);
      if (url.kind !== 'ok') return url;
      if (!isDigest(digest)) throw new Error(`not a digest: ${digest}`);
      const answer = await api.send(
        { url: url.value, method: 'DELETE' },
        repository,
        api.deadlineNow(),
        signal,
      );
      if (answer.kind !== 'ok') return answer;
      const { status } = answer.value;
      if (status === 202 || status === 200 || status === 204) return ok('deleted');
      if (status === 404) return ok('absent');
      return status === 405 ? ok('unsupported') : api.refusal(answer.value, `delete from ${repository}`);
    },

    async putTag(repository, digest, tag, signal) {
      if (!isTag(tag)) throw new Error(`not a tag: ${tag}`);
      const deadline = api.deadlineNow();
      const before = await api.askManifest('HEAD', repository, tag, deadline, signal);
      if (before.kind !== 'ok') return before;
      if (before.value?.headers.get('docker-content-digest') === digest) return ok(undefined);
      const found = await api.readManifest(repository, digest, deadline, signal);
      if (found.kind !== 'ok') return found;
      if (found.value === undefined) {
        return failed('PUSH_FAILED', `the registry ${host} has no ${repository}@${digest} to tag`, {
          hint: 'someone deleted it in the meantime; build again',
        });
      }
      return await putManifestAs(api, repository, tag, found.value, deadline, signal);
    },

    putText: async (repository, text, signal) => await uploadText(api, repository, text, signal),

    putManifest: async (repository, tag, manifest, signal) =>
      await putManifestAs(api, repository, tag, manifest, api.deadlineNow(), signal),

    async listTags(repository, signal) {
      const first = api.urlOf(repository, 'tags/list');
      if (first.kind !== 'ok') return first;
      const deadline = api.deadlineNow();
      const tags: string[] = [];
      let url = first.value;
      for (let page = 0; page < maxPages; page += 1) {
        const answer = await api.send({ url, method: 'GET' }, repository, deadline, signal);
        if (answer.kind !== 'ok') return answer;
        if (answer.value.status === 404) return ok([]);
        const found = answer.value.status === 200 ? tagsOf(answer.value.body) : undefined;
        if (found === undefined) return api.refusal(answer.value, `list ${repository}`);
        tags.push(...found);
        const next = nextPage(answer.value.headers.get('link'), url);
        if (next === undefined) break;
        url = next;
      }
      return ok(tags);
    },
  };
}
