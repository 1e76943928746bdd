/**
 * Doctor's test of the whole path of an image: Buildah builds it, appdev pushes it, a node pulls it. It runs only if the
 * guard allows the context; nothing is written to a context that merely is the current one. It removes what it made.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ServiceConfig } from '../../config/model.ts';
import { sessionId } from '../../support/process/mark.ts';
import { makeTempFolder } from '../../support/files/temp.ts';
import { failure, passed, type Check } from './checks.ts';
import type { ClusterIdentity } from '../../cluster/types.ts';
import { probePull, type PullCluster } from './pull-probe.ts';
import { quietContext } from '../compose/once.ts';
import type { Work } from '../compose/work.ts';

/** Milliseconds that removing the image may take. */
const removalMs = 30_000;

/** What the test works with. */
export interface RegistryProof {
  readonly cluster: PullCluster & { readonly identity: ClusterIdentity };
  readonly project: string;
  readonly work: Pick<Work, 'images' | 'removeImage'> & {
    readonly parts: Pick<Work['parts'], 'imageBuilder' | 'target'>;
  };
}

/** Builds and pushes an image of one small file. If the cluster is a local one, a node pulls it too. */
export async function probeRegistry(
  { cluster, project, work }: RegistryProof,
  signal: AbortSignal,
): Promise<Check[]> {
  const { context, product, namespace } = cluster.identity;
  if (product === 'unknown') {
    const detail = `not tried: ${context} is only the current context, and doctor writes nothing to a cluster that you did not name`;
    const hint = `name it with --kube-context ${context}, or add it to cluster.allow in appdev.yaml`;
    return [{ name: 'registry push', state: 'warning', detail, hint }];
  }
  // Each session's image has its own content. So removing it cannot affect anyone else, and no push is skipped as already
  // done. But a node keeps images that are loaded into it, so then the content is always the same.
  const mark = work.images.kind === 'load' ? '' : sessionId;
  const built = await work.parts.imageBuilder.build(
    { service: probeService(mark), inputHash: 'doctor' },
    quietContext(signal),
  );
  if (built.kind !== 'ok') return built.kind === 'failed' ? [failure('registry push', built.error)] : [];
  const pull =
    product === 'named'
      ? pullNotTried(context)
      : await probePull(cluster, { namespace, project }, built.value, signal);
  // The image is removed after Ctrl-C too, so this does not use the session's signal.
  const kept = await work.removeImage(built.value, AbortSignal.timeout(removalMs));
  const rest = kept.length === 0 ? '' : `; the test image, one small file, stays in ${kept.join(' and ')}`;
  return [passed('registry push', `${work.parts.target} accepted ${built.value.repository}${rest}`), pull];
}

function pullNotTried(context: string): Check {
  return {
    name: 'registry pull',
    state: 'warning',
    detail: `not tried: doctor starts its test pod only on local clusters, and ${context} is not one that appdev knows`,
    hint: 'run appdev run, which deploys the project itself',
  };
}

/** A service whose image has only one text file. `mark` makes its content unique. */
function probeService(mark: string): ServiceConfig {
  const context = makeTempFolder('doctor');
  const containerfile = join(context, 'Containerfile');
  writeFileSync(containerfile, 'FROM scratch\nCOPY probe /probe\n');
  writeFileSync(join(context, 'probe'), `appdev doctor ${mark}\n`);
  return {
    name: 'appdev-doctor',
    path: context,
    image: {
      repository: 'appdev-doctor',
      builder: 'buildah',
      source: { kind: 'containerfile', containerfile, context, buildArgs: {} },
    },
    deploy: { kind: 'manifests', files: [], deadlineMs: 0, restartsAllowed: 0 },
    dev: { trigger: 'auto', forward: [] },
    needs: [],
  };
}
