/**
 * `--rendered FILE`: manifests from a file take the place of rendering, so that exactly what a reviewer saw is
 * deployed. Nothing in them is changed. Namespace and ownership labels are added if they are missing.
 */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import type { ServiceConfig } from '../../config/model.ts';
import { nearest } from '../../config/text/nearest.ts';
import { contentHash } from '../../deploy/objects/content.ts';
import { byTagAlone, imagesIn, isReferenceTo, meansImage } from '../../deploy/objects/images.ts';
import { inApplyOrder } from '../../deploy/objects/kinds.ts';
import { besideOwn, imagesOfOthers } from '../../deploy/render/other-images.ts';
import { readRendered, type RenderedPart } from '../../deploy/render/rendered-file.ts';
import { transform } from '../../deploy/render/transform.ts';
import type { Rendered, Renderer } from '../../deploy/types.ts';
import type { Artifact } from '../../core/events.ts';
import { otherImages } from '../../loop/work/images.ts';
import { failed, ok, type Outcome } from '../../core/outcome.ts';
import { namespaceOf, type OpenTarget } from '../compose/cluster.ts';
import type { Session } from '../session.ts';

/** The services that take part, each with its part of the file. */
export interface RenderedInput {
  readonly file: string;
  readonly parts: ReadonlyMap<string, RenderedPart>;
  /** The services of the session that are in the file. */
  readonly services: readonly ServiceConfig[];
}

/**
 * Reads the file that the flag names. Undefined without the flag.
 *
 * @returns fails with USAGE if the file is not there or flags contradict it, RENDER_FAILED if its content is wrong,
 *   SERVICE_UNKNOWN if the project does not have one of its services, and IMAGE_NOT_USED if a service was rendered
 *   before its image was built
 */
export async function openRendered(session: Session): Promise<Outcome<RenderedInput | undefined>> {
  const { invocation, services, project, emit } = session;
  const file = invocation.flags.rendered;
  if (file === undefined) return ok(undefined);
  if (invocation.flags.images !== undefined) {
    return failed('USAGE', '--rendered and --images exclude each other: the manifests name their images', {
      hint: 'appdev render --images NAME=REF > FILE',
    });
  }
  const text = await read(file, invocation.cwd);
  if (text.kind !== 'ok') return text;
  const [only, ...others] = invocation.positionals;
  const shown = file === '-' ? 'standard input' : file;
  const charts = project.config.services
    .filter(({ deploy }) => deploy.kind === 'helm')
    .map(({ name }) => name);
  const found = readRendered(text.value, shown, others.length === 0 ? only : undefined, (service) =>
    charts.includes(service),
  );
  if (found.kind !== 'ok') return found;
  const parts = new Map(found.value.map((part) => [part.service, part]));
  const known = project.config.services.map(({ name }) => name);
  const unknown = [...parts.keys()].find((name) => !known.includes(name));
  if (unknown !== undefined) {
    const near = nearest(unknown, known);
    return failed(
      'SERVICE_UNKNOWN',
      `${shown} has manifests of '${unknown}', but ${project.config.name} has no such service`,
      {
        hint: near === undefined ? `services: ${known.join(', ')}` : `did you mean: ${near}`,
      },
    );
  }
  const absent = services.filter(({ name }) => !parts.has(name)).map(({ name }) => name);
  const [first] = absent;
  if (first !== undefined && invocation.positionals.length > 0) {
    return failed('USAGE', `${shown} has no manifests of ${first}`, { hint: `appdev render ${first}` });
  }
  if (absent.length > 0) {
    const message = `${shown} has no manifests of ${absent.join(', ')}; appdev leaves what runs as it is`;
    emit({ type: 'notice', level: 'info', message });
  }
  const taking = services.filter(({ name }) => parts.has(name));
  const draft = taking.find(({ name }) => parts.get(name)?.lacks !== undefined);
  if (draft !== undefined) {
    const lacks = parts.get(draft.name)?.lacks ?? [];
    const message = `${shown} has manifests of ${draft.name} that cannot be deployed: there was no image of ${lacks.join(' and of ')} when they were rendered`;
    return failed('IMAGE_NOT_USED', message, {
      hint: `appdev build ${lacks.join(' ')}, then appdev render${file === '-' ? '' : ` > ${file}`}`,
    });
  }
  return ok({ file: shown, parts, services: taking });
}

async function read(file: string, cwd: string): Promise<Outcome<string>> {
  try {
    return ok(file === '-' ? await textOf(process.stdin) : await readFile(resolve(cwd, file), 'utf8'));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    const reason = code === 'ENOENT' ? `there is no ${file}` : `${file} cannot be read: ${code}`;
    return failed('USAGE', reason, { hint: `appdev render > ${file}` });
  }
}

