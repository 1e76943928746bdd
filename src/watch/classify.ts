/**
 * What a path means for a service, and which of jar, image and manifests it decides. Pure: uses the roots that
 * inputs.ts found and Maven's standard layout, without looking at the disk.
 */
import { basename, relative, sep } from 'node:path';
import type { Role } from '../core/role.ts';

/** What a root was named as. */
export type RootKind =
  'jar' | 'context' | 'containerfile' | 'chart' | 'values' | 'overlay' | 'manifest' | 'config';

/** A file or folder that a service reads. Everything in it belongs to it. */
export interface Root {
  /** Absolute. */
  readonly path: string;
  readonly kind: RootKind;
}

/**
 * Which root counts if several have the same depth: a chart that is also the build context is a chart. Later ones win.
 */
const precedence: readonly RootKind[] = [
  'context',
  'jar',
  'manifest',
  'overlay',
  'chart',
  'values',
  'containerfile',
  'config',
];
const buildFileName =
  /^(pom\.xml|mvnw(\.cmd)?|.*\.gradle(\.kts)?|gradle\.(properties|lockfile)|gradle-wrapper\.properties|gradlew(\.bat)?|.*\.versions\.toml)$/;

const standardLayout = /(?:^|\/)src\/(main|test|it|integration-?[tT]est|test-?[fF]ixtures)\/([^/]*)/;

/**
 * The role of an absolute path: that of the innermost root around it. So sources below a chart's folder stay sources,
 * and a chart inside the build context is a chart. Undefined if it is in no root. `base` is the project's folder,
 * because the names of the folders above it mean nothing.
 */
export function classify(path: string, roots: readonly Root[], base: string): Role | undefined {
  let best: Root | undefined;
  for (const root of roots) {
    if (!isWithin(path, root.path)) continue;
    if (best === undefined || rank(root) > rank(best)) best = root;
  }
  return best === undefined ? undefined : best.kind === 'jar' ? jarRole(path, base) : best.kind;
}

/** True if a path is a folder or inside it. Both are absolute. */
export function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

function rank(root: Root): number {
  return root.path.length * precedence.length + precedence.indexOf(root.kind);
}

/**
 * The role of a file, by Maven's standard layout `src/<set>/<kind>`. Only the first such folder counts. Below it, a
 * package may be called `src` or `test`, and if sources were taken for tests, changes would be lost.
 */
function jarRole(path: string, base: string): Role {
  const parts = relative(base, path).split(sep);
  if (buildFileName.test(basename(path)) || parts.includes('.mvn')) return 'build-file';
  // The code of Gradle's build scripts. In a source folder, it is a package.
  const code = parts.indexOf('buildSrc');
  if (code !== -1 && !parts.slice(0, code).includes('src')) return 'build-file';
  const [, set = '', kind = ''] = standardLayout.exec(parts.join('/')) ?? [];
  if (set !== '' && set !== 'main') return 'test';
  return kind === 'resources' || kind === 'webapp' ? 'resource' : 'source';
}
