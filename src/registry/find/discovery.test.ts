/**
 * What clusters tell, as each product writes it: the objects here have the shape of kind's guide, of k3d and of minikube's
 * addon, none of which can run on the test machines.
 */
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { KubeObject, ObjectQuery, ObjectRef } from '../../cluster/types.ts';
import { failed, ok, type NotOk, type Outcome } from '../../core/outcome.ts';
import { findImageTarget, type DiscoveryOptions, type FoundTarget } from './discovery.ts';

const signal = new AbortController().signal;

/** A cluster that has these objects and may refuse some kinds. It fails the test when it is asked for anything else. */
function clusterOf(
  product: string,
  context: string,
  objects: readonly KubeObject[] = [],
  refusals: Readonly<Record<string, NotOk>> = {},
): DiscoveryOptions['cluster'] & { readonly asked: string[] } {
  const asked: string[] = [];
  const answer = async <T>(kind: string, value: T): Promise<Outcome<T>> => {
    asked.push(kind);
    return await Promise.resolve(refusals[kind] ?? ok(value));
  };
  return {
    asked,
    identity: {
      context,
      server: 'https://127.0.0.1:6443',
      product,
      namespace: 'default',
      kubeconfig: '/none',
    },
    get: async ({ kind, name, namespace }: ObjectRef) =>
      await answer(
        kind,
        objects.find(
          (object) =>
            object.kind === kind && object.metadata.name === name && object.metadata.namespace === namespace,
        ),
      ),
    list: async ({ kind }: ObjectQuery) =>
      await answer(
        kind,
        objects.filter((object) => object.kind === kind),
      ),
  };
}

const object = (yaml: string): KubeObject => parse(yaml) as KubeObject;

const hosting = (data: string, key = 'localRegistryHosting.v1'): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'local-registry-hosting', namespace: 'kube-public' },
  data: { [key]: data },
});

/** As the guide of kind applies it. */
const kindHosting = hosting(
  'host: "localhost:5001"\nhelp: "https://kind.sigs.k8s.io/docs/user/local-registry/"\n',
);

/** As `k3d cluster create --registry-create` applies it. */
const k3dHosting = hosting(
  'host: localhost:41235\nhostFromClusterNetwork: shop-registry:5000\nhostFromContainerRuntime: shop-registry:5000\nhelp: https://k3d.io/stable/usage/registries/\n',
);

const minikubeService = object(`
apiVersion: v1
kind: Service
metadata:
  name: registry
  namespace: kube-system
  labels: {kubernetes.io/minikube-addons: registry, addonmanager.kubernetes.io/mode: Reconcile}
spec: {type: ClusterIP, ports: [{port: 80, targetPort: 5000}]}
`);

const node = (annotations: Readonly<Record<string, string>>): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'shop-control-plane', annotations },
});

async function find(
  cluster: DiscoveryOptions['cluster'],
  more: Partial<DiscoveryOptions> = {},
): Promise<FoundTarget> {
  const outcome = await findImageTarget({ cluster, signal, ...more });
  if (outcome.kind !== 'ok') throw new Error(JSON.stringify(outcome));
  return outcome.value;
}

const answers =
  (value: boolean): NonNullable<DiscoveryOptions['answers']> =>
  async () =>
    await Promise.resolve(value);

describe('appdev.yaml', () => {
  it('comes first, and the cluster is not asked', async () => {
    const cluster = clusterOf('kind', 'kind-shop', [kindHosting]);
    const config = { push: 'harbor.example.com/shop', pull: 'harbor.example.com/shop', insecure: false };
    expect(await find(cluster, { config })).toEqual({
      target: { kind: 'registry', registry: { ...config, source: 'appdev.yaml' } },
    });
    expect(cluster.asked).toEqual([]);
  });

  it('may say plain HTTP for any host, and name three names', async () => {
    const config = {
      push: '10.1.2.3:5000',
      pull: 'registry:5000',
      inCluster: 'registry.dev:5000',
      insecure: true,
      copy: { insecure: false },
    };
    expect(await find(clusterOf('k3d', 'k3d-shop'), { config })).toEqual({
      target: { kind: 'registry', registry: { ...config, source: 'appdev.yaml' } },
    });
  });
});

