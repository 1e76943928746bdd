/**
 * Image references in manifests: how to write the pushed image, where manifests name images, and which of those names
 * mean ours. Pure.
 */
import type { KubeObject } from '../../cluster/types.ts';
import type { Artifact } from '../../core/events.ts';
import { isFields } from '../../support/fields.ts';
import { groupOf } from './kinds.ts';

/** The parts of an image reference. The repository includes the registry's host. */
export interface ImageName {
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: string;
}

/** Splits `host:port/path:tag@sha256:…`. Accepts any text: without a tag or digest, all of it is the repository. */
export function parseImageName(reference: string): ImageName {
  const at = reference.indexOf('@');
  const digest = at < 0 ? undefined : reference.slice(at + 1);
  const rest = at < 0 ? reference : reference.slice(0, at);
  // A colon before the last slash belongs to a port.
  const colon = rest.indexOf(':', rest.lastIndexOf('/') + 1);
  const tag = colon < 0 ? undefined : rest.slice(colon + 1);
  return {
    repository: colon < 0 ? rest : rest.slice(0, colon),
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest }),
  };
}

/** What follows the repository: `tag@sha256:…`, or only the tag for an image that was loaded into the node. */
export function tagOf(artifact: Artifact): string {
  return artifact.digest === '' ? artifact.tag : `${artifact.tag}@${artifact.digest}`;
}

/**
 * The reference that pods get: the name under which the node pulls the image, with the digest, and with the tag for
 * people.
 */
export function referenceOf(artifact: Artifact): string {
  return `${artifact.pullRepository}:${tagOf(artifact)}`;
}

/** True if a reference from a manifest means exactly the pushed image. `repo@digest` without the tag counts too. */
export function isReferenceTo(reference: string, artifact: Artifact): boolean {
  const name = parseImageName(reference);
  if (name.repository !== artifact.pullRepository) return false;
  return artifact.digest === '' ? name.tag === artifact.tag : name.digest === artifact.digest;
}

/** The artifact as it is named by its tag alone, for a chart that can hold no digest. */
export function byTagAlone(artifact: Artifact): Artifact {
  return { ...artifact, digest: '' };
}

/** The images of ours that manifests name: the service's own first, each by its tag alone if it is named so. */
export function imagesNamed({
  artifact,
  uses = [],
  byTag = [],
}: {
  readonly artifact?: Artifact;
  readonly uses?: readonly Artifact[];
  /** Services whose images are named by the tag alone. */
  readonly byTag?: readonly string[];
}): Artifact[] {
  const all = artifact === undefined ? uses : [artifact, ...uses];
  return all.map((one) => (byTag.includes(one.service) ? byTagAlone(one) : one));
}

/** A service's image, by the name that manifests use. */
export interface NamedImage {
  /** The name as written in appdev.yaml. */
  readonly repository: string;
  /** Absent if it is not known what was built. */
  readonly artifact?: Artifact;
}

/**
 * True if a reference means an image by its name, whatever the tag. A reference that is pinned by digest means only
 * itself.
 */
export function meansImage(reference: string, { repository, artifact }: NamedImage): boolean {
  const written = parseImageName(reference);
  if (written.digest !== undefined) return false;
  return [repository, artifact?.repository, artifact?.pullRepository].includes(written.repository);
}

/**
 * Kinds in which a key `image` names a container image, by API group; Skaffold's allow list is the same idea. Elsewhere
 * (a ConfigMap's data, an unknown kind) `image` may mean anything, so it is left alone, unless appdev.yaml lists the
 * kind.
 */
const knownKinds: Readonly<Record<string, readonly string[]>> = {
  '': ['Pod', 'PodTemplate', 'ReplicationController'],
  apps: ['DaemonSet', 'Deployment', 'ReplicaSet', 'StatefulSet'],
  batch: ['CronJob', 'Job'],
  'agones.dev': ['Fleet', 'GameServer'],
  'apps.kruise.io': ['AdvancedCronJob', 'BroadcastJob', 'CloneSet', 'DaemonSet', 'StatefulSet'],
  'apps.openshift.io': ['DeploymentConfig'],
  'argoproj.io': ['ClusterWorkflowTemplate', 'CronWorkflow', 'Rollout', 'Workflow', 'WorkflowTemplate'],
  'flink.apache.org': ['FlinkDeployment'],
  'jobset.x-k8s.io': ['JobSet'],
  'keda.sh': ['ScaledJob'],
  'serving.knative.dev': ['Configuration', 'Revision', 'Service'],
  'sparkoperator.k8s.io': ['ScheduledSparkApplication', 'SparkApplication'],
  'tekton.dev': ['Pipeline', 'PipelineRun', 'Task', 'TaskRun'],
};

