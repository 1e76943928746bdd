/**
 * The effective project as it may be shown: as YAML, with the origin of each value beside it when asked, and with
 * secrets as the variables that they come from. The only writer of YAML here.
 */
import { Document, isMap, isNode, isPair, isScalar, isSeq } from 'yaml';
import type { ProjectDocument } from './schema/document.ts';
import { treeAt, type Origin, type Tree } from './text/tree.ts';

/** `appdev.yaml:12:5`, and the profile where one wrote the value; `default` where nobody did. */
function originText(origin: Origin | undefined): string {
  if (origin === undefined) return 'default';
  const profile = origin.profile === undefined ? '' : ` (profile ${origin.profile})`;
  return `${origin.source.shown}:${origin.line}:${origin.column}${profile}`;
}

/**
 * The document as YAML.
 *
 * @param tree what the document was read from: a value that it does not have is a default.
 */
export function printDocument(document: ProjectDocument, tree: Tree, withOrigin: boolean): string {
  const yaml = new Document(document, { aliasDuplicateObjects: false });
  if (withOrigin) annotate(yaml.contents, tree);
  const text = yaml.toString({ lineWidth: 0, flowCollectionPadding: false });
  // The writer gives an empty list or map that has a comment three lines; it is read better on one.
  return text.replaceAll(/:\n *(\[\]|\{\})\n *(# .*)/g, ': $1 $2');
}

/** Puts origins behind single values and empty lists and maps. */
function annotate(node: unknown, tree: Tree | undefined): void {
  if (isMap(node) && node.items.length > 0) {
    for (const pair of node.items) {
      const key = isPair(pair) && isScalar(pair.key) ? String(pair.key.value) : '';
      annotate(pair.value, treeAt(tree, [key]));
    }
  } else if (isSeq(node) && node.items.length > 0) {
    for (const [index, item] of node.items.entries()) annotate(item, treeAt(tree, [index]));
  } else if (isNode(node)) node.comment = ` ${originText(tree?.origin)}`;
}

/** A copy of the document in which a value with a secret in it is the text before its variables were filled in. */
export function maskSecrets<T>(document: T, tree: Tree | undefined): T {
  return mask(document, tree) as T;
}

function mask(value: unknown, tree: Tree | undefined): unknown {
  if (tree?.kind === 'scalar' && tree.secret === true) return tree.template;
  if (Array.isArray(value)) return value.map((item: unknown, index) => mask(item, treeAt(tree, [index])));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, mask(item, treeAt(tree, [key]))]),
  );
}
