/**
 * The local Kubernetes products that appdev recognises: what each of them writes into a kubeconfig, and how to start it
 * again. Pure tables and predicates. A product is recognised only if the context's name AND the API server's address
 * are its own: a context called `kind-shop` that leads to 10.0.0.5 is someone's real cluster.
 */
import { hostOfUrl, inRange, isLoopback, networks } from './address.ts';

/** What a kubeconfig says about one context, as far as the guard needs it. */
export interface ContextFacts {
  readonly context: string;
  /** Name of the cluster entry that the context refers to. */
  readonly cluster: string;
  /** URL of the API server. */
  readonly server: string;
  /** Set if requests go through a proxy. Then the server's address does not say where they end. */
  readonly proxyUrl?: string;
  /** Set if the server's certificate is for another name, as behind a tunnel. */
  readonly tlsServerName?: string;
  /** Absolute paths of the certificate files that the cluster and the user entries name. */
  readonly certificateFiles: readonly string[];
  /** `provider` of the extension that minikube adds to its entries. */
  readonly provider?: string;
}

interface Product {
  readonly name: string;
  /** True if context and cluster entry have the names that the product gives them. */
  readonly named: (facts: ContextFacts) => boolean;
  /** True if the API server's host is one that the product uses. `own`: addresses of this machine's interfaces. */
  readonly local: (host: string, facts: ContextFacts, own: readonly string[]) => boolean;
  /** What to type if its API server does not answer. */
  readonly start: (context: string) => string;
}

const fixedName =
  (...names: readonly string[]) =>
  (facts: ContextFacts): boolean =>
    names.includes(facts.context) && names.includes(facts.cluster);

/** kind, k3d and colima give context and cluster entry the same name. */
const sameName =
  (pattern: RegExp) =>
  (facts: ContextFacts): boolean =>
    pattern.test(facts.context) && facts.cluster === facts.context;

const onLoopback = (host: string): boolean => isLoopback(host);

/** Loopback, or the address that means every interface: as a destination it is this machine. */
const onThisMachine = (host: string): boolean => isLoopback(host) || host === '0.0.0.0' || host === '::';

/**
 * Networks in which minikube's drivers put the node: docker and podman 192.168.49.0/24 and the following ones, kvm2
 * 192.168.39.0/24, virtualbox 192.168.59.0/24, vfkit and qemu 192.168.64.0/24 and .105.0/24, Hyper-V's default switch
 * somewhere in 172.16.0.0/12, parallels 10.211.55.0/24.
 */
const minikubeNodes = networks('192.168.0.0/16', '172.16.0.0/12', '10.211.55.0/24');

/**
 * True for certificates below `.minikube` (or `$MINIKUBE_HOME/.minikube`), or with the extension that minikube writes.
 */
function markedByMinikube(facts: ContextFacts): boolean {
  const below = (file: string): boolean => /[\\/]\.minikube[\\/]/.test(file);
  const files = facts.certificateFiles;
  return (files.length > 0 && files.every(below)) || facts.provider === 'minikube.sigs.k8s.io';
}

