/**
 * Doctor's proof of the way of an image: built by Buildah, pushed, and pulled by the node. Only where the guard vouches for
 * the context: on one that merely happens to be current, doctor writes nothing. Takes away what it made.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ServiceConfig } from '../../config/model.ts';
import { sessionId } from '../../support/process/mark.ts';
import { makeTempFolder } from '../../support/files/temp.ts';
import { failure, passed, type Check } from './checks.ts';
import type { ClusterIdentity } from '../../cluster/types.ts';
import { probePull, type PullCluster } from './pull-probe.ts';
import { quietContext } from '../quiet.ts';
import type { Work } from '../compose/work.ts';

/** How long taking the image away may take, in milliseconds. */
const removalMs = 30_000;

/** What the proof is made with. */
export interface RegistryProof {
  readonly cluster: PullCluster & { readonly identity: ClusterIdentity };
  readonly project: string;
  readonly work: Pick<Work, 'images' | 'removeImage'> & {
    readonly parts: Pick<Work['parts'], 'imageBuilder' | 'target'>;
  };
}

/** Builds and pushes an image of one small file, and has the node pull it where the cluster is a local one. */
export async function probeRegistry(
  { cluster, project, work }: RegistryProof,
  signal: AbortSignal,
): Promise<Check[]> {
  const { context, product, namespace } = cluster.identity;
  if (product === 'unknown') {
    const detail = `not tried: context ${context} is merely the current one, and doctor writes nothing to it`;
    const hint = 'name it with --kube-context, or list it in cluster.allow of appdev.yaml';
    return [{ name: 'registry push', state: 'warning', detail, hint }];
  }
  // Its own content for each session: nobody else can need the image that is removed, and no push is skipped as done.
  // A node keeps what is loaded into it, so that it gets the same each time.
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
  // Also after Ctrl-C.
  const kept = await work.removeImage(built.value, AbortSignal.timeout(removalMs));
  const rest = kept.length === 0 ? '' : `; an image of one small file stays in ${kept.join(' and ')}`;
  return [passed('registry push', `${work.parts.target} took ${built.value.repository}${rest}`), pull];
}

function pullNotTried(context: string): Check {
  return {
    name: 'registry pull',
    state: 'warning',
    detail: `not tried: ${context} is no local cluster that appdev knows, and doctor starts a pod only on those`,
    hint: 'appdev run tries it with the project itself',
  };
}

/** A service whose image is one text file. */
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
