/**
 * The docker config.json of one build: credentials of this machine for the registries that the build speaks to, under the
 * names by which the pod speaks to them. The text is a secret: it goes into a Secret object and nowhere else.
 */
import { ok, type Outcome } from '../../../core/outcome.ts';
import type { Credentials, FindCredentials } from '../../../registry/types.ts';
import { parseReference } from '../../../registry/reference.ts';

/** One registry of a build. */
export interface LoginFor {
  /** Repository as this machine names it: what its credentials are looked up for. */
  readonly repository: string;
  /** Host as the pod names it. */
  readonly host: string;
}

/** The text; undefined where this machine has credentials for none of them. Fails as looking credentials up does. */
export async function loginText(
  registries: readonly LoginFor[],
  find: FindCredentials,
  signal: AbortSignal,
): Promise<Outcome<string | undefined>> {
  const auths: Record<string, unknown> = {};
  for (const { repository, host } of registries) {
    const found = await find(repository, signal);
    if (found.kind !== 'ok') return found;
    if (found.value !== undefined) auths[keyOf(host)] ??= entryOf(found.value);
  }
  return ok(Object.keys(auths).length === 0 ? undefined : JSON.stringify({ auths }));
}

/** The images that a Containerfile begins with, as far as they are written out; names of stages come along and do no harm. */
export function baseReferences(containerfile: string): readonly string[] {
  return [...containerfile.matchAll(/^\s*FROM\s+(?:--\S+\s+)*(\S+)/gim)].flatMap(([, name = '']) =>
    name === 'scratch' || name.includes('$') || parseReference(name) === undefined ? [] : [name],
  );
}

/** Docker keeps the credentials of its Hub under an old address, and so do the tools that read its file. */
function keyOf(host: string): string {
  return host === 'docker.io' || host === 'index.docker.io' ? 'https://index.docker.io/v1/' : host;
}

function entryOf(credentials: Credentials): Readonly<Record<string, string>> {
  if (credentials.kind === 'identity') return { identitytoken: credentials.token };
  const { username, password } = credentials;
  return { auth: Buffer.from(`${username}:${password}`).toString('base64') };
}
