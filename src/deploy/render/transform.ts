/**
 * From what Kustomize or a manifest says to what is applied: the pushed image by digest, the namespace, the ownership
 * labels. Pure. Helm's output does not pass here: a chart gets its image by values, and Helm keeps its own ownership.
 */
import type { KubeObject } from '../../cluster/types.ts';
import { mapImages, meansImage, namesImages, referenceOf, type NamedImage } from '../objects/images.ts';
import { isClusterScoped } from '../objects/kinds.ts';
import { ownerLabels, type Owner } from '../objects/ownership.ts';

export interface TransformRequest {
  readonly owner: Owner;
  readonly namespace: string;
  /** Images of the project by the names that manifests give them; where two share a name, the first counts. */
  readonly images: readonly NamedImage[];
}

/** The objects as they are applied. */
export function transform(objects: readonly KubeObject[], request: TransformRequest): KubeObject[] {
  return objects.map((object) => withImages(withMetadata(object, objects, request), request.images));
}

function withMetadata(
  object: KubeObject,
  all: readonly KubeObject[],
  { owner, namespace }: TransformRequest,
): KubeObject {
  const { namespace: written, ...rest } = object.metadata;
  const home = isClusterScoped(object, all) ? {} : { namespace: written ?? namespace };
  // On the object only: a label in a pod template would roll every pod, one in a selector cannot be changed later.
  const labels = { ...rest.labels, ...ownerLabels(owner) };
  return { ...object, metadata: { ...rest, ...home, labels } };
}

/**
 * Puts the pushed references where a manifest names images, by the rule that Skaffold's users know: the name decides, in
 * whatever manifest it is, a tag in the manifest is ignored, and a reference that is pinned by digest is left alone.
 * An image without an artifact keeps its name.
 */
function withImages(object: KubeObject, images: readonly NamedImage[]): KubeObject {
  if (images.length === 0 || !namesImages(object)) return object;
  return mapImages(object, (reference) => {
    const artifact = images.find((image) => meansImage(reference, image))?.artifact;
    return artifact === undefined ? reference : referenceOf(artifact);
  }) as KubeObject;
}
