/**
 * How a session gets into registries: with which login, and trusting which certificate authorities. Made once and used
 * by everything that contacts a registry. So our own requests, Buildah, skopeo and image commands are the same user and
 * trust the same certificates.
 */
import { join } from 'node:path';
import { ok, type Outcome } from '../../core/outcome.ts';
import type { RunProcess } from '../../support/process/process.ts';
import { createAuthFiles, type AuthFiles } from './auth-file.ts';
import type { FindCredentials } from '../types.ts';
import { createCredentials, credentialFiles, type LoginPlaces } from './credentials.ts';
import type { GivenLogin } from './environment.ts';
import { splitRegistryName } from '../reference.ts';
import { trust } from './trust.ts';

/** Access to registries. */
export interface RegistryAccess {
  /** For our own requests: spread it into the options of a client. `fetch` is absent if no authority is configured. */
  readonly asking: { readonly credentials: FindCredentials; readonly fetch?: typeof fetch };
  /** For tools that read a login from a file. */
  readonly authFiles: AuthFiles;
  /** For tools that take a private authority from a folder, which contains it as `ca.crt`. Absent without one. */
  readonly certDir?: string;
  /** The authority itself, as PEM text, for what does not run on this machine. Absent without one. */
  readonly authority?: string;
}

/** What the environment says about registries. */
export interface RegistryEnvironment {
  readonly given: GivenLogin;
  readonly places: LoginPlaces;
  /** Path of a PEM file with the authority of the session's registry; empty if none is set. appdev.yaml wins. */
  readonly authority: string;
  /** Path of a PEM file with further authorities that Node trusts everywhere; empty if none is set. */
  readonly moreAuthorities: string;
}

/** What the access is made from. */
export interface AccessSources {
  readonly run: RunProcess;
  readonly environment: Omit<RegistryEnvironment, 'authority'>;
  /** Absolute path of the file that `--authfile` names. */
  readonly authFile?: string;
  /** Push name of the session's registry. Absent if there is none. */
  readonly push?: string;
  /** Hosts (with port) that may be asked by plain HTTP. The login from the environment is not for them. */
  readonly plainHosts?: readonly string[];
  /** Absolute path of a PEM file with the authority to trust besides the usual ones. */
  readonly ca?: string;
}

/** Returns the access; contacts nothing. Fails with REGISTRY_UNREACHABLE if the authority is not usable. */
export function openRegistryAccess(sources: AccessSources): Outcome<RegistryAccess> {
  const { run, authFile, push, plainHosts = [], ca } = sources;
  const { given, places, moreAuthorities } = sources.environment;
  const named = authFile === undefined ? {} : { authFile };
  const own = push === undefined ? {} : { ownHost: splitRegistryName(push).host };
  const trusted =
    ca === undefined ? ok(undefined) : trust(ca, own.ownHost ?? 'the registry', moreAuthorities);
  if (trusted.kind !== 'ok') return trusted;
  const credentials = createCredentials({ run, given, places, plainHosts, ...own, ...named });
  const files = authFile === undefined ? credentialFiles(places) : [authFile];
  const authFiles = createAuthFiles(credentials, files);
  if (trusted.value === undefined) return ok({ asking: { credentials }, authFiles });
  const { fetch, certDir, authority } = trusted.value;
  return ok({ asking: { credentials, fetch }, authFiles, certDir, authority });
}

/** Path of the authority's file in the folder for tools. */
export function authorityIn(certDir: string): string {
  return join(certDir, 'ca.crt');
}
