/**
 * YAML streams to Kubernetes objects and back. Text is read as the cluster's own tools read it (YAML 1.1 booleans and
 * octals), and every fault is a diagnostic with its place. Knows nothing of where the text comes from.
 */
import { Document, LineCounter, isAlias, isMap, parseAllDocuments, type Node, type YAMLMap } from 'yaml';
import { refOf } from '../../cluster/ref.ts';
import type { KubeObject } from '../../cluster/types.ts';
import type { Diagnostic } from '../../core/diagnostic.ts';
import { isFields, stringAt } from '../../support/fields.ts';
import { identityOf, nameOf } from './kinds.ts';

/** One object with the place where it is written. */
export interface Located {
  readonly object: KubeObject;
  /** Line of the document's first key, from 1. */
  readonly line: number;
}

/** What came of a text: the objects in it, and every fault. With an error among the faults, do not use the objects. */
export interface ParsedDocuments {
  readonly objects: readonly Located[];
  readonly diagnostics: readonly Diagnostic[];
}

export interface ParseSettings {
  /** What diagnostics call the file. */
  readonly file: string;
  /**
   * `written`: by the user, so that doubled keys and missing names are errors. `generated`: by Helm or Kustomize, which
   * have checked it; hook objects may have a generated name.
   */
  readonly origin: 'written' | 'generated';
}

/**
 * Types that YAML 1.1 has but Go's YAML readers (kubectl, Helm, Kustomize) do not resolve: `8080:80` and `2001-12-14`
 * stay strings there, so they stay strings here.
 */
const unlikeGo = /:(binary|omap|pairs|set|timestamp)$/;

/** Reads a YAML stream. Empty documents are skipped, a `List` stands for its items. */
export function parseDocuments(text: string, settings: ParseSettings): ParsedDocuments {
  const counter = new LineCounter();
  const lines = text.split('\n');
  const diagnostics: Diagnostic[] = [];
  const objects: Located[] = [];
  const fault = (message: string, offset: number, hint?: string): void => {
    const { line, col } = counter.linePos(offset);
    const excerpt = lines[line - 1];
    diagnostics.push({
      severity: 'error',
      message,
      file: settings.file,
      line,
      column: col,
      ...(excerpt === undefined ? {} : { excerpt }),
      ...(hint === undefined ? {} : { hint }),
    });
  };

  const parsed = parseAllDocuments(text, {
    version: '1.1',
    uniqueKeys: settings.origin === 'written',
    lineCounter: counter,
    prettyErrors: false,
    customTags: (tags) =>
      tags.filter((tag) => typeof tag === 'string' || (tag.format !== 'TIME' && !unlikeGo.test(tag.tag))),
  });
  for (const document of 'empty' in parsed ? [] : parsed) {
    for (const error of document.errors) fault(sentence(error.message), error.pos[0], hintFor(error.code));
    const root = document.contents;
    if (document.errors.length > 0 || root === null) continue;
    const offset = offsetOf(root);
    let value: unknown;
    try {
      value = document.toJS();
    } catch (error) {
      // The library caps alias expansion, so that a few lines cannot become gigabytes.
      fault(error instanceof Error ? sentence(error.message) : 'the document cannot be read', offset);
      continue;
    }
    if (value === null || value === undefined) continue;
    for (const item of itemsOf(value)) {
      const wrong = whatIsWrong(item, settings.origin);
      if (wrong !== undefined) fault(wrong, placeOf(root, wrong) ?? offset);
      else objects.push({ object: named(item), line: counter.linePos(offset).line });
    }
  }
  if (settings.origin === 'written') diagnostics.push(...doubled(objects, settings.file));
  return { objects, diagnostics };
}

/** The same objects as a YAML stream that YAML 1.1 and 1.2 readers read alike. */
export function toYaml(objects: readonly KubeObject[]): string {
  return objects
    .map(
      (object) => new Document(object, { version: '1.2', compat: 'yaml-1.1', aliasDuplicateObjects: false }),
    )
    .map((document) => document.toString({ lineWidth: 0 }))
    .join('---\n');
}

function itemsOf(value: unknown): readonly unknown[] {
  if (isFields(value) && value['kind'] === 'List' && Array.isArray(value['items'])) {
    return value['items'] as readonly unknown[];
  }
  return [value];
}

function whatIsWrong(item: unknown, origin: ParseSettings['origin']): string | undefined {
  if (!isFields(item))
    return 'this is not a Kubernetes object: a mapping with apiVersion, kind and metadata is expected';
  for (const key of ['apiVersion', 'kind']) {
    const value = item[key];
    if (typeof value !== 'string' || value === '') return `\`${key}\` is missing, or is not a string`;
  }
  const name = stringAt(item, 'metadata', 'name');
  if (name !== undefined && name !== '') return undefined;
  if (origin === 'generated') return undefined;
  if (stringAt(item, 'metadata', 'generateName') !== undefined) {
    return '`metadata.generateName` cannot be applied twice: give the object a `metadata.name`';
  }
  return '`metadata.name` is missing, or is not a string';
}

/** An object whose `metadata.name` is a string, whatever was written; only Helm's hooks may come without. */
function named(item: unknown): KubeObject {
  const object = item as KubeObject;
  if (stringAt(item, 'metadata', 'name') !== undefined) return object;
  const name = stringAt(item, 'metadata', 'generateName') ?? '';
  return { ...object, metadata: { ...(isFields(object.metadata) ? object.metadata : {}), name } };
}

function doubled(objects: readonly Located[], file: string): Diagnostic[] {
  const seen = new Map<string, Located>();
  const found: Diagnostic[] = [];
  for (const located of objects) {
    const identity = identityOf(refOf(located.object));
    const first = seen.get(identity);
    if (first === undefined) seen.set(identity, located);
    else {
      const message = `${nameOf(located.object)} is already written on line ${first.line}`;
      found.push({ severity: 'error', message, file, line: located.line });
    }
  }
  return found;
}

function offsetOf(node: Node): number {
  return node.range?.[0] ?? 0;
}

/** The key that a message quotes in backticks, where the document has it. */
function placeOf(root: Node, message: string): number | undefined {
  const path = /^`([^`]+)`/.exec(message)?.[1]?.split('.') ?? [];
  let node: unknown = root;
  let place: number | undefined;
  for (const key of path) {
    if (!isMap(node) || isAlias(node)) break;
    const pair = (node as YAMLMap<{ value?: unknown; range?: [number, number, number] | null }>).items.find(
      (item) => item.key.value === key,
    );
    if (pair === undefined) break;
    place = pair.key.range?.[0];
    node = pair.value;
  }
  return place;
}

function sentence(message: string): string {
  const first = message.split('\n')[0] ?? message;
  return first.replace(/ at line \d+, column \d+:?$/, '');
}

function hintFor(code: string): string | undefined {
  if (code === 'TAB_AS_INDENT') return 'indent with spaces';
  if (code === 'DUPLICATE_KEY') return 'remove one of the two';
  return undefined;
}
