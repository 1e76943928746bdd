/**
 * From what Kustomize or a manifest says to what is applied: the pushed image by digest, the namespace, the ownership
 * labels. Pure. Helm's output does not pass here: a chart gets its image by values, and Helm keeps its own ownership.
 */
import type { KubeObject } from '../cluster/types.ts';
import type { Artifact } from '../events.ts';
import { mapImages, namesImages, parseImageName, referenceOf } from './images.ts';
import { isClusterScoped } from './objects.ts';
import { ownerLabels, type Owner } from './ownership.ts';

export interface TransformRequest {
  readonly owner: Owner;
  readonly namespace: string;
  /** The image of this service, with the repository as appdev.yaml writes it; absent when nothing was built. */
  readonly image?: { readonly repository: string; readonly artifact: Artifact };
}

/** The objects as they are applied. */
export function transform(objects: readonly KubeObject[], request: TransformRequest): KubeObject[] {
  return objects.map((object) => withImage(withMetadata(object, objects, request), request.image));
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
 * Puts the pushed reference where a manifest names the image, by the rule that Skaffold's users know: the name decides,
 * a tag in the manifest is ignored, and a reference that is pinned by digest is left alone.
 */
function withImage(object: KubeObject, image: TransformRequest['image']): KubeObject {
  if (image === undefined || !namesImages(object)) return object;
  const { repository, artifact } = image;
  const names = new Set([repository, artifact.repository, artifact.pullRepository]);
  return mapImages(object, (reference) => {
    const written = parseImageName(reference);
    return written.digest === undefined && names.has(written.repository) ? referenceOf(artifact) : reference;
  }) as KubeObject;
}
