/**
 * Whether the pushed image came out of a chart as it was passed in, and if not, which value stands in the way and which
 * line of appdev.yaml gives it the right place. Pure.
 */
import type { KubeObject } from '../../../cluster/types.ts';
import type { HelmConfig, ImageValues, ServiceConfig } from '../../../config/model.ts';
import { appdevError, type AppdevError } from '../../../core/errors.ts';
import type { Artifact } from '../../../core/events.ts';
import { isFields, stringAt } from '../../../support/fields.ts';
import {
  byTagAlone,
  hiddenImage,
  imageKindLine,
  imagesIn,
  isReferenceTo,
  type ImageKind,
} from '../../objects/images.ts';
import { isHook, nameOf } from '../../objects/kinds.ts';
import { allPlaces, placesAt, placeText, usualPlace } from './shapes.ts';

/** A place in the values that receives an image, with the key of appdev.yaml that says so. */
export interface KeyedPlace {
  /** `deploy.helm.imageValues`, or a sister of it. */
  readonly key: string;
  readonly place: ImageValues;
  /** The service whose image it receives; absent for the own one. */
  readonly other?: string;
}

/** Every place that receives an image, the own image first. */
export function keyedPlaces(config: HelmConfig): KeyedPlace[] {
  const { imageValues = usualPlace, moreImageValues = [], otherImageValues = {} } = config;
  const key = (name: string): string => `deploy.helm.${name}`;
  return [
    { key: key('imageValues'), place: imageValues },
    ...moreImageValues.map((place, index) => ({ key: key(`moreImageValues[${index}]`), place })),
    ...Object.entries(otherImageValues).map(([other, place]) => ({
      ...{ key: key(`otherImageValues.${other}`), place, other },
    })),
  ];
}

/** The services whose images the chart gets by their tags alone. */
export function taggedOnly(service: string, config: HelmConfig): string[] {
  const names = keyedPlaces(config).flatMap(({ place, other = service }) =>
    place.tagOnly === true ? [other] : [],
  );
  return [...new Set(names)];
}

/**
 * The warning that a tag alone does not say which image a pod gets, because the tag was not made from all of its
 * content; undefined if it was.
 */
export function movingTag(
  { name, image }: Pick<ServiceConfig, 'name' | 'image'>,
  { tag, digest, inputHash }: Artifact,
): string | undefined {
  const given = inputHash === '';
  const isKaniko = image?.builder === 'kaniko' && image.source.kind === 'containerfile';
  if (digest === '' || (!given && !isKaniko)) return undefined;
  const why = given ? 'it was built elsewhere' : "Kaniko's tags do not tell what a Containerfile downloads";
  return `${name} is deployed by the tag ${tag} alone (tagOnly), which may have meant another image before: ${why}; a node that has that one keeps it, unless imagePullPolicy is Always`;
}

/** What the messages are about. */
export interface ChartFacts {
  readonly service: string;
  /** The chart's path as messages show it. */
  readonly chart: string;
  readonly config: HelmConfig;
  /** Kinds that name images besides the known ones. */
  readonly kinds?: readonly ImageKind[] | undefined;
  /** The chart's values with the files of the service laid over them; undefined if they could not be read. */
  readonly values: unknown;
}

/** IMAGE_NOT_USED if no object that stays in the cluster has the image; undefined if one has it. */
export function imageNotUsed(
  objects: readonly KubeObject[],
  artifact: Artifact,
  facts: ChartFacts,
): AppdevError | undefined {
  const { service, chart, config, values, kinds } = facts;
  const staying = objects.filter((object) => !isHook(object));
  const images = imagesIn(staying, kinds);
  const forms = taggedOnly(service, config).includes(service) ? [artifact, byTagAlone(artifact)] : [artifact];
  if (images.some((image) => forms.some((form) => isReferenceTo(image, form)))) return undefined;
  const hidden = hiddenImage(staying, (text) => forms.some((form) => isReferenceTo(text, form)));
  if (hidden !== undefined) {
    const { object, field } = hidden;
    const message = `chart ${chart} names the image of ${service} in ${field} of ${nameOf(object)} alone, and appdev does not know that this names an image`;
    return appdevError('IMAGE_NOT_USED', message, {
      hint: `write \`${imageKindLine(object, field)}\` at the top of appdev.yaml`,
    });
  }
  const place = config.imageValues ?? usualPlace;
  const found = images.length === 0 ? 'it names no image at all' : `its images are ${images.join(', ')}`;
  const way = inTheWay(place, images, values);
  const message = `chart ${chart} ignores the image of ${service}, given as ${pathsText(place)}: ${found}`;
  if (way === undefined) return appdevError('IMAGE_NOT_USED', message, { hint: placeHint(place, facts) });
  const line = `deploy.helm.imageValues: ${placeText({ ...place, registry: way })}`;
  return appdevError(
    'IMAGE_NOT_USED',
    `${message}; the value ${way} is "${stringAt(values, ...way.split('.')) ?? ''}"`,
    { hint: `write \`${line}\`, so that appdev sets it` },
  );
}

/** The paths of a place, each once. */
export function pathsOf({ registry, repository, tag, digest, sha, reference }: ImageValues): string[] {
  const paths = [registry, repository, tag, digest, sha, reference].filter((path) => path !== undefined);
  return [...new Set(paths)];
}

