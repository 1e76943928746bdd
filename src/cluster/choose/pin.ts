/**
 * Pins one context for the session: a kubeconfig that contains only this context and that only this user can read.
 * Every child process gets it as KUBECONFIG (support/process/pinned.ts), so a `kubectl config use-context` elsewhere
 * changes nothing here. Children that only render get none.
 */
import { existsSync, statSync } from 'node:fs';
import { realpath, writeFile } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { failed, ok, type NotOk, type Outcome } from '../../core/outcome.ts';
import { fieldsAt, listAt, stringAt, type Fields } from '../../support/fields.ts';
import { findTool } from '../../support/process/tool.ts';
import type { ChosenContext } from './kubeconfig.ts';

/**
 * Writes the pinned kubeconfig to `path`, which must not exist yet, with mode 0600. File paths in it are absolute and
 * point to the user's own certificates, so no key is copied and a renewed certificate is used.
 */
export async function writePinned(chosen: ChosenContext, namespace: string, path: string): Promise<void> {
  const { context, cluster } = chosen.facts;
  const pinned = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: cluster, cluster: chosen.cluster }],
    users: [{ name: chosen.userName, user: chosen.user }],
    contexts: [{ name: context, context: { cluster, user: chosen.userName, namespace } }],
    'current-context': context,
  };
  // JSON is YAML and cannot be misread.
  await writeFile(path, `${JSON.stringify(pinned, undefined, 2)}\n`, { mode: 0o600, flag: 'wx' });
}

/**
 * Refuses a context whose sign-in command comes from the cloned repository: its kubeconfig lies there, or the program
 * itself, or a script that an interpreter gets. Such a command came with the source, so using it would run whatever the
 * source says. The user's own kubeconfig may name any other command.
 *
 * @param home the user's home folder. A repository that holds it is the user's own, not a clone.
 */
export async function checkSignIn(
  chosen: ChosenContext,
  projectRoot: string,
  home: string,
): Promise<Outcome<void>> {
  if (chosen.signIn === undefined) return ok(undefined);
  const cloned = cloneOf(projectRoot, home);
  const isCloned = async (file: string): Promise<boolean> =>
    isInside(file, cloned) || isInside(await resolved(file), await resolved(cloned));
  const refused = (what: string, hint: string): NotOk =>
    failed(
      'CONTEXT_REFUSED',
      `context ${chosen.facts.context} signs in by running "${chosen.signIn}", but ${what} came with the project`,
      { hint },
    );
  if (await isCloned(chosen.userFile)) {
    return refused(
      `its kubeconfig ${chosen.userFile}`,
      'if you trust it, copy the context into your own ~/.kube/config; appdev does not run programs that a kubeconfig in the project names',
    );
  }
  for (const file of filesOf(chosen.user, home)) {
    if (!(await isCloned(file))) continue;
    return refused(
      file,
      `if you trust it, copy it to a folder outside ${cloned}, and name the copy in ${chosen.userFile}`,
    );
  }
  return ok(undefined);
}

/** The program that signs in, and the files among its arguments, as absolute paths. */
function filesOf(user: Fields, home: string): readonly string[] {
  const exec = fieldsAt(user, 'exec');
  const command = stringAt(exec, 'command');
  if (command === undefined) return [];
  const path = listAt(exec, 'env').find((entry) => stringAt(entry, 'name') === 'PATH');
  const program = findTool(command, home, stringAt(path, 'value'));
  const scripts = listAt(exec, 'args')
    .map((arg) => resolve(home, String(arg)))
    .filter((file) => statSync(file, { throwIfNoEntry: false })?.isFile() === true);
  return [...(program === undefined ? [] : [program]), ...scripts];
}

/**
 * The top of what was cloned: the outermost git repository around the project, because a submodule came with the
 * repository above it. Without git, the project's own folder.
 */
function cloneOf(projectRoot: string, home: string): string {
  let top = projectRoot;
  for (let folder = resolve(projectRoot); !holds(folder, home); folder = dirname(folder)) {
    if (existsSync(join(folder, '.git'))) top = folder;
    if (dirname(folder) === folder) break;
  }
  return top;
}

async function resolved(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    return path;
  }
}

function isInside(file: string, folder: string): boolean {
  return holds(folder, dirname(file));
}

/** True if a folder is the other one, or lies above it. */
function holds(folder: string, other: string): boolean {
  const path = relative(folder, other);
  return path === '' || (!isAbsolute(path) && path !== '..' && !path.startsWith(`..${sep}`));
}
