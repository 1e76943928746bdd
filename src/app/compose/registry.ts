/**
 * Puts together everything that talks to the session's registry: the client, Buildah's flags, and the rules of a Harbor.
 * Credentials and certificates come from the session's access, which is made elsewhere.
 */
import { join } from 'node:path';
import { createBuildahAccess, type BuildahAccess } from '../../build/image/buildah/access.ts';
import { withHarbor } from '../../build/image/harbor.ts';
import type { ImageBuilder } from '../../build/types.ts';
import type { ScanConfig } from '../../config/model.ts';
import type { ManifestLookup, WorkParts } from '../../loop/work/types.ts';
import { ok } from '../../core/outcome.ts';
import type { RegistryAccess } from '../../registry/login/access.ts';
import { createRegistryClient, type RegistryClient } from '../../registry/api/client.ts';
import { createDeployGate } from '../../registry/harbor/deploy-gate.ts';
import { createHarbor, harborPath } from '../../registry/harbor/harbor.ts';
import { keepInHarbor } from '../../registry/harbor/keeping-tag.ts';
import { manifestLookup } from '../../registry/lookup.ts';
import { createScanGate, type ScanGate } from '../../registry/harbor/scan-gate.ts';
import { imageNames } from '../../registry/target.ts';
import type { Registry } from '../../registry/types.ts';
import type { Clock } from '../../support/clock.ts';

/** A registry and everything needed to use it. */
export interface OpenRegistry {
  readonly client: RegistryClient;
  readonly buildah: BuildahAccess;
  /** Waits until an image may be pulled, if its Harbor project blocks pulls until it is scanned. */
  readonly pullGate: ScanGate;
  /** Wraps a builder so that it follows the rules of a Harbor. */
  readonly guarded: (builder: ImageBuilder) => ImageBuilder;
  /** Judges an image that is about to be deployed. */
  readonly admit: NonNullable<WorkParts['admit']>;
  /** Keeps an image that may be deployed from a Harbor's clean-up. */
  readonly keep: WorkParts['publish'];
  /** Whether an artifact of an earlier run may be deployed again as it is. */
  readonly lookup: ManifestLookup;
}

/** The registry, and how to use it. */
export interface RegistryOptions {
  readonly registry: Registry;
  readonly access: RegistryAccess;
  readonly createProject: boolean;
  readonly scan?: ScanConfig;
  /** Absolute path of the folder in which scan reports are stored. */
  readonly stateFolder: string;
  /** The clock for pauses between tries. Tests replace it. */
  readonly clock?: Clock;
}

/** Makes the parts for a registry. It contacts nothing. */
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
  const deployGate = createDeployGate({ registry, harbor, gate, ...(scan === undefined ? {} : { scan }) });
  return {
    client,
    buildah: createBuildahAccess(registry.push, access),
    pullGate: createScanGate(gateOptions),
    guarded: (builder) =>
      withHarbor(builder, {
        harbor,
        createProject,
        repositoryOf: ({ image }) =>
          imageNames({ kind: 'registry', registry }, image?.repository ?? '').repository,
      }),
    // An image that was built elsewhere may be in another registry, or in one that does not know this account.
    admit: async (artifact, origin, context) =>
      await (origin === 'given' ? deployGate(artifact, context) : gate(artifact, context)),
    keep: async (artifact, { signal }) => await keepInHarbor(artifact, { harbor, client }, signal),
    lookup: manifestLookup(client),
  };
}
