/**
 * Pins one context for the session: a kubeconfig that contains only this context and that only this user can read.
 * Every child process gets it as KUBECONFIG (support/process/pinned.ts), so a `kubectl config use-context` elsewhere
 * changes nothing here. Children that only render get none.
 */
import { realpath, writeFile } from 'node:fs/promises';
import { dirname, relative, isAbsolute, sep } from 'node:path';
import { failed, ok, type Outcome } from '../../core/outcome.ts';
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
 * Refuses a context whose sign-in command comes from the project's own folder. Such a kubeconfig came with the source,
 * so using it would run whatever the source says. The user's own kubeconfig may name any command.
 */
export async function checkSignIn(chosen: ChosenContext, projectRoot: string): Promise<Outcome<void>> {
  if (chosen.signIn === undefined) return ok(undefined);
  const file = await resolved(chosen.userFile);
  if (!isInside(file, await resolved(projectRoot)) && !isInside(chosen.userFile, projectRoot))
    return ok(undefined);
  return failed(
    'CONTEXT_REFUSED',
    `context ${chosen.facts.context} signs in by running "${chosen.signIn}", but its kubeconfig ${chosen.userFile} came with the project`,
    {
      hint: 'if you trust it, copy the context into your own ~/.kube/config; appdev does not run programs that a kubeconfig in the project names',
    },
  );
}

async function resolved(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    return path;
  }
}

function isInside(file: string, folder: string): boolean {
  const path = relative(folder, dirname(file));
  return path === '' || (!isAbsolute(path) && path !== '..' && !path.startsWith(`..${sep}`));
}
