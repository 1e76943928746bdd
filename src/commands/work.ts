/** Puts together what builds and pushes: the image target of the cluster, the builders, the records. */
import { join } from 'node:path';
import { createMavenBuilder } from '../build/maven.ts';
import { createInterimBuilder } from '../build/interim-image.ts';
import type { ServiceConfig } from '../config/model.ts';
import { createRecords } from '../loop/records.ts';
import type { Records, WorkParts } from '../loop/types.ts';
import { failed, ok, type Outcome } from '../outcome.ts';
import { createRegistryClient } from '../registry/client.ts';
import { createCredentials } from '../registry/credentials.ts';
import { findImageTarget } from '../registry/discovery.ts';
import { lookupFor } from '../registry/lookup.ts';
import { targetText } from '../registry/target.ts';
import { cacheFolder } from '../support/folders.ts';
import { runProcess } from '../support/process.ts';
import { readState, writeState } from '../support/state-file.ts';
import type { OpenTarget } from './cluster.ts';
import type { Session } from './session.ts';

/** What builds and deploys in this session. */
export interface Work {
  readonly parts: WorkParts;
  readonly records: Records;
  /** Whether a service's unit tests run with its build. */
  readonly testsRun: (service: ServiceConfig) => boolean;
  /** What beside the project's files decides a build, as text. */
  readonly toolchain: string;
  /** Removes older images of the session's services, keeping `keepImages` of each. Says what fails; never fails itself. */
  prune(): Promise<void>;
}

/** Finds where images go, says so, and makes the parts. */
export async function openWork(session: Session, target: OpenTarget): Promise<Outcome<Work>> {
  const { project, emit, signals, stateFolder, invocation } = session;
  const { config } = project;
  const found = await findImageTarget({
    ...(config.registry === undefined ? {} : { config: config.registry }),
    cluster: target.cluster,
    signal: signals.shutdown,
  });
  if (found.kind !== 'ok') return found;
  const { target: images, warning } = found.value;
  if (warning !== undefined) emit({ type: 'notice', level: 'warning', ...warning });
  if (images.kind === 'load') return failed('REGISTRY_NOT_FOUND', 'no registry');
  const { registry } = images;
  emit({
    type: 'registry.selected',
    push: registry.push,
    pull: registry.pull,
    ...(registry.inCluster === undefined ? {} : { inCluster: registry.inCluster }),
    source: registry.source,
  });
  const client = createRegistryClient({
    registry,
    credentials: createCredentials({ run: runProcess }),
  });
  const tests = invocation.booleans['tests'];
  const testsRun = ({ jar }: ServiceConfig): boolean => {
    if (jar === undefined) return false;
    if (tests !== undefined) return tests;
    return jar.tests === 'run' || (jar.tests === 'auto' && invocation.command !== 'dev');
  };
  return ok({
    parts: {
      jarBuilder: createMavenBuilder({ run: runProcess, projectRoot: config.root, cache: cacheFolder() }),
      imageBuilder: createInterimBuilder(runProcess, registry),
      deployer: target.deployer,
      manifests: lookupFor(images, client, target.cluster),
      target: targetText(images),
    },
    records: createRecords(join(stateFolder, 'records'), {
      read: async (path) => await readState(path, (value) => value),
      write: writeState,
    }),
    testsRun,
    toolchain: '',
    prune: async () => {},
  });
}