describe('the KEP-1755 ConfigMap', () => {
  it('of the kind guide: one name for push and pull', async () => {
    expect(await find(clusterOf('kind', 'kind-shop', [kindHosting, node({})]))).toEqual({
      target: {
        kind: 'registry',
        registry: {
          push: 'localhost:5001',
          pull: 'localhost:5001',
          insecure: true,
          source: 'KEP-1755',
          help: 'https://kind.sigs.k8s.io/docs/user/local-registry/',
        },
      },
    });
  });

  it('of k3d: image fields get hostFromContainerRuntime', async () => {
    expect(await find(clusterOf('k3d', 'k3d-shop', [k3dHosting]))).toMatchObject({
      target: {
        registry: {
          push: 'localhost:41235',
          pull: 'shop-registry:5000',
          inCluster: 'shop-registry:5000',
          insecure: true,
        },
      },
    });
  });

  it('with a host that is not this machine gets HTTPS, and says so', async () => {
    const cluster = clusterOf('named', 'team', [
      hosting('host: 192.168.7.7:5000\nhostFromContainerRuntime: registry:5000'),
    ]);
    const found = await find(cluster);
    expect(found.target).toMatchObject({ registry: { push: '192.168.7.7:5000', insecure: false } });
    expect(found.warning?.message).toContain('192.168.7.7:5000');
    expect(found.warning?.hint).toContain(
      'registry: {push: "192.168.7.7:5000", pull: "registry:5000", insecure: true}',
    );
  });

  it.each([
    [
      'without the version that there is',
      hosting('host: localhost:5001', 'localRegistryHosting.v9'),
      'has no localRegistryHosting.v1',
    ],
    ['that is not YAML', hosting('host: [localhost'), 'not valid YAML'],
    ['without a host', hosting('help: https://docs.example.com/registry'), 'names no host'],
    ['with an empty host', hosting('host: ""'), 'names no host'],
    ['with a URL for a host', hosting('host: http://localhost:5001'), 'host that is not a registry'],
    ['with an argument for a host', hosting('host: "--tls-verify=false"'), 'host that is not a registry'],
    [
      'with a bad node name',
      hosting('host: localhost:5001\nhostFromContainerRuntime: "a b"'),
      'hostFromContainerRuntime that is not a registry',
    ],
  ])('%s is not used, and the reason is told', async (_name, configMap, reason) => {
    const outcome = await findImageTarget({ cluster: clusterOf('colima', 'colima', [configMap]), signal });
    expect(outcome).toMatchObject({
      kind: 'failed',
      error: { code: 'REGISTRY_NOT_FOUND', message: expect.stringContaining(reason) as string },
    });
    const found = await find(clusterOf('kind', 'kind-shop', [configMap]));
    expect(found.target).toEqual({ kind: 'load', product: 'kind', cluster: 'shop' });
    expect(found.warning?.message).toContain(reason);
  });

  it('without a host still has its help shown', async () => {
    const help = 'https://docs.example.com/registry';
    const outcome = await findImageTarget({
      cluster: clusterOf('colima', 'colima', [hosting(`help: "${help}\\e[2J"`)]),
      signal,
    });
    expect(outcome).toMatchObject({ error: { hint: expect.stringContaining(help) as string } });
    expect(JSON.stringify(outcome)).not.toContain('\\u001b');
  });
});

