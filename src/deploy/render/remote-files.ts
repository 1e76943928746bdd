/**
 * Finds the files that Kustomize would fetch by HTTP. Its loader does that for every path, not only for resources: a
 * patch, a file of a generator, a replacement, an OpenAPI schema (`Load` in its api/internal/loader/fileloader.go). Pure.
 */
import { isAlias, isMap, isScalar, isSeq, type Document, type Node } from 'yaml';

/** A path that is an HTTP address. */
export interface RemoteFile {
  readonly path: string;
  /** Offset in the text. */
  readonly offset: number;
}

/**
 * Keys below which no path stands, in a kustomization and in the configuration of a generator or transformer. Every
 * other key counts as a place for a path, so that one that this list does not know cannot fetch anything.
 */
const withoutPaths = new Set([
  'annotations',
  'buildMetadata',
  'commonAnnotations',
  'commonLabels',
  'generatorOptions',
  'helmChartInflationGenerator',
  'helmCharts',
  'helmGlobals',
  'images',
  'imageTag',
  'jsonOp',
  'labels',
  'literals',
  'metadata',
  'options',
  'patch',
  'replicas',
  'source',
  'target',
  'targets',
  'vars',
]);

/**
 * The HTTP addresses where a path belongs.
 *
 * @param document a kustomization, or the configuration of a generator or transformer
 */
export function remoteFilesIn(document: Document): readonly RemoteFile[] {
  const found: RemoteFile[] = [];
  const above = new Set<Node>();
  const walk = (node: unknown, offset?: number): void => {
    if (isAlias(node)) {
      walk(node.resolve(document), node.range?.[0]);
    } else if (isScalar(node)) {
      const path = typeof node.value === 'string' ? addressIn(node.value) : undefined;
      if (path !== undefined) found.push({ path, offset: offset ?? node.range?.[0] ?? 0 });
    } else if ((isMap(node) || isSeq(node)) && !above.has(node)) {
      above.add(node);
      for (const item of node.items) {
        if (!isMap(node)) walk(item, offset);
        else if (!withoutPaths.has(keyOf(item))) walk((item as { value: unknown }).value, offset);
      }
      above.delete(node);
    }
  };
  walk(document.contents);
  return found;
}

/** True for what the loader takes for an HTTP address, even if a file of that name exists (`IsRemoteFile`). */
export function isHttp(path: string): boolean {
  return /^https?:/i.test(path) && !/[\n\r]/.test(path);
}

/** The address in an entry, which may begin with the key of a generator's file: `name=https://…`. */
function addressIn(entry: string): string | undefined {
  return [entry, entry.slice(entry.indexOf('=') + 1)].find(isHttp);
}

function keyOf(pair: unknown): string {
  const { key } = pair as { readonly key: unknown };
  return isScalar(key) ? String(key.value) : '';
}
