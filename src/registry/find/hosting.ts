/**
 * Reads what clusters say about their registries: the ConfigMap of KEP-1755, and the older annotation on kind's nodes.
 * Pure: text in, names out. What a cluster says is checked like what a user writes.
 */
import { parse } from 'yaml';
import { stringAt } from '../../support/fields.ts';
import { isLoopbackHost, isRegistryName, splitRegistryName } from '../reference.ts';
import type { Registry } from '../types.ts';

/** Where KEP-1755 puts the ConfigMap. */
export const hostingConfigMap = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  namespace: 'kube-public',
  name: 'local-registry-hosting',
} as const;

/** What a hosting ConfigMap means. */
export type Hosting =
  | { readonly kind: 'registry'; readonly registry: Registry }
  /** It names no registry to push to. `reason` is a clause about the ConfigMap. */
  | { readonly kind: 'unusable'; readonly reason: string; readonly help?: string };

/**
 * Reads the ConfigMap by the KEP's "Specification for LocalRegistryHosting v1", the only version so far:
 * - `host` is what tools outside the cluster push to.
 * - `hostFromContainerRuntime` is for image fields of objects ("when tools apply Kubernetes objects to the cluster,
 *   this host should be used for image name fields"). If it is not set, `host` is used. kind's guide leaves it out (its
 *   nodes know the registry by the host's name), k3d sets it.
 * - `hostFromClusterNetwork` is what pods push to. Without it, pods have no registry.
 * - `help` is to be shown to the user.
 *
 * Plain HTTP: the KEP is about "local, insecure registries". So for a loopback host the ConfigMap is the declaration
 * that appdev requires, and nothing leaves this machine. For a host elsewhere, appdev uses HTTPS until appdev.yaml
 * declares otherwise.
 */
export function readHosting(configMap: unknown): Hosting {
  const text = stringAt(configMap, 'data', 'localRegistryHosting.v1');
  if (text === undefined) return { kind: 'unusable', reason: 'has no localRegistryHosting.v1' };
  let fields: unknown;
  try {
    fields = parse(text);
  } catch {
    return { kind: 'unusable', reason: 'contains a localRegistryHosting.v1 that is not valid YAML' };
  }
  const help = helpOf(fields);
  const unusable = (reason: string): Hosting => ({ kind: 'unusable', reason, ...help });
  const names = ['host', 'hostFromContainerRuntime', 'hostFromClusterNetwork'] as const;
  for (const name of names) {
    const value = nameAt(fields, name);
    if (value !== undefined && !isRegistryName(value))
      return unusable(`has a ${name} that is not a registry`);
  }
  const push = nameAt(fields, 'host');
  if (push === undefined) return unusable('names no host to push to');
  const inCluster = nameAt(fields, 'hostFromClusterNetwork');
  return {
    kind: 'registry',
    registry: {
      push,
      pull: nameAt(fields, 'hostFromContainerRuntime') ?? push,
      ...(inCluster === undefined ? {} : { inCluster }),
      insecure: isLoopbackHost(splitRegistryName(push).host),
      source: 'KEP-1755',
      ...help,
    },
  };
}

/** A name; undefined if it is missing or empty. */
function nameAt(fields: unknown, key: string): string | undefined {
  const value = stringAt(fields, key);
  return value === '' ? undefined : value;
}

/** Free text for the screen, as one line of limited length. */
function helpOf(fields: unknown): { readonly help?: string } {
  const help = stringAt(fields, 'help')
    ?.replace(/[^\P{C}]/gu, ' ')
    .trim()
    .slice(0, 200);
  return help === undefined || help === '' ? {} : { help };
}

/**
 * The registry that the annotation `kind.x-k8s.io/registry` on kind's nodes names. kind's guide had it before KEP-1755,
 * and scripts from then still write it. Push and pull name are the same. Only a loopback registry is accepted, because
 * the guide's was one.
 */
export function readNodeAnnotation(node: unknown): Registry | undefined {
  const name = stringAt(node, 'metadata', 'annotations', 'kind.x-k8s.io/registry');
  if (name === undefined || !isRegistryName(name)) return undefined;
  if (!isLoopbackHost(splitRegistryName(name).host)) return undefined;
  return { push: name, pull: name, insecure: true, source: 'kind' };
}

/**
 * The registry of minikube's addon, as minikube's handbook describes it: a Service `registry` in kube-system, port 80,
 * and on each node a proxy at port 5000, so image names begin with `localhost:5000`. The handbook tells the user to
 * forward the same port of this machine, so the push uses the same name.
 */
export const minikubeAddon: Registry = {
  push: 'localhost:5000',
  pull: 'localhost:5000',
  inCluster: 'registry.kube-system.svc.cluster.local',
  insecure: true,
  source: 'minikube',
  help: 'https://minikube.sigs.k8s.io/docs/handbook/registry/',
};

/** True for the Service that the addon creates, and for no other Service of the same name. */
export function isMinikubeAddon(service: unknown): boolean {
  return stringAt(service, 'metadata', 'labels', 'kubernetes.io/minikube-addons') === 'registry';
}
