/**
 * Helm's release records, read from their Secrets: what is deployed, by whom, and whether an operation was left half
 * done. Pure: the Secrets are fetched elsewhere. Helm writes them; appdev marks them (deploy/helm/repair.ts, deploy/helm/lifetime.ts), and notes in
 * one what an uninstall has to leave alone (deploy/helm/keep/keep.ts).
 *
 * How appdev marks a release, and why so. Helm 3.13 to 4.3 keep custom labels (`--labels`) on the record's Secret from
 * the moment a record is `pending-…`, merge them into later revisions, and never show them to the chart: they carry
 * whose the release is and which process holds it. The description (`--description`) belongs to one revision and is
 * written when that revision succeeded: it carries the content's hash, so that a revision that somebody else made of
 * our release (`helm rollback`, `helm upgrade` by hand) cannot be mistaken for what appdev applied.
 */
import { gunzipSync } from 'node:zlib';
import type { KubeObject } from '../../cluster/types.ts';
import { fieldAt, isFields, listAt, numberAt, stringAt } from '../../support/fields.ts';
import { parseDocuments } from '../objects/documents.ts';
import { helmHolderLabel, projectLabel, repairAnnotation } from '../../core/labels.ts';
import { labelValue } from '../objects/ownership.ts';

/** One revision of a release. */
export interface Revision {
  readonly release: string;
  readonly revision: number;
  /** As helm names it: `deployed`, `failed`, `superseded`, `pending-install`, `uninstalling`, … */
  readonly status: string;
  /** Name of the Secret that holds the record. */
  readonly secret: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly description: string;
  /** Applied on the server, as Helm 4 does; the next revision is applied as the last one was. */
  readonly serverSide: boolean;
  /** The objects of the release, hooks not among them. */
  readonly objects: readonly KubeObject[];
  /** The hooks that have run at least once. */
  readonly hooks: readonly KubeObject[];
}

/** What a release is doing. */
export type ReleaseState =
  | { readonly kind: 'absent' }
  /** The last revision is as helm left it: deployed, failed or superseded. */
  | { readonly kind: 'settled'; readonly last: Revision; readonly deployed?: Revision }
  /** An operation is under way, or its process died. */
  | {
      readonly kind: 'pending';
      readonly last: Revision;
      readonly deployed?: Revision;
      /** Mark of the helm process that does it, see holder.ts; absent where appdev did not start it. */
      readonly holder?: string;
    }
  /** A removal is under way, or its process died. */
  | { readonly kind: 'uninstalling'; readonly last: Revision };

/** Label selector for the records of a release that matter: superseded ones are history. */
export function recordsOf(release: string): string {
  return `owner=helm,name=${release},status!=superseded`;
}

/** What a record's Secret holds, as helm wrote it. Undefined where that is no record. */
export function unpackRecord(secret: KubeObject): unknown {
  const encoded = stringAt(secret, 'data', 'release');
  if (encoded === undefined) return undefined;
  try {
    // base64 by the API, then base64 and gzip by helm.
    const packed = Buffer.from(Buffer.from(encoded, 'base64').toString('utf8'), 'base64');
    return JSON.parse((packed[0] === 0x1f ? gunzipSync(packed) : packed).toString('utf8'));
  } catch {
    return undefined;
  }
}

/** Reads a record. Undefined for a Secret that is none, or of a form that helm has not written so far. */
export function readRevision(secret: KubeObject): Revision | undefined {
  const record = unpackRecord(secret);
  const release = stringAt(record, 'name');
  const revision = numberAt(record, 'version');
  if (release === undefined || revision === undefined) return undefined;
  const ran = listAt(record, 'hooks').filter((hook) => stringAt(hook, 'last_run', 'phase') !== undefined);
  return {
    release,
    revision,
    status: stringAt(record, 'info', 'status') ?? 'unknown',
    secret: secret.metadata.name,
    labels: secret.metadata.labels ?? {},
    annotations: secret.metadata.annotations ?? {},
    description: stringAt(record, 'info', 'description') ?? '',
    serverSide: stringAt(record, 'apply_method') === 'ssa',
    objects: objectsOf(stringAt(record, 'manifest') ?? ''),
    hooks: ran.flatMap((hook) => objectsOf(stringAt(hook, 'manifest') ?? '')),
  };
}

/** Judges a release by its records, in any order. */
export function releaseState(revisions: readonly Revision[]): ReleaseState {
  const sorted = [...revisions].sort((a, b) => a.revision - b.revision);
  const last = sorted.at(-1);
  // A removal that kept the history: the name is free, helm reuses it.
  if (last === undefined || last.status === 'uninstalled') return { kind: 'absent' };
  if (last.status === 'uninstalling') return { kind: 'uninstalling', last };
  const deployed = sorted.findLast(({ status }) => status === 'deployed');
  const found = deployed === undefined ? { last } : { last, deployed };
  if (!last.status.startsWith('pending-')) return { kind: 'settled', ...found };
  // A rollback inherits the labels of the revision that it goes back to, so that its own mark is an annotation which
  // deploy/helm/repair.ts leaves on the record before it.
  const before = sorted.find(({ revision }) => revision === last.revision - 1);
  const holder =
    last.status === 'pending-rollback' ? before?.annotations[repairAnnotation] : last.labels[helmHolderLabel];
  return { kind: 'pending', ...found, ...(holder === undefined ? {} : { holder }) };
}

/** True for a release that this project installed. */
export function isOurRelease(revision: Revision, project: string): boolean {
  return revision.labels[projectLabel] === labelValue(project);
}

/** Who installed a release that is not ours; a phrase for a message. */
export function installerOf(revision: Revision): string {
  const project = revision.labels[projectLabel];
  return project === undefined ? 'somebody else' : `appdev project ${project}`;
}

/** The description of a revision with this content. Shown by `helm history`. */
export function contentDescription(hash: string): string {
  return `appdev: content ${hash}`;
}

function objectsOf(manifest: string): KubeObject[] {
  return parseDocuments(manifest, { file: 'release', origin: 'generated' }).objects.map(
    ({ object }) => object,
  );
}

/** Objects in a release that carry no namespace of their own live in the release's. */
export function placed(objects: readonly KubeObject[], namespace: string): KubeObject[] {
  return objects.map((object) =>
    isFields(object.metadata) && fieldAt(object, 'metadata', 'namespace') === undefined
      ? { ...object, metadata: { ...object.metadata, namespace } }
      : object,
  );
}
