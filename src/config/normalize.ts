/**
 * The last step from a file to the project that every other part sees: defaults that depend on other keys, absolute
 * paths, numbers for durations. Gets only what schema and checks have found to be right.
 */
import type { DeployDocument, ProjectDocument, ServiceDocument } from './document.ts';
import { durationMs, forwardPorts } from './grammar.ts';
import type {
  DeployConfig,
  ImageConfig,
  PortForwardConfig,
  ProjectConfig,
  RegistryConfig,
  ServiceConfig,
} from './model.ts';
import { isRemoteChart, resolvePath } from './paths.ts';
import { defaultBase } from './schema.ts';
import { entriesAt, treeAt, type Tree, type TreePath } from './tree.ts';

/** What the project is beside its document. */
export interface ProjectFacts {
  /** Absolute path of the appdev.yaml. */
  readonly file: string;
  /** Absolute path of its folder. */
  readonly root: string;
  /** Names of the active profiles, in order. */
  readonly profiles: readonly string[];
  /** Absolute paths of the files that a reload depends on. */
  readonly files: readonly string[];
}

/** Makes the project. `tree` is what `document` was read from: it knows which file names which path. */
export function normalize(document: ProjectDocument, tree: Tree, facts: ProjectFacts): ProjectConfig {
  const { registry } = document;
  const names = entriesAt(tree, ['services']).map(([name]) => name);
  return {
    ...facts,
    name: document.name,
    cluster: document.cluster,
    ...(registry === undefined
      ? {}
      : { registry: registryOf(registry, new Paths(tree, ['registry'], facts)) }),
    keepImages: document.keepImages,
    ignore: document.ignore,
    services: names.flatMap((name) => {
      const service = document.services[name];
      return service === undefined
        ? []
        : [serviceOf(name, service, new Paths(tree, ['services', name], facts))];
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

/** Resolves the paths of one section against the files that name them. */
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

function serviceOf(name: string, service: ServiceDocument, paths: Paths): ServiceConfig {
  const { jar, dev, needs } = service;
  const path = paths.path(service.path, 'path');
  const image = imageOf(name, service, path, paths);
  return {
    name,
    path,
    ...(jar === undefined ? {} : { jar }),
    ...(image === undefined ? {} : { image }),
    deploy: deployOf(name, service.deploy, paths),
    dev: { trigger: dev.trigger, forward: dev.forward.map(portsOf) },
    needs: [...new Set(needs)],
  };
}

/** A jar without `image` gets the layered image with all its defaults. */
function imageOf(
  name: string,
  { jar, image }: ServiceDocument,
  path: string,
  paths: Paths,
): ImageConfig | undefined {
  if (jar === undefined && image === undefined) return undefined;
  const repository = image?.repository ?? name;
  const builder = image?.builder ?? 'buildah';
  if (image?.containerfile === undefined) {
    return { repository, builder, source: { kind: 'layers', base: image?.base ?? defaultBase } };
  }
  const buildArgs = Object.entries(image.buildArgs ?? {}).map(([key, value]) => [key, String(value)]);
  return {
    repository,
    builder,
    source: {
      kind: 'containerfile',
      containerfile: paths.path(image.containerfile, 'image', 'containerfile'),
      context: image.context === undefined ? path : paths.path(image.context, 'image', 'context'),
      buildArgs: Object.fromEntries(buildArgs) as Record<string, string>,
    },
  };
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
      imageValues: helm.imageValues,
    };
  }
  if (kustomize !== undefined) {
    return { ...common, kind: 'kustomize', path: paths.path(kustomize.path, 'deploy', 'kustomize', 'path') };
  }
  return {
    ...common,
    kind: 'manifests',
    files: (manifests ?? []).map((text, index) => paths.path(text, 'deploy', 'manifests', index)),
  };
}

function portsOf(text: string): PortForwardConfig {
  const ports = forwardPorts(text);
  if (ports === undefined) throw new Error(`an unchecked port forward: ${text}`);
  return ports;
}
