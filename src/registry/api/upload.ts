/**
 * Writes what is small into a repository: a blob of text, and a manifest under a tag. Layers are pushed by the builders.
 * Follows the OCI distribution specification.
 */
import { createHash } from 'node:crypto';
import { failed, ok, type NotOk, type Outcome } from '../../core/outcome.ts';
import type { Endpoint, Manifest } from './endpoint.ts';
import { registryWords } from './failures.ts';
import type { Answer, Deadline } from './request.ts';
import { isTag } from '../reference.ts';

/**
 * Uploads a text as a blob, in one piece: POST says where to, PUT sends it. Returns its digest. Fails with
 * QUOTA_EXCEEDED, or as the registry fails.
 */
export async function uploadText(
  api: Endpoint,
  repository: string,
  text: string,
  signal: AbortSignal,
): Promise<Outcome<string>> {
  const digest = `sha256:${createHash('sha256').update(text).digest('hex')}`;
  const start = api.urlOf(repository, 'blobs/uploads/');
  if (start.kind !== 'ok') return start;
  const deadline = api.deadlineNow();
  const begun = await api.send({ url: start.value, method: 'POST' }, repository, deadline, signal);
  if (begun.kind !== 'ok') return begun;
  const url = begun.value.status === 202 ? uploadUrl(begun.value, start.value, digest) : undefined;
  if (url === undefined) return writeRefused(api, begun.value, repository);
  const headers = { 'content-type': 'application/octet-stream' };
  const put = await api.send({ url, method: 'PUT', headers, body: text }, repository, deadline, signal);
  if (put.kind !== 'ok') return put;
  return put.value.status === 201 ? ok(digest) : writeRefused(api, put.value, repository);
}

/**
 * Puts a manifest under a tag. A tag that names another manifest moves. Fails with TAG_IMMUTABLE if the registry does not
 * let it move, with QUOTA_EXCEEDED, or as the registry fails.
 */
export async function putManifestAs(
  api: Endpoint,
  repository: string,
  tag: string,
  { mediaType, body }: Omit<Manifest, 'digest'>,
  deadline: Deadline,
  signal: AbortSignal,
): Promise<Outcome<void>> {
  const url = api.urlOf(repository, `manifests/${tag}`);
  if (url.kind !== 'ok') return url;
  if (!isTag(tag)) throw new Error(`not a tag: ${tag}`);
  const put = { url: url.value, method: 'PUT', headers: { 'content-type': mediaType }, body } as const;
  const answer = await api.send(put, repository, deadline, signal);
  if (answer.kind !== 'ok') return answer;
  const { status } = answer.value;
  if (status === 201 || status === 200) return ok(undefined);
  if (status !== 409 && status !== 412) return writeRefused(api, answer.value, `${repository}:${tag}`);
  const words = api.withoutSecrets(registryWords(answer.value.body));
  return failed(
    'TAG_IMMUTABLE',
    `the registry ${api.host} does not allow moving ${repository}:${tag}: ${words}`,
    {
      hint: 'change `tags.template` so that it makes another tag, or change the rule that protects this one',
    },
  );
}

/**
 * Where the registry wants the upload. Always on the server that was asked: a registry behind a proxy may name itself
 * otherwise (http instead of https, its inner host), and the request carries our login.
 */
function uploadUrl({ headers }: Answer, asked: string, digest: string): string | undefined {
  const location = headers.get('location');
  if (location === null || !URL.canParse(location, asked)) return undefined;
  const { pathname, search } = new URL(location, asked);
  const url = new URL(`${pathname}${search}`, asked);
  url.searchParams.set('digest', digest);
  return url.href;
}

/** Harbor says 403 DENIED when a blob exceeds the quota of its project. */
function writeRefused(api: Endpoint, answer: Answer, what: string): NotOk {
  const words = api.withoutSecrets(registryWords(answer.body));
  if (!/exceed the configured upper limit|\bquota\b/i.test(words)) return api.refusal(answer, `push ${what}`);
  return failed(
    'QUOTA_EXCEEDED',
    `the registry ${api.host} has no room left for this project (quota): ${words}`,
    {
      hint: 'remove images of the project, or ask for a higher quota',
    },
  );
}
