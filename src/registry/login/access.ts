/**
 * How a session gets into registries: as whom, and by which authorities. Made once and used by all that speaks to one, so
 * that our own questions, Buildah, skopeo and image commands are the same user and trust the same certificates.
 */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { ok, type Outcome } from '../../core/outcome.ts';
import type { RunProcess } from '../../support/process/process.ts';
import { createAuthFiles, type AuthFiles } from './auth-file.ts';
import type { FindCredentials } from '../types.ts';
import { createCredentials, credentialFiles } from './credentials.ts';
import { splitRegistryName } from '../reference.ts';
import { trust } from './trust.ts';

/** The way in. */
export interface RegistryAccess {
  /** For questions of our own: spread into the options of a client. `fetch` is absent where no authority is named. */
  readonly asking: { readonly credentials: FindCredentials; readonly fetch?: typeof fetch };
  /** For tools that read a login from a file. */
  readonly authFiles: AuthFiles;
  /** For tools that take a private authority from a folder: it holds the authority as `ca.crt`. Absent without one. */
  readonly certDir?: string;
  /** The authority itself, as PEM text, for what does not run on this machine. Absent without one. */
  readonly authority?: string;
}

/** What it is made from. */
export interface AccessSources {
  readonly run: RunProcess;
  readonly env: NodeJS.ProcessEnv;
  /** Absolute path of what `--authfile` names. */
  readonly authFile?: string;
  /** Push name of the session's registry, whose host alone is shown the pair of the environment; absent: there is none. */
  readonly push?: string;
  /** Absolute path of a PEM file with the authority to trust beside the usual ones. */
  readonly ca?: string;
}

/** Makes it; contacts nothing. Fails with REGISTRY_UNREACHABLE for an authority that is not usable. */
export function openRegistryAccess(sources: AccessSources): Outcome<RegistryAccess> {
  const { run, env, authFile, push, ca } = sources;
  const named = authFile === undefined ? {} : { authFile };
  const own = push === undefined ? {} : { ownHost: splitRegistryName(push).host };
  const trusted = ca === undefined ? ok(undefined) : trust(ca, own.ownHost ?? 'the registry');
  if (trusted.kind !== 'ok') return trusted;
  const credentials = createCredentials({ run, env, ...own, ...named });
  const files =
    authFile === undefined ? credentialFiles({ env, home: env['HOME'] ?? homedir() }) : [authFile];
  const authFiles = createAuthFiles(credentials, files);
  if (trusted.value === undefined) return ok({ asking: { credentials }, authFiles });
  const { fetch, certDir, authority } = trusted.value;
  return ok({ asking: { credentials, fetch }, authFiles, certDir, authority });
}

/** The authority's file in the folder for tools. */
export function authorityIn(certDir: string): string {
  return join(certDir, 'ca.crt');
}
