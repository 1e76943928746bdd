/**
 * Hands the credentials that were found on to a tool that talks to registries by itself, in a file of mode 0600 in a
 * folder of the session (mode 0700): never on a command line, and whatever they come from. So the tool and our own
 * questions are the same user. What the user's own files say of other registries is taken along.
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
   * Path of a file (containers-auth.json(5)) with the login for the registry; undefined where none is known, and the tool
   * may look for itself. Fails as `FindCredentials` does.
   *
   * @param repository for which the login is; its host gets it.
   * @param fresh look again, because what was found before was refused.
   */
  forRepository(
    repository: string,
    fresh: boolean,
    signal: AbortSignal,
  ): Promise<Outcome<string | undefined>>;
}

/**
 * Makes the writer over a finder. Asks for each repository once: a credential helper takes its time.
 *
 * @param files the user's own, the first of which wins.
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
        // One that is written over may be in use.
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

/** The entry for the host in place of all that the files had for it. */
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
      // Not there, or no JSON: who needs something of it says so.
    }
  }
  return all;
}

function entryOf(credentials: Credentials): Readonly<Record<string, string>> {
  if (credentials.kind === 'identity') return { identitytoken: credentials.token };
  const { username, password } = credentials;
  return { auth: Buffer.from(`${username}:${password}`).toString('base64') };
}
