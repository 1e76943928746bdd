/**
 * The image of a jar. Pods make its parts: the base as it is, what a change of code leaves alone, and the top layer. The
 * parts with layers are built on nothing, so the executor has no base to unpack or to compress again. Then the image is
 * put together in the registry, under a tag that never named anything else.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Artifact } from '../../../core/events.ts';
import { imageProjectLabel, imageServiceLabel } from '../../../core/labels.ts';
import { failed, ok, type Outcome } from '../../../core/outcome.ts';
import { stringAt } from '../../../support/fields.ts';
import type { GateContext, ScanGate } from '../../../registry/harbor/scan-gate.ts';
import {
  lowerContainerfile,
  lowerKey,
  ownUserOf,
  partContainerfile,
  upperContainerfile,
  type BaseImage,
} from '../layers/containerfile.ts';
import { appFolder } from '../layers/plan.ts';
import { stageLayers, type StagedLayer } from '../layers/staging.ts';
import { assembleImage, digestOf, type ImageStart, type ImageText } from './assemble.ts';
import type { BaseImages } from './base.ts';
import { notOurs, tagTaken } from './errors.ts';
import type { Job, Made, MakeImage } from './make.ts';
import { layersRecipe, tagOf } from './recipe.ts';
import type { Jar, WorkContext } from '../../types.ts';

/** What images of jars need. */
export interface LayeredParts {
  readonly project: string;
  readonly make: MakeImage;
  readonly bases: BaseImages;
  /** Called with each image that others are made from, so that prune knows it. */
  readonly onLower: (artifact: Artifact) => Promise<unknown>;
  /** Waits until such an image may be pulled, if its project holds images back until they are scanned. */
  readonly pullGate: ScanGate;
  /**
   * True if the registry is written to by pods alone, with a login that this machine does not have. Then the executor
   * builds on the base, which takes longer.
   */
  readonly podsAlone: boolean;
}

/** A jar's layers on disk, below `root`. */
interface Staged {
  readonly root: string;
  readonly below: readonly StagedLayer[];
  readonly top: StagedLayer;
  readonly entrypoint: readonly string[];
}

/** One image that the jar's image is made from. */
interface Part {
  /** What it is, for messages. */
  readonly name: string;
  readonly containerfile: string;
  readonly layers: readonly StagedLayer[];
}

/** Makes images of jars on a base, which is named as the user writes it. */
export type MakeLayered = (job: Job, jar: Jar, baseName: string) => Promise<Outcome<Made>>;

