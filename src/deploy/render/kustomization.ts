/**
 * Reads a kustomization and the local ones it refers to, before Kustomize sees them. Finds what would be fetched from
 * elsewhere, because a build must not run git or depend on what a server answers today. Gives missing and broken
 * entries a place. Only reads files.
 */
import { readFile, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { LineCounter, isMap, isScalar, isSeq, parseDocument } from 'yaml';
import { nearest } from '../../config/text/nearest.ts';
import type { Diagnostic } from '../../core/diagnostic.ts';

/** What was found in the files. */
export interface KustomizationScan {
  /** Entries that Kustomize would fetch from elsewhere. */
  readonly remote: readonly Diagnostic[];
  /** Entries that do not exist, and kustomizations that are not valid YAML. */
  readonly faults: readonly Diagnostic[];
  /** Absolute paths of the files that hold objects. */
  readonly files: readonly string[];
}

/** The file names that Kustomize looks for, in its order. */
const fileNames = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'];

/** Keys whose entries are files, folders, or remote bases. */
const lists = [
  'resources',
  'bases',
  'components',
  'configurations',
  'crds',
  'generators',
  'transformers',
  'validators',
];

/** The kustomization file of a folder; undefined if there is none. */
export async function kustomizationIn(folder: string): Promise<string | undefined> {
  for (const name of fileNames) {
    const path = join(folder, name);
    if ((await stat(path).catch(() => undefined)) !== undefined) return path;
  }
  return undefined;
}

/**
 * Scans a kustomization and everything local that it refers to.
 *
 * @param folder absolute path
 * @param root folder to which paths in diagnostics are relative
 */
export async function scanKustomization(folder: string, root: string): Promise<KustomizationScan> {
  const remote: Diagnostic[] = [];
  const faults: Diagnostic[] = [];
  const files: string[] = [];
  const seen = new Set<string>();

  const scan = async (at: string): Promise<void> => {
    if (seen.has(at)) return;
    seen.add(at);
    const file = await kustomizationIn(at);
    const text = file === undefined ? undefined : await readFile(file, 'utf8').catch(() => undefined);
    if (file === undefined || text === undefined) return;
    const counter = new LineCounter();
    const document = parseDocument(text, { lineCounter: counter, prettyErrors: false });
    const lines = text.split('\n');
    const place = (message: string, offset: number, hint?: string): Diagnostic => {
      const { line, col } = counter.linePos(offset);
      const excerpt = lines[line - 1] ?? '';
      const found: Diagnostic = {
        severity: 'error',
        message,
        file: relative(root, file),
        line,
        column: col,
        excerpt,
      };
      return hint === undefined ? found : { ...found, hint };
    };
    for (const error of document.errors) faults.push(place(error.message, error.pos[0]));
    if (document.errors.length > 0) return;
    for (const key of lists) {
      const list: unknown = isMap(document.contents) ? document.contents.get(key, true) : undefined;
      if (!isSeq(list)) continue;
      for (const item of list.items) {
        // Generators and transformers may be written inline, as YAML in a string.
        if (!isScalar(item) || typeof item.value !== 'string' || item.value.includes('\n')) continue;
        const entry = item.value;
        const offset = item.range?.[0] ?? 0;
        const local = resolve(dirname(file), entry);
        const there = await stat(local).catch(() => undefined);
        if (there?.isDirectory() === true) await scan(local);
        else if (there !== undefined) files.push(local);
        else if (looksRemote(entry)) remote.push(place(`${entry} would be fetched from elsewhere`, offset));
        else {
          const near = nearest(basename(local), await readdir(dirname(local)).catch(() => []));
          const hint = near === undefined ? undefined : `did you mean ${join(dirname(entry), near)}?`;
          faults.push(place(`${entry} does not exist`, offset, hint));
        }
      }
    }
  };
  await scan(folder);
  return { remote, faults, files };
}

/**
 * True for what Kustomize takes for a URL or a git repository if no such file exists: a scheme, `user@host:`, a
 * `?ref=`, a `//` between repository and folder, or a host name as the first component.
 */
function looksRemote(entry: string): boolean {
  if (/^[a-z][a-z0-9+.-]*:/i.test(entry) || /^[\w.-]+@[\w.-]+[:/]/.test(entry)) return true;
  if (/[?&](ref|version)=/.test(entry) || /[^:]\/\//.test(entry)) return true;
  return /^[\w-]+(\.[\w-]+)*\.[a-z]{2,}(:\d+)?\/[^/]+\/[^/]/i.test(entry);
}
