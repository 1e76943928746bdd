/**
 * Looks at an image in any registry without pulling it: its digest, and what its configuration says. For builders that
 * have no storage of their own to look into. Reads only.
 */
import { createHash } from 'node:crypto';
import { failed, ok, type Outcome } from '../../core/outcome.ts';
import { listAt, stringAt } from '../../support/fields.ts';
import { createRegistryClient, type RegistryClient } from './client.ts';
import type { FindCredentials } from '../types.ts';
import { parseReference } from '../reference.ts';

/** What is known about an image. */
export interface ImageFacts {
  /** `host/path` without tag. Includes the host even if the user's name leaves it out. */
  readonly repository: string;
  /** Digest of the manifest, or of the index if the image is one of several platforms. */
  readonly digest: string;
  /** USER of the image; empty if it has none. */
  readonly user: string;
  /** True if it has instructions for builds on it (ONBUILD). Absent if not. */
  readonly triggers?: true;
}

/** How to look. */
export interface ImageLook {
  readonly credentials: FindCredentials;
  /** True if plain HTTP is allowed for a host. */
  readonly insecure: (host: string) => boolean;
  /** The fetch for a host; undefined for Node's own. */
  readonly fetchFor?: (host: string) => typeof fetch | undefined;
}

/**
 * Looks at an image by its name. Undefined if the registry has none. Fails with REGISTRY_UNREACHABLE or
 * REGISTRY_DENIED.
 */
export async function lookAtImage(
  name: string,
  look: ImageLook,
  signal: AbortSignal,
): Promise<Outcome<ImageFacts | undefined>> {
  const reference = parseReference(name);
  if (reference === undefined) throw new Error(`an unchecked image reference: ${name}`);
  const host = reference.host ?? 'docker.io';
  // Docker Hub's own images have no folder in their names.
  const folder = host === 'docker.io' && !reference.path.includes('/') ? 'library/' : '';
  const repository = `${host}/${folder}${reference.path}`;
  const fetchNow = look.fetchFor?.(host);
  const client = createRegistryClient({
    registry: { push: host, insecure: look.insecure(host) },
    credentials: look.credentials,
    ...(fetchNow === undefined ? {} : { fetch: fetchNow }),
  });
  const found = await client.getManifest(repository, reference.digest ?? reference.tag ?? 'latest', signal);
  if (found.kind !== 'ok') return found;
  if (found.value === undefined) return ok(undefined);
  const config = await configOf(client, repository, found.value.body, signal);
  if (config.kind !== 'ok') return config;
  return ok({
    repository,
    digest: found.value.digest,
    user: stringAt(config.value, 'config', 'User') ?? '',
    ...(listAt(config.value, 'config', 'OnBuild').length > 0 ? { triggers: true } : {}),
  });
}

/**
 * The configuration behind a manifest. Behind an index, that of its first Linux image, because all are made from one
 * Containerfile.
 */
async function configOf(
  client: RegistryClient,
  repository: string,
  text: string,
  signal: AbortSignal,
): Promise<Outcome<unknown>> {
  const manifest = parsed(text);
  const platform = listAt(manifest, 'manifests').find(
    (entry) => (stringAt(entry, 'platform', 'os') ?? 'linux') === 'linux',
  );
  const inner = stringAt(platform, 'digest');
  if (inner !== undefined) {
    const found = await client.getManifest(repository, inner, signal);
    if (found.kind !== 'ok') return found;
    return found.value === undefined
      ? damaged(repository, inner)
      : await configOf(client, repository, found.value.body, signal);
  }
  const digest = stringAt(manifest, 'config', 'digest');
  if (digest === undefined) return damaged(repository, 'the manifest');
  const blob = await client.getBlob(repository, digest, signal);
  if (blob.kind !== 'ok') return blob;
  const sum = `sha256:${createHash('sha256')
    .update(blob.value ?? '')
    .digest('hex')}`;
  if (blob.value === undefined || (digest.startsWith('sha256:') && sum !== digest)) {
    return damaged(repository, digest);
  }
  return ok(parsed(blob.value));
}

function damaged(repository: string, what: string): Outcome<never> {
  return failed('REGISTRY_UNREACHABLE', `the registry has damaged content: ${what} of ${repository}`, {
    hint: 'its storage is damaged, or a proxy in between changes answers; push the image again',
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
