/**
 * Finds the user's credentials for a registry: in the file of `--authfile`, in the environment (for the registry that it
 * names), and where `buildah login` and `docker login` store them. Only reads, and only after a registry has asked.
 * A secret leaves this file only as a value for one header: no message and no command line contains one, and a damaged
 * file is not quoted.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cancelled, failed, ok, type Outcome } from '../../core/outcome.ts';
import { splitRegistryName } from '../reference.ts';
import { fieldsAt, isFields, stringAt, type Fields } from '../../support/fields.ts';
import type { RunProcess } from '../../support/process/process.ts';
import { environmentCredentials, type GivenLogin } from './environment.ts';
import { hostname } from '../reference.ts';
import type { Credentials, FindCredentials } from '../types.ts';

/** Where this machine keeps the user's logins. A text is empty if nothing names another place than the usual one. */
export interface LoginPlaces {
  /** The one file that replaces all others. */
  readonly onlyFile: string;
  /** Folder of what lasts as long as the user is logged in to this machine. */
  readonly runtimeFolder: string;
  /** Folder of the user's configuration. */
  readonly configFolder: string;
  /** Folder of Docker's configuration. */
  readonly dockerFolder: string;
  /** Home folder. Credential helpers are started there. */
  readonly home: string;
  readonly platform: NodeJS.Platform;
  /** Numeric user id, for the usual runtime folder; undefined if the system has none. */
  readonly uid: number | undefined;
}

/** Where to look for credentials. */
export interface CredentialSources {
  readonly run: RunProcess;
  /** File that `--authfile` names. It replaces all files of the user. */
  readonly authFile?: string;
  /** Host (with port) of the session's registry. */
  readonly ownHost?: string;
  /** Hosts that may be asked by plain HTTP. */
  readonly plainHosts?: readonly string[];
  /** The login in the environment. */
  readonly given: GivenLogin;
  readonly places: LoginPlaces;
}

/** Returns a finder over the user's files and credential helpers. */
export function createCredentials(sources: CredentialSources): FindCredentials {
  const { run, authFile, ownHost, plainHosts = [], given: login, places } = sources;

  async function search(
    files: readonly string[],
    repository: string,
    signal: AbortSignal,
  ): Promise<Outcome<Credentials | undefined>> {
    for (const file of files) {
      const content = await readJson(file, repository);
      if (content.kind !== 'ok') return content;
      if (content.value === undefined) {
        if (file === authFile) return unusable(file, repository, 'does not exist');
        continue;
      }
      const found = await findIn(content.value, repository, { run, file, home: places.home, signal });
      if (found.kind !== 'ok' || found.value !== undefined) return found;
    }
    return ok(undefined);
  }

  return async (repository, signal, shown) => {
    const named = authFile === undefined ? ok(undefined) : await search([authFile], repository, signal);
    if (named.kind !== 'ok' || named.value !== undefined) return named;
    const { host } = splitRegistryName(repository);
    const shownTo = shown ?? host;
    const isPlain = plainHosts.includes(shownTo);
    const given = environmentCredentials(login, { host, shownTo, isOwn: host === ownHost, isPlain });
    if (given.kind !== 'ok' || given.value !== undefined || authFile !== undefined) return given;
    return await search(credentialFiles(places), repository, signal);
  };
}

/**
 * The files in the order of containers-auth.json(5), which Buildah follows: in the runtime folder, below the user's
 * configuration, Docker's.
 */
export function credentialFiles(places: LoginPlaces): readonly string[] {
  const { onlyFile, runtimeFolder, configFolder, dockerFolder, home, platform, uid } = places;
  if (onlyFile !== '') return [onlyFile];
  const files: string[] = [];
  if (platform === 'linux') {
    if (runtimeFolder !== '') files.push(join(runtimeFolder, 'containers', 'auth.json'));
    else if (uid !== undefined) files.push(join('/run/containers', String(uid), 'auth.json'));
  }
  files.push(join(configFolder === '' ? join(home, '.config') : configFolder, 'containers', 'auth.json'));
  files.push(join(dockerFolder === '' ? join(home, '.docker') : dockerFolder, 'config.json'));
  return files;
}

async function readJson(file: string, repository: string): Promise<Outcome<Fields | undefined>> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return ok(undefined);
    return unusable(file, repository, `cannot be read (${code ?? 'unknown reason'})`);
  }
  try {
    const value: unknown = JSON.parse(text);
    if (isFields(value)) return ok(value);
  } catch {
    // The parser's message quotes the text, and the text contains passwords.
  }
  return unusable(file, repository, 'is not valid JSON');
}

