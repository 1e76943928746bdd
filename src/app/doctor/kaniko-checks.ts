/**
 * The checks of doctor for builds in pods: the builder's image, the rights to create, use and remove its pods, whether
 * the namespace admits them, and the registry's name for pods. They only ask the API server and start no pod.
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
 * The rights that a build needs for its pod. Attaching opens a WebSocket with GET; since Kubernetes 1.35 it also needs
 * the right to create.
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
/**
 * The rights that a build needs if it uses this machine's logins or a private certificate authority: they go into a
 * Secret.
 */
const secrets: readonly Omit<Access, 'namespace'>[] = [
  { verb: 'create', resource: 'secrets' },
  { verb: 'delete', resource: 'secrets' },
];

/** Checks everything that a build in a pod needs. A right that cannot be asked for counts as missing. */
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
          detail: `in namespace ${namespace} you are not allowed to ${missing.join(', ')}`,
          hint: 'ask for these rights, or set kaniko.namespace in appdev.yaml to a namespace where you have them',
        };
  return [rights, ...(await admission(cluster, namespace, signal)), registry(images)];
}

/**
 * Checks the namespace's label for Pod Security. Without a label the API server's default applies, which cannot be
 * read.
 */
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
      detail: `${namespace} does not admit pods that run as root in their container (Pod Security restricted)`,
      hint: 'set kaniko.namespace in appdev.yaml to a namespace with the level baseline or privileged',
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
      hint: 'set up a local registry, or set image.builder to buildah',
    };
  }
  const names = podNames(images.registry);
  if (names !== undefined) return passed(name, `pods push to ${names.registry}`);
  return {
    name,
    state: 'failure',
    detail: `appdev does not know the name by which pods reach ${images.registry.push}`,
    hint: 'set registry.inCluster in appdev.yaml',
  };
}
