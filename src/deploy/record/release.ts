/**
 * Helm's release records, read from their Secrets: what is deployed, by whom, and whether an operation was left half
 * done. Pure: the caller fetches the Secrets. Helm writes the records. appdev adds marks (deploy/helm/repair.ts,
 * deploy/helm/lifetime.ts), and notes in a record what an uninstall must leave alone (deploy/helm/keep/keep.ts).
 *
 * How appdev marks a release, and why. Labels: Helm 3.13 to 4.3 keep custom labels (`--labels`) on the record's Secret
 * from the moment a record is `pending-…`, merge them into later revisions, and never show them to the chart. So they
 * say who owns the release and which process holds it. Description: `--description` belongs to one revision and is
 * written when that revision has succeeded. So it carries the content's hash: a revision that someone else made of our
 * release (`helm rollback`, `helm upgrade` by hand) cannot be mistaken for what appdev applied.
 */
import { gunzipSync } from 'node:zlib';
import { refOf, type KubeObject } from '../../cluster/types.ts';
import { fieldAt, fieldsAt, isFields, listAt, numberAt, stringAt } from '../../support/fields.ts';
import { parseDocuments } from '../objects/documents.ts';
import { homed, identityOf } from '../objects/kinds.ts';
import { helmHolderLabel, projectLabel, repairAnnotation } from '../../core/labels.ts';
import { labelValue } from '../objects/ownership.ts';

/** One revision of a release. */
export interface Revision {
  readonly release: string;
  readonly revision: number;
  /** The status, in helm's words: `deployed`, `failed`, `superseded`, `pending-install`, `uninstalling`, … */
  readonly status: string;
  /** Name of the Secret that holds the record. */
  readonly secret: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly description: string;
  /** True if it was applied on the server, as Helm 4 does. The next revision is applied in the same way. */
  readonly serverSide: boolean;
  /** The objects of the release, without its hooks. */
  readonly objects: readonly KubeObject[];
  /** The hooks that have run at least once. */
  readonly hooks: readonly KubeObject[];
  /** The objects and all hooks but tests, as the chart has them: what was rendered. */
  readonly rendered: readonly KubeObject[];
}

/** What a release is doing. */
export type ReleaseState =
  | { readonly kind: 'absent' }
  /** The last revision is as helm left it: deployed, failed or superseded. */
  | { readonly kind: 'settled'; readonly last: Revision; readonly deployed?: Revision }
  /** An operation is running, or its process died. */
  | {
      readonly kind: 'pending';
      readonly last: Revision;
      readonly deployed?: Revision;
      /** Mark of the helm process that runs the operation, see holder.ts. Absent if appdev did not start it. */
      readonly holder?: string;
    }
  /** A removal is running, or its process died. */
  | { readonly kind: 'uninstalling'; readonly last: Revision };

/** Label selector for the records of a release that matter. Superseded records are history. */
export function recordsOf(release: string): string {
  return `owner=helm,name=${release},status!=superseded`;
}

/** What a record's Secret holds, as helm wrote it. Undefined if the Secret is not a record. */
export function unpackRecord(secret: KubeObject): unknown {
  const encoded = stringAt(secret, 'data', 'release');
  if (encoded === undefined) return undefined;
  try {
    // The API encodes it as base64, and helm before that as gzip and base64.
    const packed = Buffer.from(Buffer.from(encoded, 'base64').toString('utf8'), 'base64');
    return JSON.parse((packed[0] === 0x1f ? gunzipSync(packed) : packed).toString('utf8'));
  } catch {
    return undefined;
  }
}

/** Reads a record. Undefined if the Secret is not one, or has a form that no known helm writes. */
export function readRevision(secret: KubeObject): Revision | undefined {
  const record = unpackRecord(secret);
  const release = stringAt(record, 'name');
  const revision = numberAt(record, 'version');
  if (release === undefined || revision === undefined) return undefined;
  const ran = listAt(record, 'hooks').filter((hook) => stringAt(hook, 'last_run', 'phase') !== undefined);
  const objects = objectsOf(stringAt(record, 'manifest') ?? '');
  const description = stringAt(record, 'info', 'description') ?? '';
  const inChart = withChartReplicas(objects, description, stringAt(record, 'namespace') ?? '');
  return {
    release,
    revision,
    status: stringAt(record, 'info', 'status') ?? 'unknown',
    secret: secret.metadata.name,
    labels: secret.metadata.labels ?? {},
    annotations: secret.metadata.annotations ?? {},
    description,
    serverSide: stringAt(record, 'apply_method') === 'ssa',
    objects,
    hooks: ran.flatMap((hook) => objectsOf(stringAt(hook, 'manifest') ?? '')),
    rendered: [...inChart, ...hooksIn(record).flatMap(({ manifest }) => objectsOf(manifest))],
  };
}