/** A kind whose objects name images, as appdev.yaml lists it. */
export interface ImageKind {
  readonly kind: string;
  /** API group; empty for the core group. */
  readonly group: string;
  /** Where the images are: `spec.runner.image`, `spec.steps[].image`. Empty: under every key `image`. */
  readonly fields: readonly string[];
}

/** Every image that the objects name, once, in order. */
export function imagesIn(objects: readonly KubeObject[], kinds: readonly ImageKind[] = []): string[] {
  const found = new Set<string>();
  for (const object of objects) {
    mapObjectImages(object, kinds, (image) => {
      found.add(image);
      return image;
    });
  }
  return [...found];
}

/** The object with `change` applied to every image that it names. The object itself if its kind names none. */
export function mapObjectImages(
  object: KubeObject,
  kinds: readonly ImageKind[],
  change: (image: string) => string,
): KubeObject {
  const group = groupOf(object.apiVersion);
  const listed = kinds.filter((one) => one.kind === object.kind && one.group === group);
  const everywhere =
    knownKinds[group]?.includes(object.kind) === true || listed.some(({ fields }) => fields.length === 0);
  const changed = everywhere ? mapImages(object, change) : object;
  const fields = listed.flatMap((one) => one.fields);
  return fields.reduce((value, field) => mapAt(value, stepsOf(field), change), changed) as KubeObject;
}

/**
 * Where an object has a text that its kind does not show as an image: `{field: spec.runner.image}`. Undefined if there
 * is none.
 */
export function hiddenImage(
  objects: readonly KubeObject[],
  isImage: (text: string, field: string) => boolean,
): { readonly object: KubeObject; readonly field: string } | undefined {
  const fieldOf = (value: unknown, path: string): string | undefined => {
    if (typeof value === 'string') return isImage(value, path) ? path : undefined;
    const inner = Array.isArray(value)
      ? value.map((item: unknown) => [`${path}[]`, item] as const)
      : isFields(value)
        ? Object.entries(value).map(([key, item]) => [path === '' ? key : `${path}.${key}`, item] as const)
        : [];
    for (const [at, item] of inner) {
      const found = at === 'metadata' || at === 'kind' || at === 'apiVersion' ? undefined : fieldOf(item, at);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  for (const object of objects) {
    const field = fieldOf(object, '');
    if (field !== undefined) return { object, field };
  }
  return undefined;
}

/** What to write into appdev.yaml so that a field counts as an image. */
export function imageKindLine({ apiVersion, kind }: KubeObject, field: string): string {
  const group = groupOf(apiVersion);
  const parts = [
    `kind: ${kind}`,
    ...(group === '' ? [] : [`group: ${group}`]),
    ...(/(^|\.)image$/.test(field) ? [] : [`fields: ["${field}"]`]),
  ];
  return `imageKinds: [{${parts.join(', ')}}]`;
}

/** `spec.steps[].image` as keys, with `[]` for every item of a list. */
function stepsOf(field: string): string[] {
  return field.split('.').flatMap((part) => part.split(/(?=\[\])/));
}

/** A copy of a value in which `change` was applied to the text at a path, or to the images below it. */
function mapAt(value: unknown, path: readonly string[], change: (image: string) => string): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return typeof value === 'string' ? change(value) : mapImages(value, change);
  if (step === '[]') return Array.isArray(value) ? value.map((item) => mapAt(item, rest, change)) : value;
  if (!isFields(value) || !Object.hasOwn(value, step)) return value;
  return { ...value, [step]: mapAt(value[step], rest, change) };
}

/** A copy of a value in which `change` was applied to every string under a key `image`. */
export function mapImages(value: unknown, change: (image: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => mapImages(item, change));
  if (!isFields(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      key === 'image' && typeof inner === 'string' ? change(inner) : mapImages(inner, change),
    ]),
  );
}
