/**
 * Pushes an image, and does not take the push's word for it: the digest has to be in the registry. Owns the retries,
 * because Buildah does not try again after a server error or a token that ran out.
 */
import { readFile, rm } from 'node:fs/promises';
import { failed, ok, type NotOk, type Outcome } from '../outcome.ts';
import type { ManifestReader, Registry } from '../registry/types.ts';
import { systemClock, type Clock } from '../support/clock.ts';
import { diskFull, saysDiskFull } from '../support/disk-full.ts';
import { transferFailure } from './buildah-errors.ts';
import type { Buildah } from './buildah-session.ts';

/** One push. */
export interface PushRequest {
  readonly imageId: string;
  readonly registry: Registry;
  /** With the registry's host, without tag. */
  readonly repository: string;
  readonly tag: string;
  /** A file that nobody else uses; removed again. */
  readonly digestFile: string;
}

/** Pauses before the second and third try, in milliseconds: the first for a hiccup, the last for a restart. */
const pausesMs = [500, 3000];

/** Pushes. Returns the digest of the manifest as the registry has it. Fails with REGISTRY_…, PUSH_FAILED or DISK_FULL. */
export async function pushImage(
  buildah: Buildah,
  reader: ManifestReader,
  request: PushRequest,
  signal: AbortSignal,
  onRetry: (message: string) => void,
  clock: Clock = systemClock,
): Promise<Outcome<string>> {
  const { registry, repository } = request;
  const host = registry.push.split('/', 1)[0] ?? registry.push;
  let tries = 0;
  for (;;) {
    tries += 1;
    const lines = await tryOnce(buildah, request, signal);
    if (lines.kind !== 'ok') return lines;
    if (lines.value === undefined) break;
    if (lines.value.some(saysDiskFull)) return await storageFull(buildah, repository, lines.value);
    const { error, retry } = transferFailure(`pushing ${repository}`, host, lines.value);
    const pauseMs = pausesMs[tries - 1];
    if (retry === 'no' || pauseMs === undefined || (retry === 'once' && tries > 1)) {
      return {
        kind: 'failed',
        error: tries === 1 ? error : { ...error, message: `${error.message} (${tries} tries)` },
      };
    }
    onRetry(`${error.message}; trying again in ${pauseMs / 1000} s`);
    await clock.sleep(pauseMs, signal);
  }
  const digest = (await readFile(request.digestFile, 'utf8')).trim();
  await rm(request.digestFile, { force: true });
  const there = await reader.headManifest(repository, digest, signal);
  if (there.kind !== 'ok') return there;
  if (there.value?.digest === digest) return ok(digest);
  return failed('PUSH_FAILED', `${host} took ${repository}:${request.tag} and does not have ${digest}`, {
    hint: `look at the registry's log, and ask it: curl http://${host}/v2/${repository.slice(host.length + 1)}/tags/list`,
  });
}

/** The output of a push that failed; undefined after one that succeeded. */
async function tryOnce(
  buildah: Buildah,
  { imageId, registry, repository, tag, digestFile }: PushRequest,
  signal: AbortSignal,
): Promise<Outcome<readonly string[] | undefined>> {
  const finished = await buildah.run(
    {
      args: [
        'push',
        '-q',
        // Its own retries are few, slow, and only after broken connections; version 1.28 ignores `--retry` itself.
        '--retry',
        '1',
        '--retry-delay',
        '10ms',
        ...(registry.insecure ? ['--tls-verify=false'] : []),
        '--digestfile',
        digestFile,
        imageId,
        `docker://${repository}:${tag}`,
      ],
    },
    { signal },
  );
  if (finished.kind !== 'ok') return finished;
  return ok(finished.value.exitCode === 0 ? undefined : finished.value.lines);
}

async function storageFull(buildah: Buildah, repository: string, lines: readonly string[]): Promise<NotOk> {
  return await diskFull(`pushing ${repository}`, buildah.folders(), { exit: 5, evidence: lines.slice(-3) });
}
