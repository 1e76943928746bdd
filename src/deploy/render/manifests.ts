/** Reads plain manifests: files by pattern, every document as an object, every fault with its file, line and column. */
import { readFile, readdir, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import picomatch from 'picomatch';
import { refOf, type KubeObject } from '../../cluster/types.ts';
import type { ManifestsConfig } from '../../config/model.ts';
import type { Diagnostic } from '../../core/diagnostic.ts';
import { failed, ok, type Outcome } from '../../core/outcome.ts';
import { codeOf } from '../../support/fields.ts';
import { parseDocuments } from '../objects/documents.ts';
import { identityOf, nameOf } from '../objects/kinds.ts';

/**
 * Reads every file that the patterns match, in the order of the patterns and then of the names; each file once. Fails
 * with RENDER_FAILED.
 */
export async function readManifests(
  config: ManifestsConfig,
  root: string,
): Promise<Outcome<readonly KubeObject[]>> {
  const files = new Set<string>();
  for (const pattern of config.files) {
    const found = await filesOf(pattern, root);
    if (found.length === 0) {
      return failed('RENDER_FAILED', `no file matches ${relative(root, pattern)}`, {
        hint: 'fix `deploy.manifests`; patterns are relative to appdev.yaml',
      });
    }
    for (const file of found) files.add(file);
  }
  const objects: KubeObject[] = [];
  const diagnostics: Diagnostic[] = [];
  const places = new Map<string, string>();
  for (const file of files) {
    const shown = relative(root, file);
    const text = await readFile(file, 'utf8').catch((error: unknown) => ({ code: codeOf(error) }));
    if (typeof text !== 'string') {
      return failed('RENDER_FAILED', `${shown} cannot be read: ${text.code}`, {
        hint: 'make the file readable, or fix `deploy.manifests`',
      });
    }
    const parsed = parseDocuments(text, { file: shown, origin: 'written' });
    diagnostics.push(...parsed.diagnostics);
    for (const { object, line } of parsed.objects) {
      const identity = identityOf(refOf(object));
      const first = places.get(identity);
      if (first !== undefined && !first.startsWith(`${shown}:`)) {
        const message = `${nameOf(object)} is already written in ${first}`;
        diagnostics.push({ severity: 'error', message, file: shown, line });
      }
      places.set(identity, `${shown}:${line}`);
      objects.push(object);
    }
  }
  if (diagnostics.length > 0) {
    const count = diagnostics.length === 1 ? 'an error' : `${diagnostics.length} errors`;
    return failed('RENDER_FAILED', `the manifests have ${count}`, { diagnostics });
  }
  return ok(objects);
}

/**
 * The files that an absolute pattern matches, sorted. The project's own folder is taken literally, whatever characters
 * its name contains. Only the part below it (or below the parents that `..` leads to) is a pattern.
 */
async function filesOf(pattern: string, root: string): Promise<string[]> {
  const steps = relative(root, pattern).split(sep);
  const ups = steps.filter((step) => step === '..').length;
  const base = join(root, ...steps.slice(0, ups));
  const below = steps.slice(ups).join('/');
  const { base: folder, glob } = picomatch.scan(below);
  const start = join(base, folder);
  if (glob === '') return (await isFile(start)) ? [start] : [];
  const matches = picomatch(below);
  const entries = await readdir(start, { withFileTypes: true, recursive: /\*\*|\//.test(glob) }).catch(
    () => [],
  );
  const paths = entries
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => matches(relative(base, path).split(sep).join('/')))
    .sort();
  const files = await Promise.all(paths.map(async (path) => await isFile(path)));
  return paths.filter((_, index) => files[index]);
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() === true;
}
