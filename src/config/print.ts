/**
 * Prints the effective project as YAML, optionally with the origin of each value. Secrets are shown as the variables
 * that they come from.
 */
import { Document, isMap, isNode, isPair, isScalar, isSeq } from 'yaml';
import type { ProjectDocument } from './schema/document.ts';
import { treeAt, type Origin, type Tree } from './text/tree.ts';

/** `appdev.yaml:12:5`, followed by the profile if one wrote the value; `default` if no file sets it. */
function originText(origin: Origin | undefined): string {
  if (origin === undefined) return 'default';
  const profile = origin.profile === undefined ? '' : ` (profile ${origin.profile})`;
  return `${origin.source.shown}:${origin.line}:${origin.column}${profile}`;
}

/**
 * The document as YAML.
 *
 * @param tree the tree that the document was read from; a value that is not in it is a default
 * @param withOrigin adds a comment with its origin to each value
 */
export function printDocument(document: ProjectDocument, tree: Tree, withOrigin: boolean): string {
  const yaml = new Document(document, { aliasDuplicateObjects: false });
  if (withOrigin) annotate(yaml.contents, tree);
  const text = yaml.toString({ lineWidth: 0, flowCollectionPadding: false });
  // The library puts an empty list or map with a comment on three lines; one line reads better.
  return text.replaceAll(/:\n *(\[\]|\{\})\n *(# .*)/g, ': $1 $2');
}

/** Adds the origin as a comment to single values and to empty lists and maps. */
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

/** A copy of the document. A value with a secret is replaced by the text that the file has, with the variable's name. */
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
