/**
 * The registry credentials that a pipeline passes in its environment, as every CI system can: a user in
 * APPDEV_REGISTRY_USER, and a password in APPDEV_REGISTRY_PASSWORD or in the file that APPDEV_REGISTRY_PASSWORD_FILE
 * names. A robot's name (`robot$shop+ci`) is a value like any other here, because no shell sees it.
 */
import { readFileSync } from 'node:fs';
import { failed, ok, type Outcome } from '../../core/outcome.ts';
import type { Credentials } from '../types.ts';

/** The parts of the login, as the environment has them. A part is empty if it is not set. */
export interface GivenLogin {
  readonly user: string;
  readonly password: string;
  /** Path of a file that contains the password. */
  readonly passwordFile: string;
}

/**
 * The login, or undefined if the environment has no part of it.
 *
 * @param host for messages.
 * @returns REGISTRY_DENIED if only one half is set, or if the file cannot be read.
 */
export function environmentCredentials(login: GivenLogin, host: string): Outcome<Credentials | undefined> {
  const { user: username, password: given, passwordFile: file } = login;
  if (username === '' && file === '' && given === '') return ok(undefined);
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
