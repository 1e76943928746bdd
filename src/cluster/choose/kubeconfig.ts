/**
 * Reads kubeconfigs as kubectl does (KUBECONFIG with several files, or ~/.kube/config) and finds one context in them.
 * Contacts nothing, runs nothing and writes nothing; pin.ts writes the file for child processes.
 */
import { readFile } from 'node:fs/promises';
import { delimiter, dirname, isAbsolute, join, resolve } from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import type { Diagnostic } from '../../core/diagnostic.ts';
import { failed, ok, type NotOk, type Outcome } from '../../core/outcome.ts';
import { codeOf, fieldsAt, isFields, listAt, stringAt, type Fields } from '../../support/fields.ts';
import type { ContextFacts } from '../products.ts';

/** One named entry of a kubeconfig, and the file it is in. Its paths are relative to that file's folder. */
interface Entry {
  readonly fields: Fields;
  readonly file: string;
}

/** All kubeconfig files together. If two files name the same entry, the first one wins, as for kubectl. */
export interface Kubeconfig {
  /** Absolute paths, in order. */
  readonly files: readonly string[];
  readonly currentContext?: string;
  readonly contexts: ReadonlyMap<string, Entry>;
  readonly clusters: ReadonlyMap<string, Entry>;
  readonly users: ReadonlyMap<string, Entry>;
}

/** One context with its cluster and user entries. Every path in them is absolute. */
export interface ChosenContext {
  readonly facts: ContextFacts;
  /** The context's own namespace. */
  readonly namespace?: string;
  readonly cluster: Fields;
  readonly user: Fields;
  readonly userName: string;
  /** Absolute path of the file with the user entry. Whoever wrote that file decides what signing in may run. */
  readonly userFile: string;
  /** Program, with sub-commands, that signing in runs (`exec`, or `cmd-path` of the older auth providers). */
  readonly signIn?: string;
}

/** Where to look for kubeconfigs. */
export interface KubeconfigPlaces {
  /** The list of files that KUBECONFIG names; empty if it is not set. */
  readonly listed: string;
  readonly home: string;
  /** Folder to which relative paths in KUBECONFIG are relative. */
  readonly cwd: string;
}

/**
 * Reads every kubeconfig file. Skips files that KUBECONFIG names but that do not exist, as kubectl does. Fails with
 * KUBECONFIG_INVALID if there is none at all, or if one is not valid YAML.
 */
export async function readKubeconfig(places: KubeconfigPlaces): Promise<Outcome<Kubeconfig>> {
  const { listed } = places;
  const files = (listed === '' ? [join(places.home, '.kube', 'config')] : listed.split(delimiter))
    .filter((file) => file !== '')
    .map((file) => resolve(places.cwd, file));

  const read: Entry[] = [];
  for (const file of files) {
    let text: string;
    try {
      text = await readFile(file, 'utf8');
    } catch (error) {
      const code = codeOf(error);
      if (code === 'ENOENT') continue;
      return failed(
        'KUBECONFIG_INVALID',
        `cannot read the kubeconfig ${file}: ${code === '' ? String(error) : code}`,
        {
          hint: 'check the file and its permissions, or set KUBECONFIG to another one',
        },
      );
    }
    const parsed = parse(text, file);
    if (parsed.kind !== 'ok') return parsed;
    read.push({ fields: parsed.value, file });
  }
  if (read.length === 0) {
    const missing = files.join(', ');
    return failed(
      'KUBECONFIG_INVALID',
      `there is no kubeconfig: ${missing} ${files.length > 1 ? 'do' : 'does'} not exist`,
      {
        hint: 'start a local cluster (kind create cluster, minikube start, sandbox/cluster up), or set KUBECONFIG',
      },
    );
  }
  return ok(merge(files, read));
}

function merge(files: readonly string[], read: readonly Entry[]): Kubeconfig {
  const named = (list: string): Map<string, Entry> => {
    const entries = new Map<string, Entry>();
    for (const { fields, file } of read) {
      for (const item of listAt(fields, list)) {
        const name = stringAt(item, 'name');
        if (name !== undefined && isFields(item) && !entries.has(name))
          entries.set(name, { fields: item, file });
      }
    }
    return entries;
  };
  const current = read
    .map(({ fields }) => stringAt(fields, 'current-context') ?? '')
    .find((name) => name !== '');
  return {
    files,
    contexts: named('contexts'),
    clusters: named('clusters'),
    users: named('users'),
    ...(current === undefined ? {} : { currentContext: current }),
  };
}

/**
 * Finds a context by name, or the current one. Fails with KUBECONFIG_INVALID if a part is missing, and names what
 * exists instead.
 */
