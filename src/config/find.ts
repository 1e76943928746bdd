/** Finds and reads the files of a project: appdev.yaml, and beside it the optional appdev.local.yaml and .env. */
import { readFile, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import type { Diagnostic } from '../core/diagnostic.ts';
import { failed, ok, type Outcome } from '../core/outcome.ts';

/** The file that makes a folder a project. */
const projectFileName = 'appdev.yaml';

/** More than any real file of this kind has; a larger one is something else by the same name. */
const maxBytes = 1_048_576;

const example = `apiVersion: appdev/v1
name: shop
services:
  shop:
    jar: {}
    deploy:
      helm: {chart: deploy/chart}
`;

/**
 * Where appdev.yaml is: the file that was named, else the first one from `cwd` upwards to the folder that holds
 * `.git`. Outside of a git repository only `cwd` counts, so that no file of somebody else's parent folder is used.
 *
 * @returns the absolute path, or CONFIG_NOT_FOUND.
 */
export async function findProjectFile(cwd: string, named: string | undefined): Promise<Outcome<string>> {
  if (named !== undefined) {
    const path = resolve(cwd, named);
    if (await exists(path)) return ok(path);
    return failed('CONFIG_NOT_FOUND', `${named} does not exist`, { hint: 'name an appdev.yaml with -f' });
  }
  const folders = await upwards(cwd);
  for (const folder of folders) {
    if (await exists(join(folder, projectFileName))) return ok(join(folder, projectFileName));
  }
  for (const folder of folders) {
    if (!(await exists(join(folder, 'appdev.yml')))) continue;
    const hint = `rename ${join(folder, 'appdev.yml')} to ${projectFileName}`;
    return failed('CONFIG_NOT_FOUND', `no ${projectFileName}, but an appdev.yml, which is not read`, {
      hint,
    });
  }
  const last = folders.at(-1) ?? cwd;
  const parents = last === cwd ? '' : ` or above it up to ${last}`;
  return failed('CONFIG_NOT_FOUND', `no ${projectFileName} in ${cwd}${parents}`, {
    hint: `name one with -f, or create one beside the pom.xml:\n${example.trimEnd()}`,
  });
}

/** The folder and its parents up to the top of its git repository; the folder alone outside of one. */
async function upwards(cwd: string): Promise<string[]> {
  const folders: string[] = [];
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    folders.push(folder);
    if (await exists(join(folder, '.git'))) return folders;
    if (dirname(folder) === folder) return [resolve(cwd)];
  }
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}

/** Warnings about files that look like the project's but are not read. */
export async function misnamedFiles(root: string, cwd: string): Promise<Diagnostic[]> {
  const names = [projectFileName, 'appdev.local.yaml'];
  const found = await Promise.all(
    names.map(async (name): Promise<Diagnostic[]> => {
      const other = join(root, name.replace(/yaml$/, 'yml'));
      if (!(await exists(other))) return [];
      const file = shownFile(other, cwd);
      return [{ severity: 'warning', message: `${file} is not read`, file, hint: `the name is ${name}` }];
    }),
  );
  return found.flat();
}

/** A path as messages show it: relative to `cwd` where that is shorter. */
export function shownFile(path: string, cwd: string): string {
  const near = relative(cwd, path);
  return near !== '' && near.length < path.length ? near : path;
}

/**
 * The text of a file without a byte order mark.
 *
 * @returns `undefined` when there is no such file; CONFIG_INVALID when it cannot be read as text.
 */
export async function readText(path: string, shown: string): Promise<Outcome<string | undefined>> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    if (code === 'ENOENT') return ok(undefined);
    const reasons: Record<string, string> = { EISDIR: 'it is a folder', EACCES: 'permission denied' };
    const reason = reasons[code] ?? code;
    return failed('CONFIG_INVALID', `${shown} cannot be read: ${reason}`, {
      hint: 'name another file with -f',
    });
  }
  if (bytes.length > maxBytes) {
    return failed('CONFIG_INVALID', `${shown} is larger than 1 MB`, { hint: 'name another file with -f' });
  }
  try {
    return ok(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return failed('CONFIG_INVALID', `${shown} is not UTF-8 text`, { hint: 'save it as UTF-8' });
  }
}
