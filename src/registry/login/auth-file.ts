/**
 * Passes the credentials that were found to a tool that contacts registries itself. They go into a file of mode 0600 in
 * a folder of the session (mode 0700), never on a command line. So the tool and our own requests are the same user.
 * What the user's own files say about other registries is copied along.
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
   */
  forRepository(
    repository: string,
    fresh: boolean,
    signal: AbortSignal,
  ): Promise<Outcome<string | undefined>>;
}

/**
 * Returns the writer. It uses the finder only once for each repository, because a credential helper is slow.
 *
 * @param files the user's own; the first one wins.
 */
export function createAuthFiles(find: FindCredentials, files: readonly string[]): AuthFiles {
  const known = new Map<string, string | undefined>();
  let folder: string | undefined;
  let written = 0;
  return {
    async forRepository(repository, fresh, signal) {
      if (!fresh && known.has(repository)) return ok(known.get(repository));
      const found = await find(repository, signal);
      if (found.kind !== 'ok') return found;
      let file: string | undefined;
      if (found.value !== undefined) {
        folder ??= makeTempFolder('auth');
        // A file that is overwritten might be in use.
        written += 1;
        file = join(folder, `${written}.json`);
        const { host } = splitRegistryName(repository);
        const content = withLogin(await merged(files), host, found.value);
        await writeFile(file, JSON.stringify(content), { mode: 0o600 });
      }
      known.set(repository, file);
      return ok(file);
    },
  };
}

interface AuthFile {
  readonly auths: Fields;
  readonly credHelpers: Fields;
}

/** The file with this entry for the host, replacing everything that the files had for it. */
function withLogin({ auths, credHelpers }: AuthFile, host: string, credentials: Credentials): AuthFile {
  const others = (entries: Fields): Fields =>
    Object.fromEntries(
      Object.entries(entries).filter(
        ([key]) => splitRegistryName(key.replace(/^https?:\/\//, '')).host !== host,
      ),
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
