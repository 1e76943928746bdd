/** Finds and reads the files of a project: appdev.yaml, and optionally appdev.local.yaml and .env beside it. */
import { readFile, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Diagnostic } from '../core/diagnostic.ts';
import { failed, ok, type Outcome } from '../core/outcome.ts';
import { checkFound, type UserId } from './owner.ts';
import { shownFile } from './shown.ts';

/** A folder with this file is a project. */
const projectFileName = 'appdev.yaml';

/** Far more than any real appdev.yaml has. A larger file is something else with the same name. */
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
 * Finds appdev.yaml: the named file, or else the first one from `cwd` upwards to the folder with `.git`. Outside of a git
 * repository only `cwd` is searched, so that a file in someone else's parent folder is never used. A file that was not
 * named must be this user's or root's.
 *
 * @param named the value of `-f`, relative to `cwd` or absolute
 * @param user who asks; undefined: whoever owns the file, it is used
 * @returns the absolute path. Fails with CONFIG_NOT_FOUND, or with CONFIG_INVALID if the file is another user's.
 */
export async function findProjectFile(
  cwd: string,
  named: string | undefined,
  user: UserId,
): Promise<Outcome<string>> {
  if (named !== undefined) {
    const path = resolve(cwd, named);
    if (await exists(path)) return ok(path);
    return failed('CONFIG_NOT_FOUND', `${named} does not exist`, {
      hint: 'pass the path of an appdev.yaml: -f FILE',
    });
  }
  const folders = await upwards(cwd);
  for (const folder of folders) {
    const file = join(folder, projectFileName);
    if (!(await exists(file))) continue;
    const checked = await checkFound(file, cwd, user);
    return checked.kind === 'ok' ? ok(file) : checked;
  }
  for (const folder of folders) {
    if (!(await exists(join(folder, 'appdev.yml')))) continue;
    const hint = `rename ${join(folder, 'appdev.yml')} to ${projectFileName}`;
    return failed(
      'CONFIG_NOT_FOUND',
      `there is no ${projectFileName}, only an appdev.yml, and appdev does not read that`,
      {
        hint,
      },
    );
  }
  const last = folders.at(-1) ?? cwd;
  const parents = last === cwd ? '' : ` or above it up to ${last}`;
  return failed('CONFIG_NOT_FOUND', `there is no ${projectFileName} in ${cwd}${parents}`, {
    hint: `pass one with -f FILE, or create one beside the pom.xml:\n${example.trimEnd()}`,
  });
}

/** The folder and its parents up to the top of its git repository. Outside of a repository: only the folder. */
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

/** Warnings about files in `root` whose names end in `.yml` instead of `.yaml`, and which are therefore not read. */
export async function misnamedFiles(root: string, cwd: string): Promise<Diagnostic[]> {
  const names = [projectFileName, 'appdev.local.yaml'];
  const found = await Promise.all(
    names.map(async (name): Promise<Diagnostic[]> => {
      const other = join(root, name.replace(/yaml$/, 'yml'));
      if (!(await exists(other))) return [];
      const file = shownFile(other, cwd);
      return [
        { severity: 'warning', message: `appdev does not read ${file}`, file, hint: `rename it to ${name}` },
      ];
    }),
  );
  return found.flat();
}

/**
 * Reads a text file, without its byte order mark.
 *
 * @param shown how messages name the file
 * @returns the text, or `undefined` if the file does not exist. Fails with CONFIG_INVALID if it cannot be read as text.
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
      hint: 'pass another file with -f FILE',
    });
  }
  if (bytes.length > maxBytes) {
    return failed('CONFIG_INVALID', `${shown} is larger than 1 MB`, {
      hint: 'pass another file with -f FILE',
    });
  }
  try {
    return ok(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return failed('CONFIG_INVALID', `${shown} is not UTF-8 text`, { hint: 'save it as UTF-8' });
  }
}
