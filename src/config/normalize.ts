/**
 * The last step from a file to the project that every other part sees. It fills in defaults that depend on other keys,
 * makes paths absolute and turns durations into milliseconds. Its input has passed the schema and all checks.
 */
import type {
  DeployDocument,
  ImagePlaceDocument,
  KanikoDocument,
  ProjectDocument,
  ServiceDocument,
  TagsDocument,
} from './schema/document.ts';
import { durationMs, forwardPorts } from './schema/grammar.ts';
import type {
  DeployConfig,
  HelmConfig,
  ImageConfig,
  ImageValues,
  KanikoConfig,
  PortForwardConfig,
  ProjectConfig,
  RegistryConfig,
  ServiceConfig,
  TagsConfig,
} from './model.ts';
import { isRemoteChart, resolvePath } from './check/paths.ts';
import { defaultBase } from './schema/image.ts';
import { kanikoDefaults } from './schema/kaniko.ts';
import { entriesAt, treeAt, type Tree, type TreePath } from './text/tree.ts';

/** What a project has in addition to the contents of its file. */
export interface ProjectFacts {
  /** Absolute path of the appdev.yaml. */
  readonly file: string;
  /** Absolute path of its folder. */
  readonly root: string;
  /** Names of the active profiles, in order. */
  readonly profiles: readonly string[];
  /** Absolute paths of the files whose change reloads the configuration. */
  readonly files: readonly string[];
}

/**
 * Makes the project from a valid document.
 *
 * @param tree the tree that `document` was read from. It knows which file each path was written in, and a relative path
 * is relative to that file.
 */
export function normalize(document: ProjectDocument, tree: Tree, facts: ProjectFacts): ProjectConfig {
  const { registry } = document;
  const builds = Object.values(document.services).some(({ image }) => image?.builder === 'kaniko');
  const kaniko = document.kaniko ?? (builds ? kanikoDefaults : undefined);
  const names = entriesAt(tree, ['services']).map(([name]) => name);
  return {
    ...facts,
    name: document.name,
    cluster: document.cluster,
    ...(registry === undefined
      ? {}
      : { registry: registryOf(registry, new Paths(tree, ['registry'], facts)) }),
    ...(kaniko === undefined ? {} : { kaniko: kanikoOf(kaniko) }),
    keepImages: document.keepImages,
    ignore: document.ignore,
    services: names.flatMap((name) => {
      const service = document.services[name];
      return service === undefined
        ? []
        : [serviceOf(name, service, document, new Paths(tree, ['services', name], facts))];
    }),
  };
}

function registryOf(
  { ca, harbor, ...names }: NonNullable<ProjectDocument['registry']>,
  paths: Paths,
): RegistryConfig {
  const scan = harbor?.scan;
  return {
    ...names,
    pull: names.pull ?? names.push,
    ...(ca === undefined ? {} : { ca: paths.path(ca, 'ca') }),
    ...(scan === undefined
      ? {}
      : {
          scan: {
            severity: scan.severity,
            fixableOnly: scan.fixableOnly,
            deadlineMs: durationMs(scan.deadline) ?? 0,
          },
        }),
  };
}

/** The settings of Kaniko if the file has no section `kaniko`. */
export const defaultKaniko: KanikoConfig = kanikoOf(kanikoDefaults);

function kanikoOf({ deadline, resources, ...kaniko }: KanikoDocument): KanikoConfig {
  const texts = (quantities: Readonly<Record<string, string | number>>): Readonly<Record<string, string>> =>
    Object.fromEntries(Object.entries(quantities).map(([name, quantity]) => [name, String(quantity)]));
  return {
    ...kaniko,
    resources: { requests: texts(resources.requests), limits: texts(resources.limits) },
    deadlineMs: durationMs(deadline) ?? 0,
  };
}

/** Resolves the paths of one section. A path is relative to the file in which it was written. */
class Paths {
  readonly #tree: Tree;
  readonly #at: TreePath;
  readonly root: string;

  constructor(tree: Tree, at: TreePath, { root }: ProjectFacts) {
    this.#tree = tree;
    this.#at = at;
    this.root = root;
  }