function unusable(file: string, repository: string, why: string): Outcome<never> {
  const { host } = splitRegistryName(repository);
  return failed('REGISTRY_DENIED', `the registry ${host} asks for credentials, but ${file} ${why}`, {
    hint: `repair or remove ${file}, then log in again: buildah login ${host}`,
  });
}

interface Search {
  readonly run: RunProcess;
  readonly file: string;
  readonly home: string;
  readonly signal: AbortSignal;
}

/**
 * First a helper for this very host, as containers-auth.json(5) says, then what the file itself contains, then the
 * general store.
 */
async function findIn(
  content: Fields,
  repository: string,
  search: Search,
): Promise<Outcome<Credentials | undefined>> {
  const { host } = splitRegistryName(repository);
  for (const key of hostKeys(host)) {
    const helper = stringAt(content, 'credHelpers', key);
    if (helper !== undefined && helper !== '') return await askHelper(helper, key, search, true);
  }
  const auths = fieldsAt(content, 'auths');
  const byName = new Map(Object.entries(auths).map(([key, entry]) => [plainKey(key), entry]));
  for (const key of lookupKeys(repository)) {
    const found = credentialsOf(byName.get(key));
    if (found !== undefined) return ok(found);
  }
  const store = stringAt(content, 'credsStore');
  if (store === undefined || store === '') return ok(undefined);
  for (const key of hostKeys(host)) {
    const found = await askHelper(store, key, search, false);
    if (found.kind !== 'ok' || found.value !== undefined) return found;
  }
  return ok(undefined);
}

/** The names under which a host's credentials may be stored. Docker stores those of its Hub under an old address. */
function hostKeys(host: string): readonly string[] {
  if (!['docker.io', 'index.docker.io', 'registry-1.docker.io'].includes(host)) return [host];
  return ['docker.io', 'https://index.docker.io/v1/', 'index.docker.io', 'registry-1.docker.io'];
}

/** From the whole repository up to the host, as containers-auth.json(5) matches. */
function lookupKeys(repository: string): readonly string[] {
  const parts = repository.split('/');
  const paths = parts.map((_, index) => parts.slice(0, parts.length - index).join('/'));
  return [...paths, ...hostKeys(splitRegistryName(repository).host).map(plainKey)];
}

/** The host in a key. Older versions of Docker wrote addresses as keys: `https://host/v1/` means the host. */
function plainKey(key: string): string {
  return /^https?:\/\//.test(key) ? key.replace(/^https?:\/\//, '').replace(/\/.*/s, '') : key;
}

function credentialsOf(entry: unknown): Credentials | undefined {
  const token = stringAt(entry, 'identitytoken');
  if (token !== undefined && token !== '') return { kind: 'identity', token };
  const encoded = stringAt(entry, 'auth');
  if (encoded === undefined || encoded === '') return undefined;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon <= 0) return undefined;
  // Docker used to pad passwords with NUL.
  return {
    kind: 'password',
    username: text.slice(0, colon),
    password: text.slice(colon + 1).replace(/(?<!\0)\0+$/, ''),
  };
}

/**
 * Asks a credential helper by its protocol: `docker-credential-<name> get`, with the host on stdin and JSON on stdout.
 *
 * @param required false for the general store. A configuration left behind by an uninstalled Docker names a store
 *   that does not exist. That must not keep anyone from a registry it has no login for.
 */
async function askHelper(
  name: string,
  host: string,
  { run, file, home, signal }: Search,
  required: boolean,
): Promise<Outcome<Credentials | undefined>> {
  const tool = `docker-credential-${name}`;
  if (!/^[\w.-]+$/.test(name))
    return required ? unusable(file, host, 'names no usable credential helper') : ok(undefined);
  const finished = await run({ tool, args: ['get'], cwd: home, stdin: host, unmarked: true }, { signal });
  if (finished.kind === 'cancelled') return cancelled(signal);
  if (finished.kind === 'missing') {
    if (!required) return ok(undefined);
    return failed('TOOL_MISSING', `${tool} is not on the PATH, but ${file} names it for ${hostname(host)}`, {
      hint: `install ${tool}, or remove the entry and log in: buildah login ${host}`,
    });
  }
  // Helpers end with 1 if they have nothing for the host, and every helper says so in its own words.
  if (finished.exitCode !== 0) return ok(undefined);
  try {
    const answer: unknown = JSON.parse(finished.stdout);
    const secret = stringAt(answer, 'Secret');
    const username = stringAt(answer, 'Username');
    if (secret === undefined || secret === '' || username === undefined) return ok(undefined);
    return ok(
      username === '<token>'
        ? { kind: 'identity', token: secret }
        : { kind: 'password', username, password: secret },
    );
  } catch {
    return unusable(file, host, `names ${tool}, whose answer is not valid JSON`);
  }
}
