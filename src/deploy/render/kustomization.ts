/**
 * Reads a kustomization and the local ones it refers to, before Kustomize sees them. Finds what would be fetched from
 * elsewhere, because a build must not run git, ask a server, or depend on what it answers today. Gives missing and
 * broken entries a place. Only reads files.
 */
import { readFile, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { LineCounter, isAlias, isMap, isScalar, isSeq, parseAllDocuments, type Document } from 'yaml';
import { nearest } from '../../config/text/nearest.ts';
import type { Diagnostic } from '../../core/diagnostic.ts';
import { isHttp, remoteFilesIn } from './remote-files.ts';

/** What was found in the files. */
export interface KustomizationScan {
  /** Entries that Kustomize would fetch from elsewhere. */
  readonly remote: readonly Diagnostic[];
  /** Entries that do not exist. */
  readonly faults: readonly Diagnostic[];
  /** Kustomizations that are not valid YAML. What they would fetch is not known. */
  readonly unreadable: readonly Diagnostic[];
  /** Absolute paths of the files that hold objects. */
  readonly files: readonly string[];
}

/** The file names that Kustomize looks for, in its order. */
const fileNames = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'];

/** Keys whose entries are files, folders, or remote bases. */
const lists = ['resources', 'bases', 'components', 'configurations', 'crds'];
/** Keys whose entries configure generators and transformers. Such a file may name further files. */
const plugins = ['generators', 'transformers', 'validators'];

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
  const unreadable: Diagnostic[] = [];
  const files: string[] = [];
  const seen = new Set<string>();

  /** Notes what the configuration of generators and transformers would fetch. */
  const scanPlugins = ({ documents, place }: Parsed): void => {
    for (const document of documents) {
      for (const { path, offset } of remoteFilesIn(document)) remote.push(place(isFetched(path), offset));
    }
  };

  /** @param forPlugins whether the resources of the folder configure generators or transformers */
  const scan = async (at: string, forPlugins: boolean): Promise<void> => {
    if (seen.has(`${forPlugins} ${at}`)) return;
    seen.add(`${forPlugins} ${at}`);
    const file = await kustomizationIn(at);
    const text = file === undefined ? undefined : await readFile(file, 'utf8').catch(() => undefined);
    if (file === undefined || text === undefined) return;
    const { documents, place, errors } = parsed(text, relative(root, file));
    unreadable.push(...errors);
    if (errors.length > 0) return;
    scanPlugins({ documents, place });
    for (const document of documents) {
      for (const { key, entry, offset } of entriesOf(document)) {
        const isPlugin = forPlugins || plugins.includes(key);
        if (entry.includes('\n')) {
          // Generators and transformers may be written inline, as YAML in a string.
          const inline = parsed(entry, relative(root, file));
          scanPlugins({ documents: inline.documents, place: (message) => place(message, offset) });
          continue;
        }
        // That it is fetched is said already.
        if (isHttp(entry)) continue;
        const local = resolve(dirname(file), entry);
        const there = await stat(local).catch(() => undefined);
        if (there?.isDirectory() === true) await scan(local, isPlugin);
        else if (there !== undefined) {
          files.push(local);
          const content = isPlugin ? await readFile(local, 'utf8').catch(() => '') : '';
          scanPlugins(parsed(content, relative(root, local)));
        } else if (looksRemote(entry)) remote.push(place(isFetched(entry), offset));
        else {
          const near = nearest(basename(local), await readdir(dirname(local)).catch(() => []));
          const hint = near === undefined ? undefined : `did you mean ${join(dirname(entry), near)}?`;
          faults.push(place(`${entry} does not exist`, offset, hint));
        }
      }
    }
  };
  await scan(folder, false);
  return { remote, faults, unreadable, files };
}

const isFetched = (entry: string): string => `${entry} would be fetched from elsewhere`;

/** A text as YAML, and how a complaint about it gets its place. */
interface Parsed {
  readonly documents: readonly Document[];
  readonly place: (message: string, offset: number, hint?: string) => Diagnostic;
}

/** @param file path for diagnostics */
function parsed(text: string, file: string): Parsed & { readonly errors: readonly Diagnostic[] } {
  const lineCounter = new LineCounter();
  // Kustomize takes the last of two equal keys.
  const options = { lineCounter, prettyErrors: false, uniqueKeys: false, merge: true };
  const all = parseAllDocuments(text, options);
  const documents: readonly Document[] = Array.isArray(all) ? all : [];
  const lines = text.split('\n');
  const place: Parsed['place'] = (message, offset, hint) => {
    const { line, col } = lineCounter.linePos(offset);
    const excerpt = lines[line - 1] ?? '';
    const found: Diagnostic = { severity: 'error', message, file, line, column: col, excerpt };
    return hint === undefined ? found : { ...found, hint };
  };
  const errors = documents.flatMap((document) =>
    document.errors.map((error) => place(error.message, error.pos[0])),
  );
  return { documents, place, errors };
}

/** The entries of a kustomization that name files, folders and bases. */
function entriesOf(document: Document): { key: string; entry: string; offset: number }[] {
  const found: { key: string; entry: string; offset: number }[] = [];
  const { contents } = document;
  for (const pair of isMap(contents) ? contents.items : []) {
    const key = isScalar(pair.key) ? String(pair.key.value) : '';
    if (![...lists, ...plugins].includes(key)) continue;
    const list: unknown = isAlias(pair.value) ? pair.value.resolve(document) : pair.value;
    for (const item of isSeq(list) ? list.items : []) {
      const node: unknown = isAlias(item) ? item.resolve(document) : item;
      if (!isScalar(node) || typeof node.value !== 'string') continue;
      found.push({ key, entry: node.value, offset: node.range?.[0] ?? 0 });
    }
  }
  return found;
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
