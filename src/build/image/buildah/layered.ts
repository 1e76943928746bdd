/**
 * Builds the image of a jar in two steps: a lower image with everything that a change of code leaves alone, and one
 * layer on it. The lower image already exists in all but the first build.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ok, type Outcome } from '../../../core/outcome.ts';
import { count, sizeText } from '../../../core/words.ts';
import { resolveBase } from './base.ts';
import type { BuildahAccess } from './access.ts';
import { bud, type BudResult } from './bud.ts';
import type { Buildah } from './session.ts';
import { isBaseMissing } from './errors.ts';
import { lowerContainerfile, lowerKey, upperContainerfile, type BaseImage } from '../layers/containerfile.ts';
import { stageLayers } from '../layers/staging.ts';
import type { Jar } from '../../types.ts';

/** What a layered image is made from. */
export interface LayeredRequest {
  readonly jar: Jar;
  readonly base: string;
  /** Name below the registry. Part of the local names. */
  readonly repository: string;
  /** A folder that belongs to this service alone and is kept from build to build. */
  readonly folder: string;
  /** Host to which plain HTTP is allowed. */
  readonly insecureHost: string | undefined;
  /** The session's registry, and how Buildah signs in there. */
  readonly registryHost: string | undefined;
  readonly access: BuildahAccess;
  readonly labels: readonly string[];
}

/** The result. */
export interface LayeredImage {
  readonly imageId: string;
  /** Name of the lower image. */
  readonly lower: string;
  /** A phrase for the screen. */
  readonly detail: string;
}

/** Builds layered images. Remembers the bases it has looked at in this session. */
export interface LayeredImages {
  /** Builds an image. Fails with IMAGE_BUILD_FAILED, BASE_IMAGE_MISSING or DISK_FULL. */
  build(
    buildah: Buildah,
    request: LayeredRequest,
    signal: AbortSignal,
    onLine: (line: string) => void,
  ): Promise<Outcome<LayeredImage>>;
}

/** The layered images of a session. */
export function createLayeredImages(): LayeredImages {
  const bases = new Map<string, BaseImage>();

  async function build(
    buildah: Buildah,
    request: LayeredRequest,
    signal: AbortSignal,
    onLine: (line: string) => void,
  ): Promise<Outcome<LayeredImage>> {
    const { jar, folder, repository } = request;
    const layersFolder = join(folder, 'layers');
    await mkdir(layersFolder, { recursive: true });
    const staged = await stageLayers(jar.service, jar.path, layersFolder);
    if (staged.kind !== 'ok') return staged;
    const { layers, entrypoint } = staged.value;
    const top = layers.at(-1);
    if (top === undefined) throw new Error('a jar without layers');
    const below = layers.slice(0, -1);
    const base = await baseOf(buildah, request, signal, onLine);
    if (base.kind !== 'ok') return base;
    const lower = `localhost/appdev/${repository}:lower-${lowerKey(base.value, below)}`;

    const buildFrom = async (
      name: string,
      text: string,
      tag: string,
      flags: readonly string[],
    ): Promise<Outcome<BudResult>> => {
      const file = join(folder, name);
      await writeFile(file, text);
      return await bud(
        buildah,
        {
          service: jar.service,
          file,
          context: layersFolder,
          flags: ['-q', '--pull=never', ...request.labels, '-t', tag, ...flags],
        },
        signal,
        (line) => {
          // This happens in every first build. It is the reason to make the lower image, and not worth reporting.
          if (!isBaseMissing([line])) onLine(line);
        },
      );
    };
    const upper = async (): Promise<Outcome<BudResult>> =>
      await buildFrom(
        'Containerfile.upper',
        upperContainerfile(lower, base.value, top, entrypoint),
        `localhost/appdev/${repository}:current`,
        ['--no-cache'],
      );

    let built = await upper();
    let isNew = false;
    // This also happens if someone pruned the storage during the session.
    if (built.kind === 'ok' && built.value.kind === 'failed' && isBaseMissing(built.value.lines)) {
      isNew = true;
      const made = await makeLower(
        buildah,
        request,
        base.value,
        async (found) =>
          await buildFrom('Containerfile.lower', lowerContainerfile(found, below), lower, ['--layers']),
        signal,
        onLine,
      );
      if (made.kind !== 'ok') return made;
      if (made.value.kind === 'failed') return made.value.failure;
      built = await upper();
    }
    if (built.kind !== 'ok') return built;
    if (built.value.kind === 'failed') return built.value.failure;
    const written = isNew ? layers : [top];
    const size = written.reduce((sum, layer) => sum + layer.size, 0);
    const detail = `${count(written.length, 'layer')}, ${sizeText(size)}`;
    return ok({ imageId: built.value.imageId, lower, detail });
  }

  /** Builds the lower image. Tries again if the base has disappeared from the storage since it was looked at. */
  async function makeLower(
    buildah: Buildah,
    request: LayeredRequest,
    base: BaseImage,
    buildOn: (base: BaseImage) => Promise<Outcome<BudResult>>,
    signal: AbortSignal,
    onLine: (line: string) => void,
  ): Promise<Outcome<BudResult>> {
    const built = await buildOn(base);
    if (built.kind !== 'ok' || built.value.kind !== 'failed' || !isBaseMissing(built.value.lines))
      return built;
    bases.delete(request.base);
    const again = await baseOf(buildah, request, signal, onLine);
    return again.kind === 'ok' ? await buildOn(again.value) : again;
  }

  async function baseOf(
    buildah: Buildah,
    request: LayeredRequest,
    signal: AbortSignal,
    onLine: (line: string) => void,
  ): Promise<Outcome<BaseImage>> {
    const known = bases.get(request.base);
    if (known !== undefined) return ok(known);
    const found = await resolveBase(buildah, request.base, request, signal, onLine);
    if (found.kind === 'ok') bases.set(request.base, found.value);
    return found;
  }

  return { build };
}