describe('kind', () => {
  it('names its registry in the annotation of old', async () => {
    const cluster = clusterOf('kind', 'kind-shop', [
      node({}),
      node({ 'kind.x-k8s.io/registry': 'localhost:5000' }),
    ]);
    expect(await find(cluster)).toEqual({
      target: {
        kind: 'registry',
        registry: { push: 'localhost:5000', pull: 'localhost:5000', insecure: true, source: 'kind' },
      },
    });
  });

  it('is not believed when the annotation leads away from this machine', async () => {
    const cluster = clusterOf('kind', 'kind-shop', [node({ 'kind.x-k8s.io/registry': 'evil.example.com' })]);
    expect((await find(cluster)).target).toEqual({ kind: 'load', product: 'kind', cluster: 'shop' });
  });

  it('without a registry loads, and names the faster way', async () => {
    const found = await find(clusterOf('kind', 'kind-my-shop', [node({})]));
    expect(found.target).toEqual({ kind: 'load', product: 'kind', cluster: 'my-shop' });
    expect(found.warning?.message).toContain('my-shop has no local registry');
    expect(found.warning?.hint).toContain('https://kind.sigs.k8s.io/docs/user/local-registry/');
  });

  it('is asked as far as the user may', async () => {
    const denied = failed('CLUSTER_DENIED', 'no');
    const cluster = clusterOf('kind', 'kind-shop', [kindHosting], { ConfigMap: denied, Node: denied });
    expect((await find(cluster)).target).toMatchObject({ kind: 'load' });
  });
});

describe('minikube', () => {
  it('with its registry addon and the port forwarded', async () => {
    const cluster = clusterOf('minikube', 'minikube', [minikubeService]);
    expect(await find(cluster, { answers: answers(true) })).toMatchObject({
      target: {
        registry: {
          push: 'localhost:5000',
          pull: 'localhost:5000',
          inCluster: 'registry.kube-system.svc.cluster.local',
          insecure: true,
          source: 'minikube',
        },
      },
    });
  });

  it('with the addon but without the forward loads, and gives the line to type', async () => {
    const cluster = clusterOf('minikube', 'dev', [minikubeService]);
    const found = await find(cluster, { answers: answers(false) });
    expect(found.target).toEqual({ kind: 'load', product: 'minikube', cluster: 'dev' });
    expect(found.warning?.hint).toContain(
      'kubectl --context dev port-forward --namespace kube-system service/registry 5000:80',
    );
  });

  it.each([
    ['no Service', []],
    [
      "someone else's Service",
      [{ ...minikubeService, metadata: { name: 'registry', namespace: 'kube-system' } }],
    ],
  ])('with %s loads and names the addon, and probes no port', async (_name, objects) => {
    const never: NonNullable<DiscoveryOptions['answers']> = () => Promise.reject(new Error('probed'));
    const found = await find(clusterOf('minikube', 'dev', objects), { answers: never });
    expect(found.target).toEqual({ kind: 'load', product: 'minikube', cluster: 'dev' });
    expect(found.warning?.hint).toContain('minikube addons enable registry -p dev');
  });
});

describe('without a registry', () => {
  it.each([
    ['k3d', 'k3d-shop', 'registry: {push: "localhost:5001", insecure: true}'],
    ['microk8s', 'microk8s', 'registry: {push: "localhost:32000", insecure: true}'],
    ['named', 'team', 'registry: {push: "localhost:5001", insecure: true}'],
  ])('%s: the line to write', async (product, context, line) => {
    const outcome = await findImageTarget({ cluster: clusterOf(product, context), signal });
    expect(outcome).toMatchObject({
      kind: 'failed',
      error: {
        code: 'REGISTRY_NOT_FOUND',
        message: expect.stringContaining(context) as string,
        hint: expect.stringContaining(line) as string,
      },
    });
    // The line is what appdev.yaml takes.
    expect(parse(line)).toMatchObject({ registry: { insecure: true } });
  });

  it.each(['kind', 'minikube', 'k3d'])(
    'an API server that is away is that, not a missing registry: %s',
    async (product) => {
      const away = failed('CLUSTER_UNREACHABLE', 'away');
      const cluster = clusterOf(product, `${product}-shop`, [], { ConfigMap: away });
      expect(await findImageTarget({ cluster, signal })).toEqual(away);
    },
  );
});
