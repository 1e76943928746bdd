/**
 * Images of other services in a service's manifests: which of them are there, which are named although nobody knows
 * what was built, and which a chart names without having received them. Pure.
 */
import type { KubeObject } from '../../cluster/types.ts';
import type { ImageConfig } from '../../config/model.ts';
import type { Artifact } from '../../core/events.ts';
import { imagesIn, isReferenceTo, meansImage, type ImageKind } from '../objects/images.ts';
import type { OtherImage } from '../types.ts';

/**
 * The images of other services that can be told from the service's own. If two have the same repository, it means the
 * own one.
 */
export function besideOwn(others: readonly OtherImage[], own: ImageConfig | undefined): OtherImage[] {
  return others.filter(({ repository }) => repository !== own?.repository);
}

/** The images of other services in finished manifests. */
export function imagesOfOthers(
  objects: readonly KubeObject[],
  others: readonly OtherImage[],
  kinds: readonly ImageKind[] = [],
): { readonly uses: readonly Artifact[]; readonly lacks: readonly string[] } {
  const images = imagesIn(objects, kinds);
  const uses = others.flatMap(({ artifact }) =>
    artifact !== undefined && images.some((image) => isReferenceTo(image, artifact)) ? [artifact] : [],
  );
  const lacks = others.flatMap((other) =>
    other.artifact === undefined && images.some((image) => meansImage(image, other)) ? [other.service] : [],
  );
  return { uses, lacks };
}

/** A name of another service's image that stands in manifests without a built artifact; undefined if there is none. */
export function looseName(
  objects: readonly KubeObject[],
  others: readonly OtherImage[],
  kinds: readonly ImageKind[] = [],
): { readonly image: string; readonly service: string } | undefined {
  for (const image of imagesIn(objects, kinds)) {
    const other = others.find((one) => meansImage(image, one));
    if (other === undefined) continue;
    // The image was loaded into the nodes. It has no digest that would tell it from a plain name.
    if (other.artifact !== undefined && isReferenceTo(image, other.artifact)) continue;
    return { image, service: other.service };
  }
  return undefined;
}
