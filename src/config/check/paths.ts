/**
 * Checks that the paths in appdev.yaml exist. Each error is at the value that has the path, and its hint proposes the
 * nearest name in the last folder that exists. This file also decides what a relative path is relative to: the folder of
 * the file in which it was written.
 */
import { readdir, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, parse, relative, resolve, sep } from 'node:path';
import picomatch from 'picomatch';
import type { Diagnostic } from '../../core/diagnostic.ts';
import { diagnosticAt } from '../text/locate.ts';
import { nearest } from '../text/nearest.ts';
import {
  entriesAt,
  itemsAt,
  pathText,
  stringAt,
  type Origin,
  type Tree,
  type TreePath,
} from '../text/tree.ts';

/** Makes a path or pattern absolute. A relative one is relative to the folder of the file in which it was written. */
export function resolvePath(text: string, origin: Origin): string {
  return resolve(dirname(origin.source.path), text);
}

/** True for a chart that Helm fetches from a registry; false for a path. */
export function isRemoteChart(chart: string): boolean {
  return chart.startsWith('oci://');
}

/** The deepest folder that holds everything a pattern can match. A path without wildcards is returned unchanged. */
function fixedPart(text: string): string {
  const scanned = picomatch.scan(text);
  return scanned.isGlob ? scanned.base || '.' : text;
}

type Kind = 'folder' | 'file' | 'chart' | 'kustomization' | 'pattern';

const kustomizationFiles = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'];

/** The errors about paths that do not exist, or are a file instead of a folder and the like. Reads the file system. */
export async function checkPaths(tree: Tree): Promise<Diagnostic[]> {
  const found = await Promise.all(
    pathsOf(tree).map(async ({ at, kind }) => {
      const text = stringAt(tree, at);
      // The schema reports an empty text and one that begins with "-".
      if (text === undefined || text.value === '' || text.value.startsWith('-')) return undefined;
      if (kind === 'chart' && text.value.includes('://')) return undefined;
      const wanted = kind === 'pattern' ? fixedPart(text.value) : text.value;
      const base = dirname(text.origin.source.path);
      const complaint = await complaintAbout(resolve(base, wanted), wanted, kind, base);
      return complaint === undefined
        ? undefined
        : diagnosticAt(text.origin, `${pathText(at)}: ${complaint.message}`, complaint.hint);
    }),
  );
  return found.filter((diagnostic) => diagnostic !== undefined);
}

function pathsOf(tree: Tree): { at: TreePath; kind: Kind }[] {
  const services = entriesAt(tree, ['services']).flatMap(([name, { value }]) => {
    const at = ['services', name];
    const list = (path: readonly string[], kind: Kind): { at: TreePath; kind: Kind }[] =>
      itemsAt(value, path).map((_, index) => ({ at: [...at, ...path, index], kind }));
    return [
      { at: [...at, 'path'], kind: 'folder' as const },
      { at: [...at, 'image', 'containerfile'], kind: 'file' as const },
      { at: [...at, 'image', 'context'], kind: 'folder' as const },
      ...list(['image', 'command', 'dependencies'], 'pattern'),
      { at: [...at, 'deploy', 'helm', 'chart'], kind: 'chart' as const },
      ...list(['deploy', 'helm', 'values'], 'file'),
      { at: [...at, 'deploy', 'kustomize', 'path'], kind: 'kustomization' as const },
      ...list(['deploy', 'manifests'], 'pattern'),
    ];
  });
  return [{ at: ['registry', 'ca'], kind: 'file' as const }, ...services];
}

interface Complaint {
  readonly message: string;
  readonly hint?: string;
}

async function complaintAbout(
  path: string,
  text: string,
  kind: Kind,
  base: string,
): Promise<Complaint | undefined> {
  const is = await kindOf(path);
  if (is === 'missing') return await missing(path, text, base);
  if (is === 'unreadable') return { message: `${text} cannot be read`, hint: 'check its permissions' };
  if (kind === 'pattern' || (kind === 'chart' && is === 'file' && path.endsWith('.tgz'))) return undefined;
  if (kind === 'file') return is === 'file' ? undefined : { message: `${text} is a folder, not a file` };
  if (is === 'file') return { message: `${text} is a file, not a folder` };
  if (kind === 'chart' && (await kindOf(join(path, 'Chart.yaml'))) !== 'file') {
    return { message: `the folder ${text} has no Chart.yaml`, hint: 'write the folder of the chart' };
  }
  if (kind === 'kustomization') {
    const kinds = await Promise.all(kustomizationFiles.map((name) => kindOf(join(path, name))));
    if (!kinds.includes('file')) {
      return {
        message: `the folder ${text} has no kustomization.yaml`,
        hint: 'write the folder of an overlay',
      };
    }
  }
  return undefined;
}

async function kindOf(path: string): Promise<'file' | 'folder' | 'missing' | 'unreadable'> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'file';
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    return code === 'ENOENT' || code === 'ENOTDIR' ? 'missing' : 'unreadable';
  }
}

/** Says which part of the path is missing, and what is near. Names are relative to `base` if the path was. */
async function missing(path: string, text: string, base: string): Promise<Complaint> {
  const shown = (target: string): string => (isAbsolute(text) ? target : relative(base, target) || '.');
  const { root } = parse(path);
  let folder = root;
  for (const part of path.slice(root.length).split(sep)) {
    const names: string[] = await readdir(folder).catch(() => []);
    if (!names.includes(part)) {
      const near = nearest(part, names);
      const rest = relative(join(folder, part), path);
      return {
        message: `${text} does not exist`,
        hint:
          near === undefined
            ? `there is no ${part} in ${shown(folder) === '.' ? 'the folder of this file' : shown(folder)}`
            : `did you mean ${shown(join(folder, near, rest))}?`,
      };
    }
    folder = join(folder, part);
  }
  return { message: `${text} does not exist` };
}
