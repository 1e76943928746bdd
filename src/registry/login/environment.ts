/**
 * The registry credentials that a pipeline passes in its environment, as every CI system can: a user in
 * APPDEV_REGISTRY_USER, and a password in APPDEV_REGISTRY_PASSWORD or in the file that APPDEV_REGISTRY_PASSWORD_FILE
 * names. A robot's name (`robot$shop+ci`) is a value like any other here, because no shell sees it.
 *
 * APPDEV_REGISTRY_HOST says whose login it is. Where images go is written in appdev.yaml or in the cluster, so a merge
 * request or a writer of the cluster could send the password to a host of his choice. Without the variable, only this
 * machine's loopback gets it.
 */
import { readFileSync } from 'node:fs';
import { failed, ok, type NotOk, type Outcome } from '../../core/outcome.ts';
import { isLoopbackHost, splitRegistryName } from '../reference.ts';
import type { Credentials } from '../types.ts';

/** The parts of the login, as the environment has them. A part is empty if it is not set. */
export interface GivenLogin {
  readonly user: string;
  readonly password: string;
  /** Path of a file that contains the password. */
  readonly passwordFile: string;
  /** Hosts (with port) of the registry that the login is for, by commas: all names of one registry. */
  readonly host: string;
}

/** Who asks for the login, and to whom it would be shown. */
export interface LoginPlace {
  /** Host (with port) of the registry. */
  readonly host: string;
  /** The host that it is shown to: `host`, or another name of it by which a build pod reaches the registry. */
  readonly shownTo: string;
  /** True if the session pushes to `host`. */
  readonly isOwn: boolean;
  /** True if `shownTo` may be asked by plain HTTP, or by HTTPS without looking at its certificate. */
  readonly isPlain: boolean;
}

/**
 * The login, or undefined if the environment has no part of it, or has it for other hosts.
 *
 * @returns REGISTRY_DENIED if nothing in the environment says that the login is for this host, if it would be sent
 *   without encryption, if only one half is set, or if the file cannot be read.
 */
export function environmentCredentials(
  login: GivenLogin,
  place: LoginPlace,
): Outcome<Credentials | undefined> {
  const { user: username, password: given, passwordFile: file } = login;
  const { host } = place;
  if (username === '' && file === '' && given === '') return ok(undefined);
  const hosts = hostsOf(login);
  if (hosts.length === 0 ? !place.isOwn : !hosts.includes(host.toLowerCase())) return ok(undefined);
  const unfit = notFor(hosts, place);
  if (unfit !== undefined) return unfit;
  if (username === '') {
    const name = given === '' ? 'APPDEV_REGISTRY_PASSWORD_FILE' : 'APPDEV_REGISTRY_PASSWORD';
    return failed('REGISTRY_DENIED', `${name} is set, but APPDEV_REGISTRY_USER is not`, {
      hint: `set APPDEV_REGISTRY_USER to the account of ${host}, e.g. 'robot$shop+ci' in single quotes`,
    });
  }
  const password = given === '' && file !== '' ? passwordIn(file) : given;
  if (password === undefined) {
    return failed('REGISTRY_DENIED', `${file}, which APPDEV_REGISTRY_PASSWORD_FILE names, cannot be read`, {
      hint: 'set it to a file that contains only the password',
    });
  }
  if (password === '') {
    return failed(
      'REGISTRY_DENIED',
      `APPDEV_REGISTRY_USER is set, but there is no password for ${username}`,
      {
        hint: 'set APPDEV_REGISTRY_PASSWORD, or set APPDEV_REGISTRY_PASSWORD_FILE to a file that contains it',
      },
    );
  }
  return ok({ kind: 'password', username, password });
}

/** The hosts that the login is for, in lower case. An address or a name with a path counts by its host. */
function hostsOf({ host }: GivenLogin): readonly string[] {
  return host
    .split(/[\s,]+/)
    .map((name) => splitRegistryName(name.replace(/^https?:\/\//i, '')).host.toLowerCase())
    .filter((name) => name !== '');
}

/** Why the login must not be shown. */
function notFor(hosts: readonly string[], { host, shownTo, isPlain }: LoginPlace): NotOk | undefined {
  const all = [...new Set([...hosts, host, shownTo])].join(',');
  if (hosts.length === 0 && !(host === shownTo && isLoopbackHost(host))) {
    const message = `APPDEV_REGISTRY_USER is set, but nothing in the environment says that this login is for ${shownTo}`;
    return failed('REGISTRY_DENIED', message, {
      hint: `if it is, set APPDEV_REGISTRY_HOST=${all}; what appdev.yaml or the cluster names does not get it`,
    });
  }
  if (hosts.length > 0 && !hosts.includes(shownTo.toLowerCase())) {
    const message = `build pods reach ${host} as ${shownTo}, and APPDEV_REGISTRY_HOST does not name that host`;
    return failed('REGISTRY_DENIED', message, {
      hint: `if both are one registry, set APPDEV_REGISTRY_HOST=${all}`,
    });
  }
  if (!isPlain || isLoopbackHost(shownTo)) return undefined;
  const message = `the login of APPDEV_REGISTRY_USER is not sent to ${shownTo}, which may be asked without encryption ("insecure")`;
  return failed('REGISTRY_DENIED', message, {
    hint: `remove "insecure" and let the registry speak HTTPS (registry.ca for a private authority), or set APPDEV_REGISTRY_HOST to another registry's host and log in to this one: buildah login ${shownTo}`,
  });
}

/** The values that no output may show. */
export function environmentSecrets({ password, passwordFile }: GivenLogin): readonly string[] {
  const values = [password, passwordFile === '' ? undefined : passwordIn(passwordFile)];
  return values.filter((value) => value !== undefined && value !== '') as string[];
}

/** The password in a file. Editors and `echo` add a line end, which is not part of the password. */
function passwordIn(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  } catch {
    return undefined;
  }
}