/**
 * Makes the manifests as they are applied.
 *
 * @param artifacts what `verify` compares the pods with, if the manifests name it
 * @returns by service; fails with USAGE for manifests of another namespace, and with IMAGE_NOT_USED if an image of
 *   ours has no digest
 */
export function placeRendered(
  { file, parts, services }: RenderedInput,
  { project, emit }: Session,
  { cluster }: OpenTarget,
  artifacts: ReadonlyMap<string, Artifact>,
): Outcome<ReadonlyMap<string, Rendered>> {
  const placed = new Map<string, Rendered>();
  for (const service of services) {
    const { name } = service;
    const part = parts.get(name);
    if (part === undefined) continue;
    const namespace = namespaceOf(service, cluster);
    if (part.namespace !== undefined && part.namespace !== namespace) {
      const message = `${file} was rendered for ${name} in namespace ${part.namespace}, but this deploy is for ${namespace}`;
      return failed('USAGE', message, {
        hint: `-n ${part.namespace}, or render it again: appdev render -n ${namespace}`,
      });
    }
    const owner = { project: project.config.name, service: name };
    const objects = inApplyOrder(transform(part.objects, { owner, namespace, images: [] }));
    const kinds = service.deploy.imageKinds;
    const images = imagesIn(objects, kinds);
    const artifact = artifacts.get(name);
    const byTag = namedByTag(images, artifacts);
    const loose = looseIn(
      images.filter((image) => !byTag.some((one) => isReferenceTo(image, byTagAlone(one)))),
      service,
      project.config.services,
    );
    if (loose !== undefined) {
      const { owner: built, image } = loose;
      const whose = built === name ? 'its image' : `the image of ${built}`;
      const message = `${file}: ${name} names ${whose} as ${image}, without the digest of a build`;
      return failed('IMAGE_NOT_USED', message, { hint: `appdev build ${built}, then appdev render` });
    }
    const fits =
      artifact !== undefined &&
      (byTag.includes(artifact) || images.some((image) => isReferenceTo(image, artifact)));
    if (artifact !== undefined && !fits) {
      const message = `${file} does not use the image of ${name} in artifacts.json; appdev deploys what the file names`;
      emit({
        type: 'notice',
        level: 'warning',
        service: name,
        message,
        hint: 'to use the image of artifacts.json, render again: appdev render',
      });
    }
    const others = otherImages(project.config.services, name, artifacts);
    const { uses } = imagesOfOthers(objects, besideOwn(others, service.image), kinds);
    placed.set(name, {
      ...{ service: name, namespace, objects, yaml: '', hash: contentHash(objects), file },
      uses: [...uses, ...byTag.filter((one) => one.service !== name && !uses.includes(one))],
      ...(byTag.length === 0 ? {} : { byTag: byTag.map((one) => one.service) }),
      ...(fits ? { artifact } : {}),
    });
  }
  return ok(placed);
}

/** The artifacts that are named by the tag alone and not by the digest, as a chart with `tagOnly` names them. */
function namedByTag(images: readonly string[], artifacts: ReadonlyMap<string, Artifact>): Artifact[] {
  return [...artifacts.values()].filter(
    (artifact) =>
      artifact.digest !== '' &&
      !images.some((image) => isReferenceTo(image, artifact)) &&
      images.some((image) => !image.includes('@') && isReferenceTo(image, byTagAlone(artifact))),
  );
}

/**
 * The first image that names a repository of appdev.yaml as it is written there, without a digest. The service's own
 * comes first. Undefined if there is none.
 */
function looseIn(
  images: readonly string[],
  service: ServiceConfig,
  all: readonly ServiceConfig[],
): { readonly owner: string; readonly image: string } | undefined {
  for (const { name, image: built } of [service, ...all]) {
    const loose = images.find((image) => built !== undefined && meansImage(image, built));
    if (loose !== undefined) return { owner: name, image: loose };
  }
  return undefined;
}

/** A renderer that returns the manifests of the file for the services in it. It renders all others as before. */
export function withRendered(renderer: Renderer, rendered: ReadonlyMap<string, Rendered>): Renderer {
  return {
    async render(service, artifact, context, others) {
      const given = rendered.get(service.name);
      if (given === undefined) return await renderer.render(service, artifact, context, others);
      context.report.started('render');
      context.report.finished('render', 'skipped', `from ${given.file ?? ''}`);
      return ok(given);
    },
  };
}
