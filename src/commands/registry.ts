/**
 * Puts together what talks to the session's registry: credentials, trust, the client, and Harbor's demands on what is
 * built. One user for our own questions and for the tools.
 */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { createBuildahAccess, type BuildahAccess } from '../build/buildah-access.ts';
import { withHarbor } from '../build/harbor-builder.ts';
import type { ImageBuilder } from '../build/types.ts';
import type { ScanConfig } from '../config/model.ts';
import type { ManifestLookup } from '../loop/types.ts';
import { ok, type Outcome } from '../outcome.ts';
import { createAuthFiles } from '../registry/auth-file.ts';
import { createRegistryClient, type RegistryClient } from '../registry/client.ts';
import { createCredentials, credentialFiles, type FindCredentials } from '../registry/credentials.ts';
import { createHarbor, harborPath } from '../registry/harbor.ts';
import { manifestLookup } from '../registry/lookup.ts';
import { splitRegistryName } from '../registry/reference.ts';
import { createScanGate, type ScanGate } from '../registry/scan-gate.ts';
import { imageNames } from '../registry/target.ts';
import { trust } from '../registry/trust.ts';
import type { Registry } from '../registry/types.ts';
import type { Clock } from '../support/clock.ts';
import type { RunProcess } from '../support/process.ts';
import { quietContext } from './quiet.ts';

/** A registry with all that is needed to use it. */
export interface OpenRegistry {
  readonly client: RegistryClient;
  readonly credentials: FindCredentials;
  readonly access: BuildahAccess;
  /** The same builder, minding what a Harbor demands. */
  readonly guarded: (builder: ImageBuilder) => ImageBuilder;
  /** Whether an artifact of an earlier run may be deployed again as it is. */
  readonly lookup: ManifestLookup;
}

/** What opening takes. */
export interface RegistryOptions {
  /** Starts credential helpers. */
  readonly run: RunProcess;
  readonly registry: Registry;
  readonly env: NodeJS.ProcessEnv;
  /** Absolute path of what `--authfile` names. */
  readonly authFile?: string;
  readonly createProject: boolean;
  readonly scan?: ScanConfig;
  /** Where reports are kept. */
  readonly stateFolder: string;
  /** For tests of what is tried again. */
  readonly clock?: Clock;
}

/** Opens it; contacts nothing. Fails with REGISTRY_UNREACHABLE for a certificate authority that is not usable. */
export function openRegistry(opening: RegistryOptions): Outcome<OpenRegistry> {
  const { run, registry, env, authFile, scan, createProject, stateFolder } = opening;
  const { host } = splitRegistryName(registry.push);
  const clock = opening.clock === undefined ? {} : { clock: opening.clock };
  const ca = registry.ca ?? env['APPDEV_REGISTRY_CA'] ?? '';
  const trusted = ca === '' ? ok(undefined) : trust(resolve(ca), host);
  if (trusted.kind !== 'ok') return trusted;
  const credentials = createCredentials({
    run,
    env,
    ownHost: host,
    ...(authFile === undefined ? {} : { authFile }),
  });
  const files =
    authFile === undefined ? credentialFiles({ env, home: env['HOME'] ?? homedir() }) : [authFile];
  const options = {
    registry,
    credentials,
    ...clock,
    ...(trusted.value === undefined ? {} : { fetch: trusted.value.fetch }),
  };
  const harbor = createHarbor(options);
  const client = createRegistryClient({
    ...options,
    digestOf: async (repository, tag, signal) => {
      const path = harborPath(repository);
      const isHarbor = await harbor.isHarbor(signal);
      if (isHarbor.kind !== 'ok') return isHarbor;
      if (path === undefined || !isHarbor.value) return ok(undefined);
      const found = await harbor.artifact(path, tag, signal);
      if (found.kind !== 'ok') return found;
      return ok(found.value === undefined || found.value === 'not allowed' ? undefined : found.value);
    },
  });
  const gate = createScanGate({
    harbor,
    client,
    reports: join(stateFolder, 'reports'),
    ...clock,
    ...(scan === undefined ? {} : { scan }),
  });
  return ok({
    client,
    credentials,
    access: createBuildahAccess(registry.push, createAuthFiles(credentials, files), trusted.value?.certDir),
    guarded: (builder) =>
      withHarbor(builder, {
        harbor,
        client,
        gate,
        createProject,
        repositoryOf: ({ image }) =>
          imageNames({ kind: 'registry', registry }, image?.repository ?? '').repository,
      }),
    lookup: gated(manifestLookup(client), gate),
  });
}

/** The same lookup; what is there is deployed again, so that it has to pass the gate again. */
function gated(lookup: ManifestLookup, gate: ScanGate): ManifestLookup {
  return {
    async has(artifact, signal) {
      const there = await lookup.has(artifact, signal);
      if (there.kind !== 'ok' || !there.value) return there;
      const judged = await gate(artifact, quietContext(signal));
      return judged.kind === 'ok' ? there : judged;
    },
  };
}
