/**
 * Passes the credentials that were found to a tool that contacts registries itself. They go into a file of mode 0600 in
 * a folder of the session (mode 0700), never on a command line. So the tool and our own requests are the same user.
 * Such a file may outlive a killed session, so it holds only what the tool needs: of the user's own files, the logins for
 * the other registries of the same build.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ok, type Outcome } from '../../core/outcome.ts';
import { fieldsAt, type Fields } from '../../support/fields.ts';
import { makeTempFolder } from '../../support/files/temp.ts';
import type { Credentials, FindCredentials } from '../types.ts';
import { splitRegistryName } from '../reference.ts';

/** Writes such files. */
export interface AuthFiles {
  /**
   * Path of a file (containers-auth.json(5)) with the login for the registry. Undefined if none is known; then the tool
   * may look for itself. Fails as `FindCredentials` does.
   *
   * @param repository that the login is for; its host gets it.
   * @param fresh look again, because the login found before was refused.
   * @param others hosts (with port) of the other registries that the tool reads from. What the user's own files say about
   *   them is copied along.
   */
  forRepository(
    repository: string,
    fresh: boolean,
    signal: AbortSignal,
    others?: readonly string[],
  ): Promise<Outcome<string | undefined>>;
}

/**
 * Returns the writer. It uses the finder only once for each repository, because a credential helper is slow.
 *
 * @param files the user's own; the first one wins.
 */
export function createAuthFiles(find: FindCredentials, files: readonly string[]): AuthFiles {
  const logins = new Map<string, Credentials | undefined>();
  const known = new Map<string, string>();
  let folder: string | undefined;
  let written = 0;
  return {
    async forRepository(repository, fresh, signal, others = []) {
      if (fresh || !logins.has(repository)) {
        const found = await find(repository, signal);
        if (found.kind !== 'ok') return found;
        logins.set(repository, found.value);
        for (const key of [...known.keys()]) if (key.startsWith(`${repository} `)) known.delete(key);
      }
      const login = logins.get(repository);
      if (login === undefined) return ok(undefined);
      const hosts = new Set(others.flatMap(namesOf));
      const key = `${repository} ${[...hosts].sort().join(' ')}`;
      const before = known.get(key);
      if (before !== undefined) return ok(before);
      folder ??= makeTempFolder('auth');
      // A file that is overwritten might be in use.
      written += 1;
      const file = join(folder, `${written}.json`);
      const { host } = splitRegistryName(repository);
      const content = withLogin(await merged(files), host, login, hosts);
      await writeFile(file, JSON.stringify(content), { mode: 0o600 });
      known.set(key, file);
      return ok(file);
    },
  };
}

/** The names under which a host's login may be stored. */
function namesOf(host: string): readonly string[] {
  const hub = ['docker.io', 'index.docker.io', 'registry-1.docker.io'];
  return hub.includes(host) ? hub : [host];
}

interface AuthFile {
  readonly auths: Fields;
  readonly credHelpers: Fields;
}

/** The file with this entry for the host, and with what the files have for the other hosts. */
function withLogin(
  { auths, credHelpers }: AuthFile,
  host: string,
  credentials: Credentials,
  hosts: ReadonlySet<string>,
): AuthFile {
  const others = (entries: Fields): Fields =>
    Object.fromEntries(
      Object.entries(entries).filter(([key]) => {
        const of = splitRegistryName(key.replace(/^https?:\/\//, '')).host;
        return of !== host && hosts.has(of);
      }),
    );
  return {
    auths: { ...others(auths), [host]: entryOf(credentials) },
    credHelpers: others(credHelpers),
  };
}

async function merged(files: readonly string[]): Promise<AuthFile> {
  let all: AuthFile = { auths: {}, credHelpers: {} };
  for (const file of [...files].reverse()) {
    try {
      const content: unknown = JSON.parse(await readFile(file, 'utf8'));
      all = {
        auths: { ...all.auths, ...fieldsAt(content, 'auths') },
        credHelpers: { ...all.credHelpers, ...fieldsAt(content, 'credHelpers') },
      };
    } catch {
      // It does not exist or is not JSON. Whoever needs something from it reports that.
    }
  }
  return all;
}

function entryOf(credentials: Credentials): Readonly<Record<string, string>> {
  if (credentials.kind === 'identity') return { identitytoken: credentials.token };
  const { username, password } = credentials;
  return { auth: Buffer.from(`${username}:${password}`).toString('base64') };
}
