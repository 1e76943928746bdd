/**
 * What a chart says, as one hash: every file that a template can read, and the files of packed charts without the dates
 * of their archives. So a fresh clone that packs its subcharts again has the same chart. Only reads files.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { createGunzip } from 'node:zlib';
import ignore, { type Ignore } from 'ignore';
import { extract } from 'tar-stream';

/**
 * Files that no template sees and that differ without a change: Helm writes the time into a lock file.
 * `.Files` leaves them out (Helm 3.13 to 4.3).
 */
const locks = new Set(['Chart.lock', 'requirements.lock']);

/** How deep folders of a chart are read. Helm itself follows links, which may go in circles. */
const maxDepth = 20;

/**
 * Hash over the content of a chart, hex. Equal for equal content at any place and time.
 *
 * @param path the folder of the chart, or the packed chart
 * @throws if a file cannot be read or an archive is broken
 */
export async function chartDigest(path: string): Promise<string> {
  const files = (await stat(path)).isDirectory() ? await filesBelow(path) : await packedFiles(path);
  const hash = createHash('sha256');
  for (const [name, digest] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    hash.update(`${name}\0${digest}\n`);
  }
  return hash.digest('hex');
}

/** The files of a packed chart: hashes of their content, by their path in the archive. */
export async function packedFiles(archive: string): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  const entries = createReadStream(archive).pipe(createGunzip()).on('error', fail).pipe(extract());
  function fail(error: Error): void {
    entries.destroy(error);
  }
  for await (const entry of entries) {
    const content = await buffer(entry);
    const { name, type } = entry.header;
    if (type === 'file' && !locks.has(basename(name))) files.set(name, digestOf(content));
  }
  return files;
}

/** Hash of a file's content, hex. */
export function digestOf(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

async function filesBelow(root: string): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  const rule = await ignoredIn(root);
  const read = async (folder: string, inside: string, depth: number): Promise<void> => {
    for (const entry of await readdir(folder)) {
      const path = join(folder, entry);
      const name = `${inside}${entry}`;
      // A link without a target stops helm, which says so.
      const found = await stat(path).catch(() => undefined);
      if (found === undefined || locks.has(entry)) continue;
      if (found.isDirectory()) {
        if (depth < maxDepth && !rule.ignores(`${name}/`)) await read(path, `${name}/`, depth + 1);
      } else if (found.isFile() && !rule.ignores(name)) {
        files.set(name, await contentOf(path, name));
      }
    }
  };
  await read(root, '', 0);
  return files;
}

async function contentOf(path: string, name: string): Promise<string> {
  // Helm takes every archive in `charts` for a chart.
  if (!/(^|\/)charts\/[^/]+\.tgz$/.test(name)) return digestOf(await readFile(path));
  try {
    return await chartDigest(path);
  } catch {
    return digestOf(await readFile(path));
  }
}

/**
 * What `.helmignore` leaves out. Where its rules are not those of a `.gitignore` (`!` means something else there, and
 * `**` is an error), nothing is left out: a file too many only costs a revision.
 */
async function ignoredIn(root: string): Promise<Ignore> {
  const text = await readFile(join(root, '.helmignore'), 'utf8').catch(() => '');
  const lines = text.split('\n').map((line) => line.trim());
  const rules = ignore({ ignorecase: false });
  // Helm's own rule, which is always there.
  rules.add('templates/.?*');
  if (lines.some((line) => line.startsWith('!') || line.includes('**'))) return rules;
  return rules.add(lines);
}
