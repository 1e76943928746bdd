/**
 * Names the bases of a Containerfile by their digests. If its files decide the rest, such an image need not be built again,
 * and needs no `--reproducible`.
 */
import { decidingBases } from '../context/copy-sources.ts';

/**
 * What a base's name means now, as pods name it: `host/path@sha256:…`. Undefined if that cannot be known, or if the base
 * has instructions for builds on it (ONBUILD).
 */
export type FixBase = (name: string) => Promise<string | undefined>;

/** The text with each base by digest. Undefined if text, files and bases do not decide what the image will be. */
export async function pinBases(text: string, fix: FixBase): Promise<string | undefined> {
  const bases = decidingBases(text);
  if (bases === undefined) return undefined;
  let pinned = text;
  for (const { name, from, to } of bases.toReversed()) {
    const fixed = await fix(name);
    if (fixed === undefined) return undefined;
    pinned = `${pinned.slice(0, from)}${fixed}${pinned.slice(to)}`;
  }
  return pinned;
}
