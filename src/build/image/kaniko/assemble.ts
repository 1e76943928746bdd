/**
 * Puts an image together from images that are already in its repository: a base, and parts without one, each of which
 * brings layers. Pure: texts in, texts out. Nothing in the result depends on when or where it was made, so equal layers
 * make an equal digest.
 *
 * The executor could do the same with one build on the base. But any COPY makes it unpack the whole base first, and
 * `--reproducible` makes it compress every layer of the base again (docs/kaniko.md, "What costs time").
 */
import { createHash } from 'node:crypto';
import { fieldAt, listAt, stringAt } from '../../../support/fields.ts';

/** An image as its registry stores it: the JSON texts, and the kind of the manifest. */
export interface ImageText {
  readonly mediaType: string;
  readonly manifest: string;
  readonly config: string;
}

/** How the image starts, and what it says about itself. */
export interface ImageStart {
  readonly entrypoint: readonly string[];
  readonly workingDir: string;
  /** Absent if the base's user stays. */
  readonly user?: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Date of the image and of each step that is added: the one that Buildah gets by `--timestamp 0`. */
const date = '1970-01-01T00:00:00Z';

const oci = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
};
const docker = {
  manifest: 'application/vnd.docker.distribution.manifest.v2+json',
  config: 'application/vnd.docker.container.image.v1+json',
};

/** The two names of each kind of layer that the executor makes. An image must not mix the two families. */
const layerTypes: readonly (readonly [oci: string, docker: string])[] = [
  ['application/vnd.oci.image.layer.v1.tar+gzip', 'application/vnd.docker.image.rootfs.diff.tar.gzip'],
  ['application/vnd.oci.image.layer.v1.tar', 'application/vnd.docker.image.rootfs.diff.tar'],
];

/** What a configuration says about the machine that it is for. */
const platformFields = ['architecture', 'os', 'variant', 'os.version', 'os.features'] as const;

/**
 * The image of the base's layers and then those of the parts, lowest first. Of the base's configuration, what an image
 * built on it gets stays; its default command goes, as after any ENTRYPOINT. Throws SyntaxError if a text is not JSON.
 */
export function assembleImage(base: ImageText, parts: readonly ImageText[], start: ImageStart): ImageText {
  const from = read(base);
  const added = parts.map(read);
  const kind = base.mediaType.includes('docker') ? docker : oci;
  const { Cmd: _, OnBuild: __, ...settings } = from.settings;
  const config = JSON.stringify({
    created: date,
    ...Object.fromEntries(
      platformFields.flatMap((field) => {
        const value = fieldAt(from.config, field);
        return value === undefined ? [] : [[field, value]];
      }),
    ),
    config: {
      ...settings,
      Entrypoint: start.entrypoint,
      WorkingDir: start.workingDir,
      ...(start.user === undefined ? {} : { User: start.user }),
      Labels: sorted({ ...(fieldAt(settings, 'Labels') as Record<string, string> | null), ...start.labels }),
    },
    rootfs: { type: 'layers', diff_ids: [from, ...added].flatMap(({ diffIds }) => diffIds) },
    history: [
      ...listAt(from.config, 'history'),
      ...added.flatMap((part) =>
        listAt(part.config, 'history').map((step) => ({ ...(step as object), created: date })),
      ),
      { created: date, created_by: `ENTRYPOINT ${JSON.stringify(start.entrypoint)}`, empty_layer: true },
    ],
  });
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: kind.manifest,
    config: { mediaType: kind.config, size: Buffer.byteLength(config), digest: digestOf(config) },
    layers: [
      ...from.layers,
      ...added.flatMap(({ layers }) => layers.map((layer) => inFamily(layer, kind === docker))),
    ],
  });
  return { mediaType: kind.manifest, manifest, config };
}

/** Digest of a text, as registries write it. */
export function digestOf(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}

interface Contents {
  readonly config: unknown;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly layers: readonly unknown[];
  readonly diffIds: readonly unknown[];
}

function read({ manifest, config }: ImageText): Contents {
  const parsed: unknown = JSON.parse(config);
  return {
    config: parsed,
    settings: (fieldAt(parsed, 'config') ?? {}) as Readonly<Record<string, unknown>>,
    layers: listAt(JSON.parse(manifest), 'layers'),
    diffIds: listAt(parsed, 'rootfs', 'diff_ids'),
  };
}

/** A layer's entry in the manifest, named as the family of its image names it. */
function inFamily(layer: unknown, isDocker: boolean): unknown {
  const mediaType = stringAt(layer, 'mediaType');
  const pair = layerTypes.find((names) => names.some((name) => name === mediaType));
  return pair === undefined ? layer : { ...(layer as object), mediaType: pair[isDocker ? 1 : 0] };
}

function sorted(labels: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(labels).sort(([one], [other]) => (one < other ? -1 : 1)));
}
