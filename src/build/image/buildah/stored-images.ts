/** The images in Buildah's storage, read from the output of `buildah images --json --no-trunc`. Pure. */
import { listAt, stringAt } from '../../../support/fields.ts';

/** An image in the storage. */
export interface StoredImage {
  /** `sha256` of its configuration, hex. */
  readonly id: string;
  readonly names: readonly string[];
  /** Milliseconds since 1970; NaN if the listing has no time. */
  readonly createdMs: number;
}

/** The images in such a listing. */
export function storedImages(json: string): readonly StoredImage[] {
  const images: unknown = JSON.parse(json || '[]');
  return listAt({ images }, 'images').map((image) => ({
    id: (stringAt(image, 'id') ?? '').replace(/^sha256:/, ''),
    names: listAt(image, 'names').filter((name) => typeof name === 'string'),
    createdMs: Date.parse(stringAt(image, 'createdatraw') ?? ''),
  }));
}