/** `image.repository and image.tag`. */
function pathsText(place: ImageValues): string {
  const names = pathsOf(place);
  const last = names.at(-1) ?? '';
  return names.length < 2 ? last : `${names.slice(0, -1).join(', ')} and ${last}`;
}

/** The path of the value that puts another registry in front of the image; undefined if none is seen. */
function inTheWay(place: ImageValues, images: readonly string[], values: unknown): string | undefined {
  const beside = place.repository?.split('.').slice(0, -1) ?? [];
  const paths = [
    [...beside, 'registry'],
    ['global', 'imageRegistry'],
    ['global', 'image', 'registry'],
  ];
  return paths
    .filter((path) => {
      const value = stringAt(values, ...path);
      if (value === undefined || value === '' || path.join('.') === place.registry) return false;
      return images.some((image) => image.startsWith(`${value}/`));
    })
    .map((path) => path.join('.'))[0];
}

function placeHint(tried: ImageValues, { service, chart, values }: ChartFacts): string {
  const parent = tried.repository?.split('.').slice(0, -1) ?? [];
  const shown = [...placesAt(values, parent), ...allPlaces(values)].filter(
    (place) => placeText(place) !== placeText(tried),
  );
  const named = shown.find((place) => pathsOf(place).some((path) => path.split('.').includes(service)));
  const best = named ?? shown[0];
  const where = `the paths that ${chart}/templates use`;
  if (best !== undefined) {
    return `set \`deploy.helm.imageValues: ${placeText(best)}\` if ${chart}/templates use these values; otherwise to ${where}`;
  }
  return `set \`deploy.helm.imageValues: {repository: …, tag: …}\` to ${where}; \`registry\`, \`digest\` and \`reference\` can have paths of their own`;
}

/**
 * Finds a tag with a digest where Kubernetes allows none: in a label, a selector or a name.
 *
 * @param templateOf the file that made an object; undefined if it is not known
 * @returns RENDER_FAILED with the place; undefined if there is none
 */
export function digestOutOfPlace(
  objects: readonly KubeObject[],
  artifacts: readonly Artifact[],
  { service, chart, config }: ChartFacts,
  templateOf: (object: KubeObject) => string | undefined,
): AppdevError | undefined {
  for (const { key, place, other = service } of keyedPlaces(config)) {
    const artifact = artifacts.find((one) => one.service === other);
    if (artifact === undefined || artifact.digest === '' || place.tag === undefined) continue;
    if (!tagHoldsDigest(place)) continue;
    for (const object of objects) {
      const field = fieldHolding(object, artifact);
      if (field === undefined) continue;
      const file = templateOf(object);
      const message = `chart ${chart} puts ${place.tag} into ${field} of ${nameOf(object)}, which cannot hold the digest that appdev appends to the tag`;
      return appdevError('RENDER_FAILED', message, {
        ...(file === undefined ? {} : { evidence: [`in ${file}`] }),
        hint: tagOnlyHint(key, place),
      });
    }
  }
  return undefined;
}

/** True if the value at the path of the tag has the digest in it. */
export function tagHoldsDigest({ repository, tag, digest, sha, tagOnly }: ImageValues): boolean {
  return (
    tag !== undefined && tag !== repository && digest === undefined && sha === undefined && tagOnly !== true
  );
}

/** What to write so that a place gets no digest in its tag. */
export function tagOnlyHint(key: string, place: ImageValues): string {
  const isUsual = key === 'deploy.helm.imageValues' && placeText(place) === placeText(usualPlace);
  const line = isUsual ? '{tagOnly: true}' : placeText({ ...place, tagOnly: true });
  return `write \`${key}: ${line}\`, or \`digest: PATH\` in it if the chart has a value for the digest`;
}

/** A label's value and an object's name, as Kubernetes allows them. */
const labelValue = /^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$/;
const objectName = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;

/**
 * The field of an object that holds tag and digest although Kubernetes does not allow such a text there, in words.
 * Templates often cut or replace characters, so a part of the digest is enough.
 */
function fieldHolding(object: KubeObject, { tag, digest }: Artifact): string | undefined {
  const holds = (text: unknown): text is string =>
    typeof text === 'string' &&
    text.includes(tag) &&
    (text.includes('sha256') || text.includes(digest.replace(/^sha256:/, '').slice(0, 12)));
  const { name } = object.metadata;
  if (holds(name) && !objectName.test(name)) return 'the name';
  const label = labelsIn(object, object.kind).find(([, text]) => holds(text) && !labelValue.test(text));
  return label === undefined ? undefined : `the label ${label[0]}`;
}

/** Every label and selector of an object, those of its templates too. */
function labelsIn(node: unknown, kind: string): [string, unknown][] {
  if (Array.isArray(node)) return node.flatMap((item) => labelsIn(item, kind));
  if (!isFields(node)) return [];
  return Object.entries(node).flatMap(([key, value]) => {
    if (key === 'data' || key === 'stringData' || !isFields(value)) return labelsIn(value, kind);
    const isLabels = /^(l|matchL)abels$/.test(key) || (key === 'selector' && kind === 'Service');
    return isLabels ? Object.entries(value) : labelsIn(value, kind);
  });
}
