/**
 * The tag that keeps a deployed image in a Harbor. Retention rules and clean-ups go by tags. A tag that moves (a
 * branch, `latest`) leaves its last image without any tag. That image is then collected, although pods still name it
 * by digest.
 */
import type { Artifact } from '../../core/events.ts';
import { ok, type Outcome } from '../../core/outcome.ts';
import type { RegistryClient } from '../api/client.ts';
import type { Harbor } from './harbor.ts';

/**
 * The tag's text. It is made from the digest, so it never moves. A retention rule can spare deployed images by its prefix
 * (`appdev-**`).
 */
export function keepingTag(digest: string): string {
  return `appdev-${digest.replace(/^\w+:/, '').slice(0, 16)}`;
}

/** Puts the tag on an image, if its registry is a Harbor. */
export async function keepInHarbor(
  { repository, digest }: Artifact,
  {
    harbor,
    client,
  }: { readonly harbor: Pick<Harbor, 'isHarbor'>; readonly client: Pick<RegistryClient, 'putTag'> },
  signal: AbortSignal,
): Promise<Outcome<void>> {
  const isHarbor = await harbor.isHarbor(signal);
  if (isHarbor.kind !== 'ok' || !isHarbor.value) return ok(undefined);
  return await client.putTag(repository, digest, keepingTag(digest), signal);
}
