/**
 * Pushes an image, and then checks that the registry has the digest. If the tag already names this very image, that is
 * a success without a push, even if tags cannot be overwritten.
 */
import { readFile, rm } from 'node:fs/promises';
import type { AppdevError } from '../../../core/errors.ts';
import { failed, ok, type Outcome } from '../../../core/outcome.ts';
import type { RegistryClient } from '../../../registry/api/client.ts';
import { splitRegistryName } from '../../../registry/reference.ts';
import type { Registry } from '../../../registry/types.ts';
import { systemClock, type Clock } from '../../../support/clock.ts';
import { diskFull, saysDiskFull } from '../../../support/files/disk-full.ts';
import type { BuildahAccess } from './access.ts';
import type { Buildah } from './session.ts';
import { transferFailure } from '../transfer/errors.ts';
import { inTries, noOwnRetries } from '../transfer/tries.ts';

/** One push. */
export interface PushRequest {
  readonly imageId: string;
  readonly registry: Registry;
  /** With the registry's host, without tag. */
  readonly repository: string;
  readonly tag: string;
  /** A file that nobody else uses. It is removed again. */
  readonly digestFile: string;
  /** How Buildah signs in. */
  readonly access: BuildahAccess;
}

/** What a push needs to read from the registry. */
export type PushReader = Pick<RegistryClient, 'headManifest' | 'imageAt'>;

/** A digest in the registry, and whether it was already there. */
export interface Pushed {
  readonly digest: string;
  readonly wasThere: boolean;
}

/**
 * Pushes. The value is the digest of the manifest, as the registry has it. Fails with REGISTRY_…, TAG_IMMUTABLE,
 * QUOTA_EXCEEDED, PUSH_FAILED or DISK_FULL.
 */
export async function pushImage(
  buildah: Buildah,
  reader: PushReader,
  request: PushRequest,
  signal: AbortSignal,
  onRetry: (message: string) => void,
  clock: Clock = systemClock,
): Promise<Outcome<Pushed>> {
  const { registry, repository, tag } = request;
  const { host } = splitRegistryName(registry.push);
  // If it cannot be read, push anyway: the push says in full what is wrong.
  const before = await reader.imageAt(repository, tag, signal);
  if (before.kind === 'cancelled') return before;
  if (before.kind === 'ok' && before.value?.imageId === request.imageId)
    return ok({ digest: before.value.digest, wasThere: true });
  const pushed = await inTries(
    {
      attempt: async (fresh) => await tryOnce(buildah, request, fresh, signal),
      failureOf: (lines) => transferFailure(`pushing ${repository}`, host, lines),
      // If this account cannot even read, it has no token that could have expired.
      stranger: before.kind === 'failed' && before.error.code === 'REGISTRY_DENIED',
      onRetry,
    },
    clock,
    signal,
  );
  if (pushed.kind === 'failed' && pushed.error.code === 'TAG_IMMUTABLE')
    return await takenTag(buildah, reader, request, pushed.error, signal);
  if (pushed.kind !== 'ok') return pushed;
  const digest = (await readFile(request.digestFile, 'utf8')).trim();
  await rm(request.digestFile, { force: true });
  const there = await reader.headManifest(repository, digest, signal);
  if (there.kind !== 'ok') return there;
  if (there.value?.digest === digest) return ok({ digest, wasThere: false });
  return failed('PUSH_FAILED', `${host} accepted ${repository}:${request.tag} but does not have ${digest}`, {
    hint: `check the registry's log, and ask the registry: curl http://${host}/v2/${repository.slice(host.length + 1)}/tags/list`,
  });
}

/**
 * Handles a tag that must not be overwritten. It is a success if it names this image. If the registry does not let this
 * account read the manifest, the digest is found without its help.
 */
async function takenTag(
  buildah: Buildah,
  reader: PushReader,
  { imageId, repository, tag, digestFile }: PushRequest,
  error: AppdevError,
  signal: AbortSignal,
): Promise<Outcome<Pushed>> {
  const there = await reader.headManifest(repository, tag, signal);
  if (there.kind === 'cancelled') return there;
  if (there.kind !== 'ok' || there.value === undefined) return { kind: 'failed', error };
  const { digest } = there.value;
  const layout = `${digestFile}.layout`;
  try {
    const args = ['push', '-q', '--digestfile', digestFile, imageId, `oci:${layout}:image`];
    const packed = await buildah.run({ args }, { signal });
    if (packed.kind !== 'ok') return packed;
    const own = packed.value.exitCode === 0 ? (await readFile(digestFile, 'utf8')).trim() : undefined;
    if (own === digest) return ok({ digest, wasThere: true });
    return {
      kind: 'failed',
      error: { ...error, message: `${error.message}; it names another image, ${digest}` },
    };
  } finally {
    await rm(layout, { recursive: true, force: true });
    await rm(digestFile, { force: true });
  }
}

/** The output of a failed push; undefined after a success. `fresh`: the last login was refused. */
async function tryOnce(
  buildah: Buildah,
  { imageId, registry, repository, tag, digestFile, access }: PushRequest,
  fresh: boolean,
  signal: AbortSignal,
): Promise<Outcome<readonly string[] | undefined>> {
  const env = await access.env(fresh, signal);
  if (env.kind !== 'ok') return env;
  const finished = await buildah.run(
    {
      args: [
        'push',
        '-q',
        ...noOwnRetries,
        ...(registry.insecure ? ['--tls-verify=false'] : []),
        ...access.flags,
        '--digestfile',
        digestFile,
        imageId,
        `docker://${repository}:${tag}`,
      ],
      env: env.value,
    },
    { signal },
  );
  if (finished.kind !== 'ok') return finished;
  const { exitCode, lines } = finished.value;
  if (exitCode === 0) return ok(undefined);
  if (!lines.some(saysDiskFull)) return ok(lines);
  const details = { exit: 5, evidence: lines.slice(-3) };
  return await diskFull(`pushing ${repository}`, buildah.folders(), details);
}
