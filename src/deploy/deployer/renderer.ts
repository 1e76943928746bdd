/**
 * The renderer of every kind of service. It chooses by the configuration, and brings Kustomize's output and plain
 * manifests into the form that is applied. Without `onCluster` it contacts no cluster, so that `appdev render` works
 * without one.
 */
import type { WorkContext } from '../../build/types.ts';
import type { KubeObject } from '../../cluster/types.ts';
import type { KustomizeConfig, ManifestsConfig, ServiceConfig } from '../../config/model.ts';
import type { Artifact } from '../../core/events.ts';
import { failed, ok, type Outcome } from '../../core/outcome.ts';
import { count } from '../../core/words.ts';
import type { RunProcess } from '../../support/process/process.ts';
import { contentHash } from '../objects/content.ts';
import { toYaml } from '../objects/documents.ts';
import { createHelm, type Helm } from '../helm/program/tool.ts';
import { renderHelm, type OnCluster } from '../helm/chart/render.ts';
import {
  hiddenImage,
  imageKindLine,
  imagesIn,
  isReferenceTo,
  meansImage,
  type NamedImage,
} from '../objects/images.ts';
import { buildKustomization } from '../render/kustomize.ts';
import { readManifests } from '../render/manifests.ts';
import { inApplyOrder, nameOf } from '../objects/kinds.ts';
import { besideOwn, imagesOfOthers } from '../render/other-images.ts';
import { inStage } from './stage.ts';
import { transform } from '../render/transform.ts';
import { defaultTools, type DeployTools, type OtherImage, type Rendered, type Renderer } from '../types.ts';

export interface RendererSettings {
  readonly run: RunProcess;
  /** Name of the project; part of the ownership labels. */
  readonly project: string;
  /** Folder of appdev.yaml; messages show paths relative to it. */
  readonly root: string;
  /** The namespace that a service goes to. */
  readonly namespaceFor: (service: ServiceConfig) => string;
  readonly tools?: Partial<DeployTools>;
  /** The session's helm, if there is one already. Its version is then asked only once. */
  readonly helm?: Helm;
  /** What the cluster contributes to charts. Absent if none is to be contacted. */
  readonly onCluster?: OnCluster;
  /** True for a command that only looks: it fetches no subcharts, and writes nothing into the project. */
  readonly onlyLooks?: boolean;
}

/** Makes a renderer. Contacts nothing. */
export function createRenderer(settings: RendererSettings): Renderer {
  const tools = { ...defaultTools, ...settings.tools };
  const helm = settings.helm ?? createHelm(settings.run, tools.helm);
  const { root, onCluster, onlyLooks = false } = settings;

  const render = async (
    service: ServiceConfig,
    artifact: Artifact | undefined,
    context: WorkContext,
    all: readonly OtherImage[],
  ): Promise<Outcome<Rendered>> => {
    const namespace = settings.namespaceFor(service);
    const { deploy } = service;
    const others = besideOwn(all, service.image);
    if (deploy.kind === 'helm') {
      const images = { own: artifact, others };
      const place = { helm, root, namespace, onlyLooks, ...(onCluster === undefined ? {} : { onCluster }) };
      return await renderHelm(service, deploy, images, place, context);
    }
    const written = await readObjects(deploy, { run: settings.run, tools, root }, context);
    if (written.kind !== 'ok') return written;
    const owner = { project: settings.project, service: service.name };
    const image =
      artifact === undefined || service.image === undefined
        ? undefined
        : { repository: service.image.repository, artifact };
    const images = image === undefined ? others : [image, ...others];
    const { imageKinds: kinds = [] } = deploy;
    const objects = inApplyOrder(transform(written.value, { owner, namespace, images, kinds }));
    if (image !== undefined && !imagesIn(objects, kinds).some((one) => isReferenceTo(one, image.artifact))) {
      return imageNotUsed(service, objects, image);
    }
    const hash = contentHash(objects);
    return ok({
      ...{ service: service.name, namespace, objects, yaml: toYaml(objects), hash },
      ...imagesOfOthers(objects, others, kinds),
      ...(artifact === undefined ? {} : { artifact }),
    });
  };

  return {
    async render(service, artifact, context, others = []) {
      return await inStage(
        'render',
        context,
        async () => await render(service, artifact, context, others),
        ({ objects }) => ({ detail: count(objects.length, 'object') }),
      );
    },
  };
}

async function readObjects(
  config: KustomizeConfig | ManifestsConfig,
  settings: Parameters<typeof buildKustomization>[1],
  context: WorkContext,
): Promise<Outcome<readonly KubeObject[]>> {
  if (config.kind === 'kustomize') return await buildKustomization(config, settings, context);
  return await readManifests(config, settings.root);
}

function imageNotUsed(
  { name, deploy }: ServiceConfig,
  objects: readonly KubeObject[],
  image: NamedImage,
): Outcome<Rendered> {
  const { repository } = image;
  // Under other keys, a text that is equal to the name of the image is mostly a label.
  const isImage = (text: string, field: string) => /image[^.]*$/i.test(field) && meansImage(text, image);
  const hidden = hiddenImage(objects, isImage);
  if (hidden !== undefined) {
    const { object, field } = hidden;
    const message = `${nameOf(object)} of ${name} names the image ${repository} in ${field}, but appdev does not know that this names an image`;
    return failed('IMAGE_NOT_USED', message, {
      hint: `write \`${imageKindLine(object, field)}\` at the top of appdev.yaml`,
    });
  }
  const images = imagesIn(objects, deploy.imageKinds);
  const found = images.length === 0 ? 'they name no image at all' : `their images are ${images.join(', ')}`;
  return failed('IMAGE_NOT_USED', `no manifest of ${name} uses the image ${repository}: ${found}`, {
    hint: `write \`image: ${repository}\` where the built image belongs; an image pinned by digest is left alone`,
  });
}
