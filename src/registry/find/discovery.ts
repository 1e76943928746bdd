/**
 * Chooses where images go. First appdev.yaml decides, then what the cluster itself says (KEP-1755, conventions of kind
 * and minikube), then the product's own load command. Asks only the pinned cluster and probes no ports, with one
 * exception that is named below.
 */
import type { Cluster } from '../../cluster/types.ts';
import type { RegistryConfig } from '../../config/model.ts';
import { cancelled, failed, ok, type Outcome } from '../../core/outcome.ts';
import { createRegistryClient } from '../api/client.ts';
import {
  hostingConfigMap,
  isMinikubeAddon,
  minikubeAddon,
  readHosting,
  readNodeAnnotation,
} from './hosting.ts';
import type { ImageLoad, ImageTarget, Registry } from '../types.ts';

/** What discovery needs. */
export interface DiscoveryOptions {
  /** `registry` of appdev.yaml. If it is set, the cluster is not asked. */
  readonly config?: RegistryConfig;
  readonly cluster: Pick<Cluster, 'get' | 'list' | 'identity'>;
  readonly signal: AbortSignal;
  /** Whether a registry answers from this machine. Default: asks it. */
  readonly answers?: (registry: Registry, signal: AbortSignal) => Promise<boolean>;
}

/** A target, and what the user should know about it. */
export interface FoundTarget {
  readonly target: ImageTarget;
  readonly warning?: { readonly message: string; readonly hint: string };
}

/** The target that appdev.yaml names. */
function configuredTarget(config: RegistryConfig): ImageTarget {
  const { push, pull, inCluster, multiLevel, insecure, copy, ca } = config;
  return registryTarget({
    push,
    pull,
    ...(inCluster === undefined ? {} : { inCluster }),
    ...(multiLevel === undefined ? {} : { multiLevel }),
    insecure,
    ...(copy === undefined ? {} : { copy }),
    ...(ca === undefined ? {} : { ca }),
    source: 'appdev.yaml',
  });
}

/**
 * Finds the target. Fails with REGISTRY_NOT_FOUND and the line to write, or as the cluster fails (CLUSTER_UNREACHABLE).
 */
export async function findImageTarget(options: DiscoveryOptions): Promise<Outcome<FoundTarget>> {
  const { config, cluster, signal } = options;
  if (config !== undefined) return ok({ target: configuredTarget(config) });

  const configMap = await readable(cluster.get(hostingConfigMap, signal));
  if (configMap.kind !== 'ok') return configMap;
  const hosting = configMap.value === undefined ? undefined : readHosting(configMap.value);
  if (hosting?.kind === 'registry') return ok(declared(hosting.registry));

  const { product } = cluster.identity;
  const said = hosting === undefined ? {} : { said: hosting };
  if (product === 'kind') return await findForKind(options, said);
  if (product === 'minikube') return await findForMinikube(options, said);
  return notFound(cluster, said);
}

/** What an unusable ConfigMap said, for messages. */
interface Said {
  readonly said?: { readonly reason: string; readonly help?: string };
}

/**
 * The target for a registry that the cluster names. If it is not on this machine, appdev uses HTTPS, which the registry
 * must not speak, because the KEP has no field for that. The user is told before the first push fails.
 */
function declared(registry: Registry): FoundTarget {
  if (registry.insecure) return { target: registryTarget(registry) };
  return {
    target: registryTarget(registry),
    warning: {
      message: `the cluster names the registry ${registry.push}, which is not on this machine: appdev uses only HTTPS for it`,
      hint: `if it speaks plain HTTP, write into appdev.yaml: ${configLine(registry)}`,
    },
  };
}

async function findForKind({ cluster, signal }: DiscoveryOptions, said: Said): Promise<Outcome<FoundTarget>> {
  const nodes = await readable(cluster.list({ apiVersion: 'v1', kind: 'Node' }, signal));
  if (nodes.kind !== 'ok') return nodes;
  for (const node of nodes.value ?? []) {
    const registry = readNodeAnnotation(node);
    if (registry !== undefined) return ok({ target: registryTarget(registry) });
  }
  const name = cluster.identity.context.replace(/^kind-/, '');
  return ok(
    loading({ kind: 'load', product: 'kind', cluster: name }, said, {
      why: `the kind cluster ${name} has no local registry`,
      faster:
        'a local registry receives only the changed layers, and appdev finds it by itself once it is set up',
      help: 'https://kind.sigs.k8s.io/docs/user/local-registry/',
    }),
  );
}