export function chooseContext(kubeconfig: Kubeconfig, name?: string): Outcome<ChosenContext> {
  const where = kubeconfig.files.join(', ');
  const wanted = name ?? kubeconfig.currentContext;
  const known = [...kubeconfig.contexts.keys()];
  const others = known.length === 0 ? 'it contains none' : `it contains ${known.slice(0, 10).join(', ')}`;
  if (wanted === undefined) {
    return failed('KUBECONFIG_INVALID', `the kubeconfig ${where} sets no current context`, {
      hint: `name one with --kube-context; ${others}`,
    });
  }
  const context = kubeconfig.contexts.get(wanted);
  if (context === undefined) {
    return failed('KUBECONFIG_INVALID', `there is no context ${wanted} in the kubeconfig ${where}`, {
      hint: `choose another one with --kube-context; ${others}`,
    });
  }
  const clusterName = stringAt(context.fields, 'context', 'cluster') ?? '';
  const cluster = kubeconfig.clusters.get(clusterName);
  if (cluster === undefined) return missing('cluster', clusterName, wanted, context.file);
  const userName = stringAt(context.fields, 'context', 'user') ?? '';
  const user = kubeconfig.users.get(userName);
  if (user === undefined && userName !== '') return missing('user', userName, wanted, context.file);

  const clusterFields = withAbsolutePaths(fieldsAt(cluster.fields, 'cluster'), dirname(cluster.file));
  const userFile = user?.file ?? context.file;
  const userFields = withAbsolutePaths(fieldsAt(user?.fields, 'user'), dirname(userFile));
  const server = stringAt(clusterFields, 'server') ?? '';
  if (!/^https?:\/\//.test(server)) {
    const says = server === '' ? 'names no server' : `names the server ${server}, which is not a URL`;
    return failed('KUBECONFIG_INVALID', `the cluster entry ${clusterName} in ${cluster.file} ${says}`, {
      hint: `it should say "server: https://…"; run kubectl config view --context ${wanted} to see it`,
    });
  }
  const namespace = stringAt(context.fields, 'context', 'namespace');
  const signIn = signInOf(userFields);
  return ok({
    facts: factsOf(wanted, clusterName, server, clusterFields, userFields),
    cluster: clusterFields,
    user: userFields,
    userName,
    userFile,
    ...(namespace === undefined ? {} : { namespace }),
    ...(signIn === undefined ? {} : { signIn }),
  });
}

function missing(what: string, name: string, context: string, file: string): NotOk {
  return failed(
    'KUBECONFIG_INVALID',
    `context ${context} refers to the ${what} ${name || '(none)'}, which does not exist`,
    {
      hint: `fix ${file}, or recreate it with the cluster's own command (kind export kubeconfig, minikube update-context, …)`,
    },
  );
}

function factsOf(
  context: string,
  cluster: string,
  server: string,
  fields: Fields,
  user: Fields,
): ContextFacts {
  const proxyUrl = stringAt(fields, 'proxy-url');
  const tlsServerName = stringAt(fields, 'tls-server-name');
  const extensions = listAt(fields, 'extensions');
  const provider = extensions
    .map((item) => stringAt(item, 'extension', 'provider'))
    .find((found) => found !== undefined);
  const certificateFiles = [stringAt(fields, 'certificate-authority'), stringAt(user, 'client-certificate')];
  return {
    context,
    cluster,
    server,
    certificateFiles: certificateFiles.filter((file) => file !== undefined),
    ...(proxyUrl === undefined ? {} : { proxyUrl }),
    ...(tlsServerName === undefined ? {} : { tlsServerName }),
    ...(provider === undefined ? {} : { provider }),
  };
}

/** Fields that contain a path, relative to the folder of their file. */
const pathFields = ['certificate-authority', 'client-certificate', 'client-key', 'tokenFile'];

function withAbsolutePaths(fields: Fields, folder: string): Fields {
  const paths: Record<string, unknown> = {};
  for (const field of pathFields) {
    const path = stringAt(fields, field);
    if (path !== undefined && path !== '') paths[field] = isAbsolute(path) ? path : join(folder, path);
  }
  const exec = fieldsAt(fields, 'exec');
  const command = stringAt(exec, 'command');
  // As for kubectl: a command with a slash is a path relative to the kubeconfig, a bare name is looked up on PATH.
  if (command !== undefined && /[\\/]/.test(command) && !isAbsolute(command)) {
    paths['exec'] = { ...exec, command: join(folder, command) };
  }
  return { ...fields, ...paths };
}

/** The program and its sub-commands, without flags, whose values may be secret. */
function signInOf(user: Fields): string | undefined {
  const command = stringAt(user, 'exec', 'command');
  if (command !== undefined) {
    const args = listAt(user, 'exec', 'args').map(String);
    const flag = args.findIndex((arg) => arg.startsWith('-'));
    return [command, ...(flag < 0 ? args : args.slice(0, flag))].join(' ');
  }
  return stringAt(user, 'auth-provider', 'config', 'cmd-path');
}

function parse(text: string, file: string): Outcome<Fields> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const [error] = document.errors;
  if (error !== undefined) {
    const { line, col } = lines.linePos(error.pos[0]);
    // No excerpt, because a kubeconfig's lines are keys and tokens.
    const diagnostic: Diagnostic = {
      severity: 'error',
      message: error.message.split('\n')[0] ?? error.code,
      file,
      line,
      column: col,
    };
    return failed('KUBECONFIG_INVALID', `the kubeconfig ${file} is not valid YAML`, {
      diagnostics: [diagnostic],
      hint: 'fix the file, or set KUBECONFIG to another one',
    });
  }
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 });
  } catch {
    return failed('KUBECONFIG_INVALID', `the kubeconfig ${file} has aliases that cannot be resolved`, {
      hint: 'replace the aliases by their values, or set KUBECONFIG to another file',
    });
  }
  // An empty file is an empty kubeconfig; `kubectl config` leaves such files behind.
  if (value === null || value === undefined) return ok({});
  if (isFields(value)) return ok(value);
  return failed('KUBECONFIG_INVALID', `the kubeconfig ${file} does not contain a mapping`, {
    hint: 'it should start with "apiVersion: v1" and "kind: Config"; set KUBECONFIG to another file',
  });
}
