/**
 * Puts together what talks to the registry that the session pushes to: the client, Buildah's way in, and Harbor's demands
 * on what is built. As whom and by which authorities is the session's access, which is not made here.
 */
import { join } from 'node:path';
import { createBuildahAccess, type BuildahAccess } from '../../build/image/buildah/access.ts';
import { withHarbor } from '../../build/image/harbor.ts';
import type { ImageBuilder } from '../../build/types.ts';
import type { ScanConfig } from '../../config/model.ts';
import type { ManifestLookup } from '../../loop/work/types.ts';
import { ok } from '../../core/outcome.ts';
import type { RegistryAccess } from '../../registry/login/access.ts';
import { createRegistryClient, type RegistryClient } from '../../registry/api/client.ts';
import { createDeployGate, type DeployGate } from '../../registry/harbor/deploy-gate.ts';
import { createHarbor, harborPath } from '../../registry/harbor/harbor.ts';
import { manifestLookup } from '../../registry/lookup.ts';
import { createScanGate, type ScanGate } from '../../registry/harbor/scan-gate.ts';
import { imageNames } from '../../registry/target.ts';
import type { Registry } from '../../registry/types.ts';
import type { Clock } from '../../support/clock.ts';
import { quietContext } from '../quiet.ts';

/** A registry with all that is needed to use it. */
export interface OpenRegistry {
  readonly client: RegistryClient;
  readonly buildah: BuildahAccess;
  /** Waits until an image may be pulled, where its Harbor project keeps it back until it is scanned. */
  readonly pullGate: ScanGate;
  /** The same builder, minding what a Harbor demands. */
  readonly guarded: (builder: ImageBuilder) => ImageBuilder;
  /** Judges an image that was built before, when it is about to be deployed. */
  readonly judge: DeployGate;
  /** Whether an artifact of an earlier run may be deployed again as it is. */
  readonly lookup: ManifestLookup;
}

/** What opening takes. */
export interface RegistryOptions {
  readonly registry: Registry;
  readonly access: RegistryAccess;
  readonly createProject: boolean;
  readonly scan?: ScanConfig;
  /** Where reports are kept. */
  readonly stateFolder: string;
  /** For tests of what is tried again. */
  readonly clock?: Clock;
}

/** Opens it; contacts nothing. */
export function openRegistry(opening: RegistryOptions): OpenRegistry {
  const { registry, access, scan, createProject, stateFolder } = opening;
  const clock = opening.clock === undefined ? {} : { clock: opening.clock };
  const options = { registry, ...access.asking, ...clock };
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
  const gateOptions = { harbor, client, reports: join(stateFolder, 'reports'), ...clock };
  const gate = createScanGate({ ...gateOptions, ...(scan === undefined ? {} : { scan }) });
  return {
    client,
    buildah: createBuildahAccess(registry.push, access),
    pullGate: createScanGate(gateOptions),
    guarded: (builder) =>
      withHarbor(builder, {
        harbor,
        client,
        gate,
        createProject,
        repositoryOf: ({ image }) =>
          imageNames({ kind: 'registry', registry }, image?.repository ?? '').repository,
      }),
    judge: createDeployGate({ registry, harbor, gate, ...(scan === undefined ? {} : { scan }) }),
    lookup: gated(manifestLookup(client), gate),
  };
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
