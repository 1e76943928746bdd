/**
 * Images of other services in a chart. Nothing is rewritten in what Helm renders, because Helm stores what it was
 * given. They arrive through the values that `otherImageValues` names; this file checks that they did. Pure.
 */
import type { KubeObject } from '../../../cluster/types.ts';
import type { DeployConfig, HelmConfig } from '../../../config/model.ts';
import { failed, ok, type Outcome } from '../../../core/outcome.ts';
import { byTagAlone, imagesIn } from '../../objects/images.ts';
import { imagesOfOthers, looseName } from '../../render/other-images.ts';
import type { OtherImage, Rendered } from '../../types.ts';

/**
 * The images of other services in a rendered chart. Hooks count too, because a migration is often a hook.
 *
 * @param chart the chart's path as messages show it.
 * @returns IMAGE_NOT_USED if a reference that was passed is in no object, or if a name stands there that nothing
 *   replaces.
 */
export function usedByChart(
  objects: readonly KubeObject[],
  name: string,
  {
    otherImageValues = {},
    imageKinds,
  }: Pick<HelmConfig, 'otherImageValues'> & Pick<DeployConfig, 'imageKinds'>,
  others: readonly OtherImage[],
  chart: string,
): Outcome<Required<Pick<Rendered, 'uses' | 'lacks'>>> {
  const isGiven = ({ service }: OtherImage): boolean => Object.hasOwn(otherImageValues, service);
  const given = others.filter(isGiven);
  // What a chart gets without a digest is looked for by its tag.
  const asNamed = others.map((other) =>
    other.artifact !== undefined && otherImageValues[other.service]?.tagOnly === true
      ? { ...other, artifact: byTagAlone(other.artifact) }
      : other,
  );
  const named = imagesOfOthers(objects, asNamed, imageKinds).uses.map(({ service }) => service);
  const uses = others.flatMap(({ artifact }) =>
    artifact !== undefined && named.includes(artifact.service) ? [artifact] : [],
  );
  const unused = given.find(({ artifact }) => artifact !== undefined && !uses.includes(artifact));
  if (unused !== undefined) {
    const images = imagesIn(objects, imageKinds);
    const found = images.length === 0 ? 'it names no image at all' : `its images are ${images.join(', ')}`;
    const message = `chart ${chart} of ${name} ignores the image of ${unused.service}: ${found}`;
    return failed('IMAGE_NOT_USED', message, {
      hint: `set \`deploy.helm.otherImageValues.${unused.service}\` to the paths that ${chart}/templates use`,
    });
  }
  const loose = looseName(
    objects,
    others.filter((other) => !isGiven(other)),
    imageKinds,
  );
  if (loose !== undefined) {
    const message = `chart ${chart} of ${name} names the image of ${loose.service} as ${loose.image}, but appdev does not replace image names in a chart`;
    return failed('IMAGE_NOT_USED', message, {
      hint: `set \`deploy.helm.otherImageValues: {${loose.service}: {repository: …, tag: …}}\` to the values from which ${chart}/templates take it; an image pinned by digest is left alone`,
    });
  }
  return ok({ uses, lacks: given.flatMap((other) => (other.artifact === undefined ? [other.service] : [])) });
}