/**
 * What a release renders to, as the YAML stream that `helm template` would print. Tests are left out, because no deploy
 * runs them.
 *
 * @param release as its record has it, or as `helm upgrade --output=json` prints it
 */
export function manifestsOf(release: unknown): string {
  const hooks = hooksIn(release).map(
    ({ path, manifest }) => `---\n# Source: ${path}\n${manifest.trimEnd()}\n`,
  );
  return `${(stringAt(release, 'manifest') ?? '').trimEnd()}\n${hooks.join('')}`;
}

function hooksIn(release: unknown): { readonly path: string; readonly manifest: string }[] {
  return listAt(release, 'hooks')
    .filter((hook) => !listAt(hook, 'events').includes('test'))
    .map((hook) => ({ path: stringAt(hook, 'path') ?? '', manifest: stringAt(hook, 'manifest') ?? '' }));
}

/** The state of a release, from its records in any order. */
export function releaseState(revisions: readonly Revision[]): ReleaseState {
  const sorted = [...revisions].sort((a, b) => a.revision - b.revision);
  const last = sorted.at(-1);
  // The removal kept the history. The name is free, and helm reuses it.
  if (last === undefined || last.status === 'uninstalled') return { kind: 'absent' };
  if (last.status === 'uninstalling') return { kind: 'uninstalling', last };
  const deployed = sorted.findLast(({ status }) => status === 'deployed');
  const found = deployed === undefined ? { last } : { last, deployed };
  if (!last.status.startsWith('pending-')) return { kind: 'settled', ...found };
  // A rollback inherits the labels of the revision it goes back to. So its own mark is an annotation, which
  // deploy/helm/repair.ts leaves on the record before it.
  const before = sorted.find(({ revision }) => revision === last.revision - 1);
  const holder =
    last.status === 'pending-rollback' ? before?.annotations[repairAnnotation] : last.labels[helmHolderLabel];
  return { kind: 'pending', ...found, ...(holder === undefined ? {} : { holder }) };
}

/** True if this project installed the release. */
export function isOurRelease(revision: Revision, project: string): boolean {
  return revision.labels[projectLabel] === labelValue(project);
}

/** Who installed a release that is not ours. A phrase for a message. */
export function installerOf(revision: Revision): string {
  const project = revision.labels[projectLabel];
  return project === undefined ? 'someone else' : `appdev project ${project}`;
}

/**
 * The description of a revision that was made of these inputs. `helm history` shows it.
 *
 * @param replicas what the chart says where an autoscaler's number was kept instead, by the identity of the workload
 */
export function contentDescription(hash: string, replicas: ReadonlyMap<string, number> = new Map()): string {
  const kept = [...replicas].map(([identity, count]) => `${identity}=${count}`);
  return [`appdev: content ${hash}`, ...kept].join(replicasMark);
}

/** Stands before each number of replicas in a description. */
const replicasMark = '; replicas in the chart: ';

/** True if a revision was made of inputs with this hash. */
export function hasContent({ description }: Revision, hash: string): boolean {
  return description.split(replicasMark)[0] === contentDescription(hash);
}

/** The objects with the replicas that the chart says. The record has the autoscaler's. */
function withChartReplicas(
  objects: readonly KubeObject[],
  description: string,
  namespace: string,
): readonly KubeObject[] {
  const counts = new Map(
    description
      .split(replicasMark)
      .slice(1)
      .map((text): [string, number] => [
        text.slice(0, text.lastIndexOf('=')),
        Number(text.slice(text.lastIndexOf('=') + 1)),
      ]),
  );
  if (counts.size === 0) return objects;
  const homes = homed(objects, namespace);
  return objects.map((object, index) => {
    const count = counts.get(identityOf(refOf(homes[index] ?? object)));
    return count === undefined
      ? object
      : { ...object, spec: { ...fieldsAt(object, 'spec'), replicas: count } };
  });
}

function objectsOf(manifest: string): KubeObject[] {
  return parseDocuments(manifest, { file: 'release', origin: 'generated' }).objects.map(
    ({ object }) => object,
  );
}

/** The objects of a release, each with its namespace. An object without its own is in the release's namespace. */
export function placed(objects: readonly KubeObject[], namespace: string): KubeObject[] {
  return objects.map((object) =>
    isFields(object.metadata) && fieldAt(object, 'metadata', 'namespace') === undefined
      ? { ...object, metadata: { ...object.metadata, namespace } }
      : object,
  );
}
