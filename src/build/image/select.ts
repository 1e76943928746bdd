/** Chooses which builder makes which service's image. The builders are in their own files. */
import type { ImageConfig, ServiceConfig } from '../../config/model.ts';
import type { ImageBuilder } from '../types.ts';

/** Every builder that `image.builder` can name. */
export type ImageBuilders = Readonly<Record<ImageConfig['builder'], ImageBuilder>>;

/** One builder for all services. It passes each service to the builder that its `image.builder` names. */
export function selectBuilder(builders: ImageBuilders): ImageBuilder {
  return {
    async build(request, context) {
      const { name, image } = request.service;
      if (image === undefined) throw new Error(`${name} has no image`);
      return await builders[image.builder].build(request, context);
    },
  };
}

/** True if that builder builds one of the services. If not, what only it needs is not looked for. */
export function usesBuilder(services: readonly ServiceConfig[], builder: ImageConfig['builder']): boolean {
  return services.some(({ image }) => image?.builder === builder);
}
