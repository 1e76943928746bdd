/**
 * Turns the issues that zod finds into diagnostics. The issue has the path of a value, the tree knows where that path was
 * written, and this file chooses the words.
 */
import { z } from 'zod';
import type { Diagnostic } from '../../core/diagnostic.ts';
import { diagnosticAt } from '../text/locate.ts';
import { nearest } from '../text/nearest.ts';
import { keysAt, schemaAt } from './tools.ts';
import { entryAt, pathText, plainOf, treeAt, type Origin, type ScalarNode, type Tree } from '../text/tree.ts';

type Issue = z.core.$ZodIssue;

/** What a tree is checked against. */
export interface Judgement {
  readonly schema: z.ZodType;
  /** True before profiles are applied and variables filled in: strings with `${` are then skipped. */
  readonly early: boolean;
}

/** Every error that the schema finds in a tree, each at the place where the value was written. */
export function schemaDiagnostics(tree: Tree, { schema, early }: Judgement): Diagnostic[] {
  const issues = schema.safeParse(plainOf(tree)).error?.issues ?? [];
  return [
    ...issues
      .filter((issue) => !isUnsettled(treeAt(tree, treePath(issue)), early && isFilled(treePath(issue))))
      .flatMap((issue) => diagnosticsOf(tree, schema, issue)),
    ...protoKeys(tree, []).map((owner) => unknownKey(tree, schema, owner, '__proto__')),
  ];
}

/** True for a string whose variables are not filled in yet, or could not be filled in. */
function isUnsettled(node: Tree | undefined, early: boolean): boolean {
  if (node?.kind !== 'scalar' || typeof node.value !== 'string') return false;
  return node.unfilled === true || (early && node.value.includes('${'));
}

/** True for a place where variables are filled in. A profile's name, activation and patch paths are taken literally. */
function isFilled(path: readonly (string | number)[]): boolean {
  const [top, , part, , field] = path;
  return top !== 'profiles' || part === 'overlay' || (part === 'patches' && field === 'value');
}

/**
 * The paths of maps with a key `__proto__`. Zod ignores this key in maps that allow any key, so it is looked for here.
 */
function protoKeys(tree: Tree, path: readonly (string | number)[]): (readonly (string | number)[])[] {
  if (tree.kind === 'scalar') return [];
  if (tree.kind === 'list') return tree.items.flatMap((item, index) => protoKeys(item, [...path, index]));
  return [
    ...(tree.entries.has('__proto__') ? [path] : []),
    ...[...tree.entries].flatMap(([key, { value }]) => protoKeys(value, [...path, key])),
  ];
}

function treePath(issue: Issue): (string | number)[] {
  return issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
}

/** A path as messages show it. A path inside an overlay is shown as if the value were in the file itself. */
function shownPath(path: readonly (string | number)[]): string {
  const inOverlay = path[0] === 'profiles' && path[2] === 'overlay';
  return pathText(inOverlay ? path.slice(3) : path);
}

function diagnosticsOf(tree: Tree, schema: z.ZodType, issue: Issue): Diagnostic[] {
  const path = treePath(issue);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => unknownKey(tree, schema, path, key));
  }
  const name = shownPath(path);
  const node = treeAt(tree, path);
  const key = entryAt(tree, path)?.key;
  if (issue.code === 'invalid_key') {
    const text = String(path.at(-1));
    return issue.issues.map((inner) =>
      diagnosticAt(
        key ?? tree.origin,
        `${shownPath(path.slice(0, -1))}: "${text}" ${inner.message}`,
        hintOf(inner),
      ),
    );
  }
  if (node === undefined) {
    return [diagnosticAt(ownerOrigin(tree, path), `${name} is missing`, missingHint(schema, path))];
  }
  const { message, hint } =
    node.kind === 'scalar' && node.value === null ? emptyComplaint(schema, path) : complaintOf(issue, node);
  // A block begins on the line after its key. An error about the whole block is clearer at the key.
  const origin =
    node.kind !== 'scalar' && key !== undefined && key.line < node.origin.line ? key : node.origin;
  return [diagnosticAt(origin, `${name === '' ? 'the file' : name}: ${message}`, hint)];
}

function missingHint(schema: z.ZodType, path: readonly (string | number)[]): string {
  const missing = schemaAt(schema, path);
  const key = String(path.at(-1));
  if (missing instanceof z.ZodLiteral) return `add \`${key}: ${String([...missing.values][0])}\``;
  return `add \`${key}\`: ${missing?.description ?? ''}`;
}

/** The place of the key whose map lacks a value; the start of the file for the root. */
function ownerOrigin(tree: Tree, path: readonly (string | number)[]): Origin {
  const owner = path.slice(0, -1);
  return entryAt(tree, owner)?.key ?? treeAt(tree, owner)?.origin ?? tree.origin;
}

