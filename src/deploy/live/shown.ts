/**
 * An object as a preview shows it: what people write, without what the server adds for itself and without the values of
 * a Secret. Pure.
 */
import { FILE_HEADERS_ONLY, formatPatch, structuredPatch, type StructuredPatch } from 'diff';
import type { KubeObject } from '../../cluster/types.ts';
import { isFields } from '../../support/fields.ts';
import { toYaml } from '../objects/documents.ts';

/** The two sides of a preview as YAML with sorted keys. The text is empty for an object that does not exist. */
export interface Sides {
  readonly before: string;
  readonly after: string;
}

/** What changes in an object, and the name that people know it by (`Kind/name`). */
export interface Change extends Sides {
  readonly object: string;
  /** Absent for a cluster-scoped object. */
  readonly namespace?: string;
  readonly change: 'create' | 'change' | 'replace' | 'delete';
}

/** What the server writes into metadata. */
const serverMetadata = new Set([
  'creationTimestamp',
  'generation',
  'managedFields',
  'resourceVersion',
  'selfLink',
  'uid',
]);

/**
 * Annotations that controllers and clients keep for themselves. kubectl's holds the whole object, including a Secret's
 * values.
 */
const serverAnnotations = new Set([
  'deployment.kubernetes.io/revision',
  'kubectl.kubernetes.io/last-applied-configuration',
]);

/** Both sides, ready to be compared line by line. */
export function sidesOf(before: KubeObject | undefined, after: KubeObject | undefined): Sides {
  const [old, now] = masked(before, after);
  return { before: textOf(old), after: textOf(now) };
}

/** Lines around a change, as `diff -u` shows them. */
const context = 3;

/**
 * How many lines may be added and removed before a diff is no longer looked for line by line. The search takes time and
 * memory by the square of them. Two texts that differ in more have little to compare.
 */
const maxEdits = 2000;

/** A change as a unified diff, with the object's place and name for the two files. Empty if both sides are equal. */
export function patchOf({ object, namespace, change, before, after }: Change): string {
  if (before === after) return '';
  const path = `${namespace === undefined ? '' : `${namespace}/`}${object}`;
  const from = change === 'create' ? '/dev/null' : `live/${path}`;
  const to = change === 'delete' ? '/dev/null' : `deploy/${path}`;
  const compare = { context, maxEditLength: maxEdits };
  // A side without lines needs no search.
  const found =
    before === '' || after === ''
      ? structuredPatch(from, to, before, after, undefined, undefined, { context })
      : structuredPatch(from, to, before, after, undefined, undefined, compare);
  return formatPatch(found ?? replaced(from, to, before, after), FILE_HEADERS_ONLY);
}

/** The patch that takes all lines away and puts the new ones in their place. */
function replaced(from: string, to: string, before: string, after: string): StructuredPatch {
  // One of two sides is empty, so there is nothing to search for.
  const hunks = [
    ...structuredPatch(from, to, before, '', undefined, undefined, { context }).hunks,
    ...structuredPatch(from, to, '', after, undefined, undefined, { context }).hunks,
  ];
  const [old, now] = hunks;
  if (old === undefined || now === undefined) throw new Error('a side that is replaced has no lines');
  const hunk = {
    ...old,
    newStart: now.newStart,
    newLines: now.newLines,
    lines: [...old.lines, ...now.lines],
  };
  return { oldFileName: from, newFileName: to, oldHeader: undefined, newHeader: undefined, hunks: [hunk] };
}

function textOf(object: KubeObject | undefined): string {
  return object === undefined ? '' : toYaml([sorted(withoutServerFields(object)) as KubeObject]);
}

function withoutServerFields(object: KubeObject): KubeObject {
  const { status: _status, metadata, ...rest } = object;
  const kept = Object.entries(metadata).filter(([key]) => !serverMetadata.has(key));
  const annotations = Object.entries(metadata.annotations ?? {}).filter(
    ([key]) => !serverAnnotations.has(key),
  );
  const { annotations: _all, ...bare } = Object.fromEntries(kept) as unknown as KubeObject['metadata'];
  const shown = annotations.length === 0 ? bare : { ...bare, annotations: Object.fromEntries(annotations) };
  return { ...rest, apiVersion: object.apiVersion, kind: object.kind, metadata: shown };
}

/** The keys that hold a Secret's values. */
const secretKeys = ['data', 'stringData'];

/** Masks both sides of a Secret. The reader sees which values differ, but no value. */
function masked(
  before: KubeObject | undefined,
  after: KubeObject | undefined,
): readonly [KubeObject | undefined, KubeObject | undefined] {
  if ((before ?? after)?.kind !== 'Secret') return [before, after];
  const hide = (
    object: KubeObject | undefined,
    other: KubeObject | undefined,
    which: string,
  ): KubeObject | undefined => {
    if (object === undefined) return undefined;
    const hidden = secretKeys.flatMap((key) => {
      const values = object[key];
      if (!isFields(values)) return [];
      const others = other?.[key];
      const shown = Object.entries(values).map(([name, value]) => {
        const counterpart = isFields(others) ? others[name] : undefined;
        return [name, counterpart === undefined || counterpart === value ? '***' : `*** (${which})`];
      });
      return [[key, Object.fromEntries(shown)]];
    });
    return { ...object, ...(Object.fromEntries(hidden) as Partial<KubeObject>) };
  };
  return [hide(before, after, 'before'), hide(after, before, 'after')];
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isFields(value)) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]));
}
