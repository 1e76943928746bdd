/**
 * YAML streams to Kubernetes objects and back. Reads YAML as the cluster's own tools do (YAML 1.1 booleans and octals),
 * and reports every fault as a diagnostic with its place. Does not know where the text comes from.
 */
import { Document, LineCounter, isAlias, isMap, parseAllDocuments, type Node, type YAMLMap } from 'yaml';
import { refOf, type KubeObject } from '../../cluster/types.ts';
import type { Diagnostic } from '../../core/diagnostic.ts';
import { isFields, stringAt } from '../../support/fields.ts';
import { identityOf, nameOf } from './kinds.ts';

/** One object and the place where it is written. */
export interface Located {
  readonly object: KubeObject;
  /** Line of the document's first key, from 1. */
  readonly line: number;
}

/** The objects in a text, and every fault. If one of the faults is an error, do not use the objects. */
export interface ParsedDocuments {
  readonly objects: readonly Located[];
  readonly diagnostics: readonly Diagnostic[];
}

export interface ParseSettings {
  /** The name of the file in diagnostics. */
  readonly file: string;
  /**
   * `written` by the user: doubled keys and missing names are errors. `generated` by Helm or Kustomize, which have
   * checked it: hook objects may have a generated name.
   */
  readonly origin: 'written' | 'generated';
}

/**
 * Types that YAML 1.1 has but Go's YAML readers (kubectl, Helm, Kustomize) do not resolve. They keep `8080:80` and
 * `2001-12-14` as strings, so we do too.
 */
const unlikeGo = /:(binary|omap|pairs|set|timestamp)$/;

/** Reads a YAML stream. Skips empty documents, and replaces a `List` by its items. */
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

/** The objects as a YAML stream that YAML 1.1 and 1.2 readers read alike. */
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
    return 'this is not a Kubernetes object: expected a mapping with apiVersion, kind and metadata';
  for (const key of ['apiVersion', 'kind']) {
    const value = item[key];
    if (typeof value !== 'string' || value === '') return `\`${key}\` is missing or not a string`;
  }
  const name = stringAt(item, 'metadata', 'name');
  if (name !== undefined && name !== '') return undefined;
  if (origin === 'generated') return undefined;
  if (stringAt(item, 'metadata', 'generateName') !== undefined) {
    return '`metadata.generateName` cannot be used, because the object is applied more than once: give it a `metadata.name`';
  }
  return '`metadata.name` is missing or not a string';
}

/**
 * The object with a `metadata.name` that is a string, whatever was written. Only Helm's hooks may come without a name.
 */
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

/** Position of the key that a message quotes in backticks; undefined if the document does not have it. */
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
