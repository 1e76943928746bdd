/**
 * What doctor can say about builds in pods without starting one: what the builder is, whether its pods could be created,
 * fed and removed, whether the namespace admits them, and whether they have a name for the registry. Only asks.
 */
import { podNames } from '../../build/image/kaniko/names.ts';
import type { Access } from '../../cluster/api/rights.ts';
import { defaultKaniko } from '../../config/normalize.ts';
import type { ImageTarget } from '../../registry/types.ts';
import { passed, type Check } from './checks.ts';
import type { OpenTarget } from '../compose/cluster.ts';
import { authorityFile } from '../compose/access.ts';
import type { Session } from '../session.ts';

/**
 * What a build does with its pod, in the words of RBAC. A WebSocket is opened by a GET; since Kubernetes 1.35, the right to
 * create is asked for as well.
 */
const pods: readonly Omit<Access, 'namespace'>[] = [
  { verb: 'create', resource: 'pods' },
  { verb: 'list', resource: 'pods' },
  { verb: 'watch', resource: 'pods' },
  { verb: 'delete', resource: 'pods' },
  { verb: 'create', resource: 'pods', subresource: 'attach' },
  { verb: 'get', resource: 'pods', subresource: 'attach' },
  { verb: 'get', resource: 'pods', subresource: 'log' },
];
/** With logins of the machine, or a private authority: they go into a Secret for each build. */
const secrets: readonly Omit<Access, 'namespace'>[] = [
  { verb: 'create', resource: 'secrets' },
  { verb: 'delete', resource: 'secrets' },
];

/** Checks the way of a build. */
export async function kanikoChecks(
  session: Session,
  { cluster }: OpenTarget,
  images: ImageTarget,
): Promise<Check[]> {
  const { project, signals } = session;
  const signal = signals.shutdown;
  const config = project.config.kaniko ?? defaultKaniko;
  const namespace = config.namespace ?? cluster.identity.namespace;
  const authority = images.kind === 'registry' && authorityFile(session, images.registry) !== undefined;
  const wanted = [...pods, ...(config.credentials === undefined || authority ? secrets : [])];
  const missing: string[] = [];
  for (const access of wanted) {
    const allowed = await cluster.mayI({ ...access, namespace }, signal);
    if (allowed.kind === 'failed') missing.push(allowed.error.message);
    else if (allowed.kind === 'ok' && !allowed.value) {
      missing.push(`${access.verb} ${[access.resource, access.subresource].filter(Boolean).join('/')}`);
    }
  }
  const rights: Check =
    missing.length === 0
      ? passed('Kaniko', `${config.image}, pods in namespace ${namespace}`)
      : {
          name: 'Kaniko',
          state: 'failure',
          detail: `in namespace ${namespace} you may not ${missing.join(', ')}`,
          hint: 'ask for these rights, or set kaniko.namespace in appdev.yaml to one where you have them',
        };
  return [rights, ...(await admission(cluster, namespace, signal)), registry(images)];
}

/** The namespace's label of Pod Security; without one, the API server's own setting counts, which cannot be asked. */
async function admission(
  cluster: OpenTarget['cluster'],
  namespace: string,
  signal: AbortSignal,
): Promise<Check[]> {
  const found = await cluster.get({ apiVersion: 'v1', kind: 'Namespace', name: namespace }, signal);
  if (found.kind !== 'ok') return [];
  if (found.value?.metadata.labels?.['pod-security.kubernetes.io/enforce'] !== 'restricted') return [];
  return [
    {
      name: 'Kaniko namespace',
      state: 'failure',
      detail: `${namespace} admits no pod that runs as root in its container (Pod Security restricted)`,
      hint: 'set kaniko.namespace in appdev.yaml to one that admits the level baseline',
    },
  ];
}

function registry(images: ImageTarget): Check {
  const name = 'Kaniko registry';
  if (images.kind === 'load') {
    return {
      name,
      state: 'failure',
      detail: `${images.product} ${images.cluster} has no registry that a build pod could push to`,
      hint: 'set up a local registry, or use image.builder: buildah',
    };
  }
  const names = podNames(images.registry);
  if (names !== undefined) return passed(name, `pods push to ${names.registry}`);
  return {
    name,
    state: 'failure',
    detail: `no name is known by which pods reach ${images.registry.push}`,
    hint: 'set registry.inCluster in appdev.yaml',
  };
}
