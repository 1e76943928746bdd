/**
 * Images of other services in a chart: nothing is rewritten in what Helm renders, for Helm keeps what it was given. They
 * arrive by the values that `otherImageValues` names, and here it is checked that they did. Pure.
 */
import type { KubeObject } from '../../../cluster/types.ts';
import type { HelmConfig, ServiceConfig } from '../../../config/model.ts';
import { failed, ok, type Outcome } from '../../../core/outcome.ts';
import { imagesIn } from '../../objects/images.ts';
import { imagesOfOthers, looseName } from '../../render/other-images.ts';
import type { OtherImage, Rendered } from '../../types.ts';

/**
 * What a rendered chart holds of others' images; hooks count too, for a migration is often one.
 *
 * @param chart as it is shown.
 * @returns IMAGE_NOT_USED where a reference that was given is in no object, or a name stands that nothing replaces.
 */
export function usedByChart(
  objects: readonly KubeObject[],
  { name }: Pick<ServiceConfig, 'name'>,
  { otherImageValues = {} }: Pick<HelmConfig, 'otherImageValues'>,
  others: readonly OtherImage[],
  chart: string,
): Outcome<Required<Pick<Rendered, 'uses' | 'lacks'>>> {
  const isGiven = ({ service }: OtherImage): boolean => Object.hasOwn(otherImageValues, service);
  const given = others.filter(isGiven);
  const { uses } = imagesOfOthers(objects, others);
  const unused = given.find(({ artifact }) => artifact !== undefined && !uses.includes(artifact));
  if (unused !== undefined) {
    const images = imagesIn(objects);
    const found = images.length === 0 ? 'it has no image at all' : `its images are ${images.join(', ')}`;
    const message = `chart ${chart} of ${name} ignores the image of ${unused.service}: ${found}`;
    return failed('IMAGE_NOT_USED', message, {
      hint: `set \`deploy.helm.otherImageValues.${unused.service}\` to the paths that ${chart}/templates use`,
    });
  }
  const loose = looseName(
    objects,
    others.filter((other) => !isGiven(other)),
  );
  if (loose !== undefined) {
    const message = `chart ${chart} of ${name} names the image of ${loose.service} as ${loose.image}, and in a chart appdev replaces no names`;
    return failed('IMAGE_NOT_USED', message, {
      hint: `set \`deploy.helm.otherImageValues: {${loose.service}: {repository: …, tag: …}}\` to values that ${chart}/templates take it from; an image pinned by digest is left alone`,
    });
  }
  return ok({ uses, lacks: given.flatMap((other) => (other.artifact === undefined ? [other.service] : [])) });
}
