/**
 * Reads which digest an image command says it has pushed. Pure. Nothing is taken on trust: the registry confirms it.
 */
import { isFields, stringAt } from '../../../support/fields.ts';

/** The key of the exported image's digest in BuildKit's metadata file (`buildctl build --metadata-file`). */
const buildkitKey = 'containerimage.digest';

/**
 * The digest in a digest file: alone (as podman and Jib write it), after a name (`name@sha256:…`), or in BuildKit's
 * metadata. Undefined if there is none.
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