async function findForMinikube(
  { cluster, signal, answers = answersNow }: DiscoveryOptions,
  said: Said,
): Promise<Outcome<FoundTarget>> {
  const profile = cluster.identity.context;
  const service = await readable(
    cluster.get({ apiVersion: 'v1', kind: 'Service', namespace: 'kube-system', name: 'registry' }, signal),
  );
  if (service.kind !== 'ok') return service;
  const load: ImageLoad = { kind: 'load', product: 'minikube', cluster: profile };
  const forward = `kubectl --context ${profile} port-forward --namespace kube-system service/registry 5000:80`;
  const { help = '' } = minikubeAddon;
  if (!isMinikubeAddon(service.value)) {
    return ok(
      loading(load, said, {
        why: `minikube's profile ${profile} has no registry addon`,
        faster: `a registry receives only the changed layers: minikube addons enable registry -p ${profile}, then: ${forward}`,
        help,
      }),
    );
  }
  // The one port that is probed, because the cluster cannot show whether the user forwards it. Without the forward, a
  // push would fail although minikube itself could load the image.
  const reachable = await answers(minikubeAddon, signal);
  if (signal.aborted) return cancelled(signal);
  if (reachable) return ok({ target: registryTarget(minikubeAddon) });
  return ok(
    loading(load, said, {
      why: `the registry addon of minikube's profile ${profile} does not answer at ${minikubeAddon.push}`,
      faster: `forward its port and start appdev again: ${forward}`,
      help,
    }),
  );
}

function loading(
  target: ImageLoad,
  { said }: Said,
  text: { readonly why: string; readonly faster: string; readonly help: string },
): FoundTarget {
  const aside =
    said === undefined
      ? ''
      : ` (the ConfigMap ${hostingConfigMap.namespace}/${hostingConfigMap.name} ${said.reason})`;
  return {
    target,
    warning: {
      message: `${text.why}${aside}: every image is copied completely into the node by \`${target.product}\``,
      hint: `${text.faster} (${said?.help ?? text.help})`,
    },
  };
}

function notFound({ identity }: DiscoveryOptions['cluster'], { said }: Said): Outcome<never> {
  const where = `${hostingConfigMap.namespace}/${hostingConfigMap.name}`;
  const why =
    said === undefined
      ? `the cluster has no ConfigMap ${where}`
      : `the cluster's ConfigMap ${where} ${said.reason}`;
  // By its documentation, MicroK8s' registry addon is at this port of the node; elsewhere it is a usual choice.
  const push = identity.product === 'microk8s' ? 'localhost:32000' : 'localhost:5001';
  const line = configLine({ push, pull: push });
  const more = said?.help === undefined ? '' : ` (see also ${said.help})`;
  return failed(
    'REGISTRY_NOT_FOUND',
    `no registry is configured and none was found for context ${identity.context}: ${why}`,
    {
      hint: `write your registry's name into appdev.yaml: ${line}; without "insecure", appdev uses HTTPS${more}`,
    },
  );
}

/** The line of appdev.yaml that declares a registry as one of plain HTTP. */
function configLine({ push, pull }: Pick<Registry, 'push' | 'pull'>): string {
  return `registry: {push: "${push}"${pull === push ? '' : `, pull: "${pull}"`}, insecure: true}`;
}

/** The outcome; undefined if the user is not allowed to read it. Discovery then continues with what it can know. */
async function readable<T>(outcome: Promise<Outcome<T>>): Promise<Outcome<T | undefined>> {
  const result = await outcome;
  return result.kind === 'failed' && result.error.code === 'CLUSTER_DENIED' ? ok(undefined) : result;
}

function registryTarget(registry: Registry): ImageTarget {
  return { kind: 'registry', registry };
}

/** How long a registry on this machine may take to answer, in milliseconds. */
const probeMs = 2000;

/** Asks without credentials, so that whatever listens there learns nothing. */
async function answersNow(registry: Registry, signal: AbortSignal): Promise<boolean> {
  const client = createRegistryClient({
    registry,
    credentials: async () => await Promise.resolve(ok(undefined)),
    deadlineMs: probeMs,
  });
  return (await client.ping(signal)).kind === 'ok';
}
