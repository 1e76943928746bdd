/** Reads what an image command says it has pushed. Pure: it believes nothing, the registry confirms. */
import { isFields, stringAt } from '../../../support/fields.ts';

/** The key of BuildKit's metadata file (`buildctl build --metadata-file`) that holds the digest of what was exported. */
const buildkitKey = 'containerimage.digest';

/**
 * The digest in a digest file: by itself, as podman and Jib write it, behind a name (`name@sha256:…`), or within BuildKit's
 * metadata. Undefined where there is none.
 */
export function digestIn(text: string): string | undefined {
  const plain = text.trim();
  const named = plain.startsWith('{') ? inMetadata(plain) : plain.slice(plain.indexOf('@') + 1);
  return named !== undefined && /^sha256:[0-9a-f]{64}$/.test(named) ? named : undefined;
}

function inMetadata(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isFields(value) ? stringAt(value, buildkitKey) : undefined;
  } catch {
    return undefined;
  }
}
