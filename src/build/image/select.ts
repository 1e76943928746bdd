/** Which builder makes which service's image. Owns the choice alone: what a builder does is in its own file. */
import type { ImageConfig, ServiceConfig } from '../../config/model.ts';
import type { ImageBuilder } from '../types.ts';

/** Every builder that `image.builder` can name. */
export type ImageBuilders = Readonly<Record<ImageConfig['builder'], ImageBuilder>>;

/** One builder for all services: it hands each to the builder that its `image.builder` names. */
export function selectBuilder(builders: ImageBuilders): ImageBuilder {
  return {
    async build(request, context) {
      const { name, image } = request.service;
      if (image === undefined) throw new Error(`${name} has no image`);
      return await builders[image.builder].build(request, context);
    },
  };
}

/** Whether any of the services is built by that builder. What only the others need is then not looked for. */
export function usesBuilder(services: readonly ServiceConfig[], builder: ImageConfig['builder']): boolean {
  return services.some(({ image }) => image?.builder === builder);
}