/** Returns the function that makes them. */
export function createMakeLayered(parts: LayeredParts): MakeLayered {
  const { make, bases, onLower, pullGate, project } = parts;
  /** What earlier builds of the session read, by repository and digest. */
  const texts = new Map<string, ImageText>();

  async function assembled(job: Job, base: BaseImage, staged: Staged): Promise<Outcome<Made>> {
    const { service, repository, client, context } = job;
    const { below, top, entrypoint } = staged;
    const needed: readonly Part[] = [
      { name: 'base', containerfile: partContainerfile(base.id, base, []), layers: [] },
      ...(below.length === 0 ? [] : [layersPart('dependencies', base, below)]),
      layersPart('application', base, [top]),
    ];
    const start: ImageStart = {
      entrypoint,
      workingDir: appFolder,
      ...ownUserOf(base),
      labels: { [imageServiceLabel]: service, [imageProjectLabel]: project },
    };
    const everything = digestOf(JSON.stringify([needed.map(({ containerfile }) => containerfile), start]));
    const tag = tagOf(everything, {}, project, service);
    const there = await client.headManifest(repository, tag, context.signal);
    if (there.kind !== 'ok') return there;
    if (there.value !== undefined) return ok({ tag, digest: there.value.digest });
    const images: ImageText[] = [];
    let sent = 0;
    for (const part of needed) {
      const made = await madePart(job, staged.root, part);
      if (made.kind !== 'ok') return made;
      sent += made.value.sent;
      images.push(made.value.text);
    }
    const [lowest, ...others] = images;
    if (lowest === undefined) throw new Error('an image without a base');
    return await put(job, tag, assembleImage(lowest, others, start), sent);
  }

  async function madePart(
    job: Job,
    root: string,
    part: Part,
  ): Promise<Outcome<{ readonly text: ImageText; readonly sent: number }>> {
    const { name, containerfile, layers } = part;
    const recipe = layersRecipe(
      root,
      containerfile,
      layers.map(({ folder }) => folder),
      // The base is pushed as the blobs that it has.
      { tag: `lower-${tagOf(digestOf(containerfile), {}, '', '')}`, reproducible: layers.length > 0 },
    );
    const made = await make(job, recipe);
    if (made.kind !== 'ok') return made;
    const pullable = await announced(job, name, made.value);
    if (pullable.kind !== 'ok') return pullable;
    const text = await textOf(job, made.value);
    return text.kind === 'ok' ? ok({ text: text.value, sent: made.value.sent ?? 0 }) : text;
  }

  /** Tells of an image that others are made from, and waits until it may be pulled. */
  async function announced(job: Job, name: string, { tag, digest }: Made): Promise<Outcome<void>> {
    const { service, registry, repository, context } = job;
    const pullRepository = `${registry.pull}${repository.slice(registry.push.length)}`;
    const artifact = {
      service: `${service} (${name})`,
      repository,
      pullRepository,
      tag,
      digest,
      inputHash: tag,
    };
    await onLower(artifact);
    return texts.has(`${repository}@${digest}`)
      ? ok(undefined)
      : await pullGate(artifact, withinImage(context));
  }

  async function textOf(job: Job, { tag, digest }: Made): Promise<Outcome<ImageText>> {
    const { repository, client, context } = job;
    const key = `${repository}@${digest}`;
    const known = texts.get(key);
    if (known !== undefined) return ok(known);
    const manifest = await client.getManifest(repository, digest, context.signal);
    if (manifest.kind !== 'ok') return manifest;
    if (manifest.value === undefined) return notOurs(job, tag, digest);
    const { mediaType, body } = manifest.value;
    const configDigest = stringAt(JSON.parse(body), 'config', 'digest') ?? '';
    const config = await client.getBlob(repository, configDigest, context.signal);
    if (config.kind !== 'ok') return config;
    if (config.value === undefined || digestOf(config.value) !== configDigest) {
      return failed(
        'REGISTRY_UNREACHABLE',
        `the registry has damaged content: ${configDigest} of ${repository}`,
        {
          hint: 'its storage is damaged, or a proxy in between changes answers; build again',
        },
      );
    }
    const text = { mediaType, manifest: body, config: config.value };
    texts.set(key, text);
    return ok(text);
  }

  /** Puts the image into the registry. Its tag comes last, so that it never names anything but this image. */
  async function put(job: Job, tag: string, image: ImageText, sent: number): Promise<Outcome<Made>> {
    const { repository, client, context } = job;
    const { signal } = context;
    const made = { tag, digest: digestOf(image.manifest), sent };
    const config = await client.putText(repository, image.config, signal);
    if (config.kind !== 'ok') return config;
    const { mediaType, manifest } = image;
    const tagged = await client.putManifest(repository, tag, { mediaType, body: manifest }, signal);
    if (tagged.kind === 'ok') return ok(made);
    if (tagged.kind !== 'failed' || tagged.error.code !== 'TAG_IMMUTABLE') return tagged;
    // Another machine was faster.
    const there = await client.headManifest(repository, tag, signal);
    if (there.kind === 'cancelled') return there;
    const other = there.kind === 'ok' ? there.value?.digest : undefined;
    return other === made.digest ? ok({ ...made, wasThere: true }) : tagTaken(tagged.error, other);
  }

  /** The executor builds on the base, and then on what it made: two images that only pods write. */
  async function onTheBase(job: Job, base: BaseImage, staged: Staged): Promise<Outcome<Made>> {
    const { root, below, top, entrypoint } = staged;
    let from = base.id;
    let sent = 0;
    if (below.length > 0) {
      const lower = await make(
        job,
        layersRecipe(
          root,
          lowerContainerfile(base, below),
          below.map(({ folder }) => folder),
          { tag: `lower-${lowerKey(base, below)}`, reproducible: true },
        ),
      );
      if (lower.kind !== 'ok') return lower;
      sent += lower.value.sent ?? 0;
      from = `${job.podRepository}@${lower.value.digest}`;
      const pullable = await announced(job, 'dependencies', lower.value);
      if (pullable.kind !== 'ok') return pullable;
    }
    const text = upperContainerfile(from, base, top, entrypoint);
    const upper = await make(job, layersRecipe(root, text, [top.folder], { reproducible: true }));
    if (upper.kind !== 'ok' || upper.value.sent === undefined) return upper;
    return ok({ ...upper.value, sent: upper.value.sent + sent });
  }

  return async (job, jar, baseName) => {
    const { names, context } = job;
    const root = join(job.folder, 'layers');
    await mkdir(root, { recursive: true });
    const layers = await stageLayers(jar.service, jar.path, root);
    if (layers.kind !== 'ok') return layers;
    const top = layers.value.layers.at(-1);
    if (top === undefined) throw new Error('a jar without layers');
    const staged = {
      root,
      below: layers.value.layers.slice(0, -1),
      top,
      entrypoint: layers.value.entrypoint,
    };
    const found = await bases.find(names.here(baseName), context.signal, (note) =>
      context.report.output('image', 'stderr', note),
    );
    if (found.kind !== 'ok') return found;
    const { repository, digest, user } = found.value;
    const base: BaseImage = { name: baseName, id: names.translate(`${repository}@${digest}`), user };
    return parts.podsAlone ? await onTheBase(job, base, staged) : await assembled(job, base, staged);
  };
}

function layersPart(name: string, base: BaseImage, layers: readonly StagedLayer[]): Part {
  return { name, containerfile: partContainerfile('scratch', base, layers), layers };
}

/** The wait for such an image is part of making the image above it, so it has no stage of its own. */
function withinImage({ signal, report }: WorkContext): GateContext {
  return {
    signal,
    report: {
      started: () => undefined,
      output: (_stage, stream, line) => report.output('image', stream, line),
      finished: () => undefined,
    },
  };
}
