/**
 * The docker config.json of one build: this machine's credentials for the registries that the build uses, under the
 * names that the pod uses. The text is secret: it goes into a Secret object and nowhere else.
 */
import { ok, type Outcome } from '../../../core/outcome.ts';
import type { Credentials, FindCredentials } from '../../../registry/types.ts';
import { parseReference } from '../../../registry/reference.ts';

/** One registry of a build. */
export interface LoginFor {
  /** Repository, by this machine's name, for looking up its credentials. */
  readonly repository: string;
  /** Host, by the pod's name. */
  readonly host: string;
}

/**
 * The text; undefined if this machine has credentials for none of the registries. Fails as looking up credentials does.
 */
export async function loginText(
  registries: readonly LoginFor[],
  find: FindCredentials,
  signal: AbortSignal,
): Promise<Outcome<string | undefined>> {
  const auths: Record<string, unknown> = {};
  for (const { repository, host } of registries) {
    const found = await find(repository, signal, host);
    if (found.kind !== 'ok') return found;
    if (found.value !== undefined) auths[keyOf(host)] ??= entryOf(found.value);
  }
  return ok(Object.keys(auths).length === 0 ? undefined : JSON.stringify({ auths }));
}

/**
 * The images that a Containerfile begins with, if they are written out. Names of stages are included too and do no
 * harm.
 */
export function baseReferences(containerfile: string): readonly string[] {
  return [...containerfile.matchAll(/^[ \t]*FROM[ \t]+(?:--\S+[ \t]+)*(\S+)/gim)].flatMap(([, name = '']) =>
    name === 'scratch' || name.includes('$') || parseReference(name) === undefined ? [] : [name],
  );
}

/**
 * The key of a registry. Docker keeps the credentials of its Hub under an old address, and so do the tools that read
 * its file.
 */
function keyOf(host: string): string {
  return host === 'docker.io' || host === 'index.docker.io' ? 'https://index.docker.io/v1/' : host;
}

function entryOf(credentials: Credentials): Readonly<Record<string, string>> {
  if (credentials.kind === 'identity') return { identitytoken: credentials.token };
  const { username, password } = credentials;
  return { auth: Buffer.from(`${username}:${password}`).toString('base64') };
}
