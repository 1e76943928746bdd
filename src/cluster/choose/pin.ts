/**
 * Pins one context for the session: a kubeconfig of its own that holds nothing else, readable by this user only. Every
 * child that is started from then on gets it as KUBECONFIG (support/process/pinned.ts), so that a `kubectl config
 * use-context` elsewhere changes nothing here; what only renders gets none.
 */
import { realpath, writeFile } from 'node:fs/promises';
import { dirname, relative, isAbsolute, sep } from 'node:path';
import { failed, ok, type Outcome } from '../../core/outcome.ts';
import type { ChosenContext } from './kubeconfig.ts';

/**
 * Writes the pinned kubeconfig to `path`, which must not exist yet, with mode 0600. File paths in it are absolute and
 * point to the user's own certificates, so that no key is copied and a renewed certificate is seen.
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
  // JSON is YAML, and it cannot be misread.
  await writeFile(path, `${JSON.stringify(pinned, undefined, 2)}\n`, { mode: 0o600, flag: 'wx' });
}

/**
 * Refuses a context whose sign-in command comes from the project's own tree: such a kubeconfig arrived with the
 * source, and choosing it would run whatever the source says. The user's own kubeconfig may name any command.
 */
export async function checkSignIn(chosen: ChosenContext, projectRoot: string): Promise<Outcome<void>> {
  if (chosen.signIn === undefined) return ok(undefined);
  const file = await resolved(chosen.userFile);
  if (!isInside(file, await resolved(projectRoot)) && !isInside(chosen.userFile, projectRoot))
    return ok(undefined);
  return failed(
    'CONTEXT_REFUSED',
    `context ${chosen.facts.context} signs in by running "${chosen.signIn}", and its kubeconfig ${chosen.userFile} came with the project`,
    {
      hint: 'if you trust it, copy the context into your own ~/.kube/config; a project cannot bring programs to run',
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
