/**
 * Turns what Kustomize or a manifest says into what is applied: with the pushed image by digest, the namespace, and the
 * ownership labels. Pure. Helm's output does not go through here: a chart gets its image through values, and Helm keeps
 * its own ownership.
 */
import type { KubeObject } from '../../cluster/types.ts';
import {
  mapObjectImages,
  meansImage,
  referenceOf,
  type ImageKind,
  type NamedImage,
} from '../objects/images.ts';
import { isClusterScoped } from '../objects/kinds.ts';
import { ownerLabels, type Owner } from '../objects/ownership.ts';

export interface TransformRequest {
  readonly owner: Owner;
  readonly namespace: string;
  /** Images of the project, by the names that manifests use. If two share a name, the first counts. */
  readonly images: readonly NamedImage[];
  /** Kinds that name images besides the known ones. */
  readonly kinds?: readonly ImageKind[];
}

/** The objects in the form in which they are applied. */
export function transform(objects: readonly KubeObject[], request: TransformRequest): KubeObject[] {
  return objects.map((object) => withImages(withMetadata(object, objects, request), request));
}

function withMetadata(
  object: KubeObject,
  all: readonly KubeObject[],
  { owner, namespace }: TransformRequest,
): KubeObject {
  const { namespace: written, ...rest } = object.metadata;
  const home = isClusterScoped(object, all) ? {} : { namespace: written ?? namespace };
  // Only on the object itself: a new label in a pod template would restart every pod, and a selector cannot change
  // later.
  const labels = { ...rest.labels, ...ownerLabels(owner) };
  return { ...object, metadata: { ...rest, ...home, labels } };
}

/**
 * Puts in the pushed references wherever a manifest names images. The rule is Skaffold's: the name decides in any
 * manifest, a tag in the manifest is ignored, and a reference that is pinned by digest is left alone. An image without
 * an artifact keeps its name.
 */
function withImages(object: KubeObject, { images, kinds = [] }: TransformRequest): KubeObject {
  if (images.length === 0) return object;
  return mapObjectImages(object, kinds, (reference) => {
    const artifact = images.find((image) => meansImage(reference, image))?.artifact;
    return artifact === undefined ? reference : referenceOf(artifact);
  });
}