const products: readonly Product[] = [
  {
    // With `networking.apiServerAddress: 0.0.0.0`, as in dev containers, kind writes that address.
    name: 'kind',
    named: sameName(/^kind-./),
    local: onThisMachine,
    start: (context) => `docker start ${context.slice('kind-'.length)}-control-plane`,
  },
  {
    // k3d writes 0.0.0.0. With Docker Desktop it writes `host.docker.internal`, which Docker Desktop maps to this machine.
    name: 'k3d',
    named: sameName(/^k3d-./),
    local: (host) => onThisMachine(host) || host === 'host.docker.internal',
    start: (context) => `k3d cluster start ${context.slice('k3d-'.length)}`,
  },
  {
    name: 'docker-desktop',
    named: fixedName('docker-desktop', 'docker-for-desktop', 'docker-for-desktop-cluster'),
    // Docker Desktop's line in the hosts file maps the name to 127.0.0.1.
    local: (host) => isLoopback(host) || host === 'kubernetes.docker.internal',
    start: () => 'start Docker Desktop with Kubernetes enabled',
  },
  {
    name: 'rancher-desktop',
    named: fixedName('rancher-desktop'),
    local: onLoopback,
    start: () => 'start Rancher Desktop',
  },
  {
    name: 'colima',
    named: sameName(/^colima(-.+)?$/),
    local: onLoopback,
    start: (context) =>
      `colima start --kubernetes${context === 'colima' ? '' : ` ${context.slice('colima-'.length)}`}`,
  },
  {
    // `microk8s config` names the address of this machine's default interface, `microk8s config -l` names loopback.
    name: 'microk8s',
    named: (facts) => facts.context === 'microk8s' && facts.cluster === 'microk8s-cluster',
    local: (host, _facts, own) => isLoopback(host) || own.includes(host),
    start: () => 'microk8s start',
  },
  {
    name: 'orbstack',
    named: fixedName('orbstack'),
    local: (host) => isLoopback(host) || host === 'k8s.orb.local',
    start: () => 'orb start k8s',
  },
  {
    // The address of the sandbox's own bridge, from the range that RFC 2544 reserves for tests and nobody routes.
    name: 'sandbox',
    named: fixedName('appdev-sandbox'),
    local: (host) => host === '198.18.0.1',
    start: () => 'sandbox/cluster up',
  },
  {
    // A profile may have any name, so only `minikube` itself and what minikube marked as its own counts. On a private
    // network the marks are always needed, because many other things live there.
    name: 'minikube',
    named: (facts) =>
      facts.cluster === facts.context && (facts.context === 'minikube' || markedByMinikube(facts)),
    local: (host, facts, own) =>
      isLoopback(host) || (markedByMinikube(facts) && (inRange(host, minikubeNodes) || own.includes(host))),
    start: (context) => `minikube start -p ${context}`,
  },
];

/** What a context was recognised as. `stranger`: not a known product, with the reason as a clause. */
export type Recognition =
  | { readonly kind: 'known'; readonly product: string }
  | { readonly kind: 'stranger'; readonly reason: string };

/** Recognises a context by its name and address. `own`: the IP addresses of this machine's interfaces. */
export function recognize(facts: ContextFacts, own: readonly string[]): Recognition {
  const host = hostOfUrl(facts.server);
  const named = products.filter((product) => product.named(facts));
  const [first] = named;
  if (first === undefined) return { kind: 'stranger', reason: strangerReason(facts, host, own) };
  if (facts.proxyUrl !== undefined) {
    return { kind: 'stranger', reason: `it is called like ${first.name}, but it is reached through a proxy` };
  }
  if (facts.tlsServerName !== undefined) {
    const reason = `it is called like ${first.name}, but its certificate is for ${facts.tlsServerName}, as behind a tunnel`;
    return { kind: 'stranger', reason };
  }
  const product = named.find((candidate) => candidate.local(host, facts, own));
  if (product !== undefined) return { kind: 'known', product: product.name };
  return {
    kind: 'stranger',
    reason: `it is called like ${first.name}, but ${host === '' ? 'its API server' : host} is not where ${first.name} runs`,
  };
}

/** Why a context is no product's. If only its cluster entry is called otherwise, that is the reason. */
function strangerReason(facts: ContextFacts, host: string, own: readonly string[]): string {
  const alike = { ...facts, cluster: facts.context };
  const product = products.find((candidate) => candidate.named(alike));
  if (product === undefined) return 'it is not a known local cluster';
  const reason = `it is called like ${product.name}, but its cluster entry is called ${facts.cluster}, not ${facts.context}`;
  const isElsewhere = host !== '' && !product.local(host, facts, own);
  return isElsewhere ? `${reason}, and ${host} is not where ${product.name} runs` : reason;
}

/** What to type to start a product's cluster; undefined if the product is unknown. */
export function startHint(product: string, context: string): string | undefined {
  return products.find(({ name }) => name === product)?.start(context);
}