function unknownKey(
  tree: Tree,
  schema: z.ZodType,
  path: readonly (string | number)[],
  key: string,
): Diagnostic {
  const known = keysAt(schema, path);
  const owner = shownPath(path);
  const proposal = nearest(key, known);
  const origin = entryAt(tree, [...path, key])?.key ?? tree.origin;
  let hint = known.length === 0 ? 'remove it' : `known keys: ${known.join(', ')}`;
  if (proposal !== undefined) hint = `did you mean ${proposal}?`;
  if (key.startsWith('x-')) hint = 'keys for shared values, x-…, stand at the top of the file only';
  return diagnosticAt(origin, `unknown key "${key}"${owner === '' ? '' : ` in ${owner}`}`, hint);
}

interface Said {
  readonly message: string;
  readonly hint?: string | undefined;
}

/** The words for a key without a value. */
function emptyComplaint(schema: z.ZodType, path: readonly (string | number)[]): Said {
  const defaults = schemaAt(schema, path)?.safeParse({}).success === true;
  const first = defaults ? `write \`${String(path.at(-1))}: {}\` for the defaults` : 'give it a value';
  return { message: 'has no value', hint: `${first}, or remove the line` };
}

function complaintOf(issue: Issue, node: Tree): Said {
  const found = foundText(node);
  // This schema produces only these codes. Any other code keeps zod's own message.
  // eslint-disable-next-line @typescript-eslint/switch-exhaustiveness-check
  switch (issue.code) {
    case 'custom':
      // The hint quotes the value, so a secret gets none.
      return {
        message: `${scalarText(node)} ${issue.message}`,
        hint: node.kind === 'scalar' && node.secret === true ? undefined : hintOf(issue),
      };
    case 'invalid_value': {
      const values = issue.values.map(String);
      const proposal = node.kind === 'scalar' ? nearest(String(node.value), values) : undefined;
      return {
        message: `expected ${listText(values)}, found ${found}`,
        ...(proposal === undefined || values.length === 1 ? {} : { hint: `did you mean ${proposal}?` }),
      };
    }
    case 'too_small':
      if (issue.origin === 'string') return { message: 'is empty', hint: 'give it a value, or remove it' };
      return { message: `expected at least ${String(issue.minimum)}, found ${found}` };
    case 'too_big':
      return { message: `expected at most ${String(issue.maximum)}, found ${found}` };
    case 'invalid_union':
      return { message: `expected a single value (string, number, true or false), found ${found}` };
    case 'invalid_type':
      return {
        message: `expected ${expectedText[issue.expected] ?? issue.expected}, found ${found}`,
        hint: typeHint(issue.expected, node),
      };
    default:
      return { message: issue.message };
  }
}

const expectedText: Partial<Record<string, string>> = {
  string: 'a string',
  number: 'a whole number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map',
  record: 'a map',
};

function typeHint(expected: string, node: Tree): string | undefined {
  if (node.kind !== 'scalar') {
    return expected === 'array' && node.kind === 'map' ? 'begin each item with "- "' : undefined;
  }
  const { value } = node;
  if (expected === 'string') return `put it in quotes: "${node.written ?? String(value)}"`;
  if (expected === 'array') return `write [${scalarText(node)}]`;
  if (expected === 'number' && typeof value === 'string' && /^\d+$/.test(value)) {
    return node.template === undefined
      ? 'remove the quotes'
      : 'a variable always gives a string; write the number itself';
  }
  if (expected === 'boolean' && typeof value === 'string') {
    if (/^(yes|on|true)$/i.test(value)) return 'write true, without quotes';
    if (/^(no|off|false)$/i.test(value)) return 'write false, without quotes';
  }
  return undefined;
}

function foundText(node: Tree): string {
  if (node.kind === 'map') return 'a map';
  if (node.kind === 'list') return 'a list';
  if (typeof node.value === 'number') return `the number ${node.written ?? String(node.value)}`;
  return scalarText(node);
}

/** A single value as messages show it. A secret is shown as the variable that it came from. */
function scalarText(node: Tree): string {
  if (node.kind !== 'scalar') return foundText(node);
  return typeof node.value === 'string' ? JSON.stringify(shownValue(node)) : String(node.value);
}

function shownValue(node: ScalarNode): unknown {
  return node.secret === true ? node.template : node.value;
}

function hintOf(issue: object): string | undefined {
  const params: unknown = 'params' in issue ? issue.params : undefined;
  return typeof params === 'object' && params !== null && 'hint' in params && typeof params.hint === 'string'
    ? params.hint
    : undefined;
}

function listText(values: readonly string[]): string {
  return values.length < 2 ? values.join('') : `${values.slice(0, -1).join(', ')} or ${values.at(-1) ?? ''}`;
}