  path(text: string, ...at: TreePath): string {
    const node = treeAt(this.#tree, [...this.#at, ...at]);
    return node === undefined ? this.root : resolvePath(text, node.origin);
  }
}

function serviceOf(
  name: string,
  service: ServiceDocument,
  { tags, imageKinds }: Pick<ProjectDocument, 'tags' | 'imageKinds'>,
  paths: Paths,
): ServiceConfig {
  const { jar, dev, needs } = service;
  const path = paths.path(service.path, 'path');
  const made = imageOf(name, service, path, paths);
  const tagged = tagsOf(tags, service.image?.tags);
  const image = made === undefined || tagged === undefined ? made : { ...made, tags: tagged };
  return {
    name,
    path,
    ...(jar === undefined ? {} : { jar }),
    ...(image === undefined ? {} : { image }),
    deploy: { ...deployOf(name, service.deploy, paths), ...(imageKinds.length === 0 ? {} : { imageKinds }) },
    dev: { trigger: dev.trigger, forward: dev.forward.map(portsOf) },
    needs: [...new Set(needs)],
  };
}

/** Each setting comes from the image, else from the project, else from the default. Undefined if there is no template. */
function tagsOf(project: TagsDocument = {}, image: TagsDocument = {}): TagsConfig | undefined {
  const template = image.template ?? project.template;
  if (template === undefined) return undefined;
  const gitCommit = { variant: 'tag', prefix: '', ignoreChanges: false } as const;
  const dateTime = { format: 'yyyy-MM-dd_HH-mm-ss', timezone: 'UTC' };
  return {
    template,
    gitCommit: { ...gitCommit, ...project.gitCommit, ...image.gitCommit },
    dateTime: { ...dateTime, ...project.dateTime, ...image.dateTime },
  };
}

/** A service with a jar but without `image` gets a layered image with all defaults. */
function imageOf(
  name: string,
  { jar, image }: ServiceDocument,
  path: string,
  paths: Paths,
): ImageConfig | undefined {
  if (jar === undefined && image === undefined) return undefined;
  const repository = image?.repository ?? name;
  const builder = image?.builder ?? 'buildah';
  const context = image?.context === undefined ? path : paths.path(image.context, 'image', 'context');
  if (builder === 'command' && image?.command !== undefined) {
    const { run, env, dependencies } = image.command;
    return {
      repository,
      builder,
      source: {
        kind: 'command',
        run,
        env: textsOf(env),
        context,
        ...(image.containerfile === undefined
          ? {}
          : { containerfile: paths.path(image.containerfile, 'image', 'containerfile') }),
        ...(dependencies === undefined
          ? {}
          : {
              dependencies: dependencies.map((text, index) =>
                paths.path(text, 'image', 'command', 'dependencies', index),
              ),
            }),
      },
    };
  }
  if (image?.containerfile === undefined) {
    return { repository, builder, source: { kind: 'layers', base: image?.base ?? defaultBase } };
  }
  return {
    repository,
    builder,
    source: {
      kind: 'containerfile',
      containerfile: paths.path(image.containerfile, 'image', 'containerfile'),
      context,
      buildArgs: textsOf(image.buildArgs ?? {}),
    },
  };
}

function textsOf(values: Readonly<Record<string, string | number | boolean>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, String(value)]));
}

function deployOf(name: string, deploy: DeployDocument, paths: Paths): DeployConfig {
  const { helm, kustomize, manifests, namespace, deadline, restartsAllowed } = deploy;
  const common = {
    ...(namespace === undefined ? {} : { namespace }),
    deadlineMs: durationMs(deadline) ?? 0,
    restartsAllowed,
  };
  if (helm !== undefined) {
    return {
      ...common,
      kind: 'helm',
      chart: isRemoteChart(helm.chart) ? helm.chart : paths.path(helm.chart, 'deploy', 'helm', 'chart'),
      release: helm.release ?? name,
      values: helm.values.map((file, index) => paths.path(file, 'deploy', 'helm', 'values', index)),
      set: helm.set,
      ...imagePlacesOf(helm),
    };
  }
  if (kustomize !== undefined) {
    const path = paths.path(kustomize.path, 'deploy', 'kustomize', 'path');
    return { ...common, kind: 'kustomize', path, loadRestrictor: kustomize.loadRestrictor };
  }
  return {
    ...common,
    kind: 'manifests',
    files: (manifests ?? []).map((text, index) => paths.path(text, 'deploy', 'manifests', index)),
  };
}

type HelmDocument = NonNullable<DeployDocument['helm']>;

function imagePlacesOf({
  imageValues,
  moreImageValues,
  otherImageValues,
}: HelmDocument): Pick<HelmConfig, 'imageValues' | 'moreImageValues' | 'otherImageValues'> {
  const others = Object.entries(otherImageValues ?? {}).map(
    ([name, place]) => [name, placeOf(place)] as const,
  );
  return {
    ...(imageValues === undefined ? {} : { imageValues: ownPlaceOf(imageValues) }),
    ...(moreImageValues.length === 0 ? {} : { moreImageValues: moreImageValues.map(placeOf) }),
    ...(otherImageValues === undefined ? {} : { otherImageValues: Object.fromEntries(others) }),
  };
}

function placeOf({ tagOnly, ...paths }: ImagePlaceDocument): ImageValues {
  return { ...paths, ...(tagOnly ? { tagOnly } : {}) };
}

/** The place with its defaults: those of `helm create`, unless other paths receive what they would. */
function ownPlaceOf(document: ImagePlaceDocument): ImageValues {
  const { reference, digest, sha } = document;
  const pinned = digest !== undefined || sha !== undefined;
  return {
    ...(reference === undefined ? { repository: 'image.repository' } : {}),
    ...(reference === undefined && !pinned ? { tag: 'image.tag' } : {}),
    ...placeOf(document),
  };
}

function portsOf(text: string): PortForwardConfig {
  const ports = forwardPorts(text);
  if (ports === undefined) throw new Error(`an unchecked port forward: ${text}`);
  return ports;
}
