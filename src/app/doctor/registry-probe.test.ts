import { describe, expect, it } from 'vitest';
import { holderAnnotation, placeAnnotation, probeLabel } from '../../core/labels.ts';
import { holderOfProcess } from '../../cluster/hold/holder.ts';
import type { KubeObject, ObjectRef } from '../../cluster/types.ts';
import { ok } from '../../core/outcome.ts';
import { probeRegistry, type RegistryProof } from './registry-probe.ts';

const signal = new AbortController().signal;
const digest = `sha256:${'a'.repeat(64)}`;

interface FakeProof extends RegistryProof {
  /** What was written, in order. */
  readonly writes: string[];
  readonly pods: KubeObject[];
}

/** A stand-in for cluster and registry: pods are pulled at once. */
function fakeProof(
  product: string,
  {
    namespaceExists = true,
    left = [],
    kept = [],
  }: { namespaceExists?: boolean; left?: readonly KubeObject[]; kept?: readonly string[] } = {},
): FakeProof {
  const writes: string[] = [];
  const pods: KubeObject[] = [...left];
  const registry = {
    push: 'localhost:5001',
    pull: 'localhost:5001',
    insecure: true,
    source: 'kind',
  } as const;
  return {
    writes,
    pods,
    project: 'shop',
    cluster: {
      identity: {
        context: 'team',
        server: 'https://192.0.2.1',
        product,
        namespace: 'shop',
        kubeconfig: '/k',
      },
      get: ({ apiVersion, kind, name }) =>
        Promise.resolve(ok(namespaceExists ? { apiVersion, kind, metadata: { name } } : undefined)),
      list: () => Promise.resolve(ok([...left])),
      create: (object) => {
        writes.push(`create ${object.metadata.namespace ?? ''}`);
        pods.push(object);
        return Promise.resolve(ok(object));
      },
      follow: (_query, { onSnapshot }) => {
        const pod = pods.at(-1);
        const status = { containerStatuses: [{ state: { waiting: { reason: 'RunContainerError' } } }] };
        if (pod !== undefined) onSnapshot([{ ...pod, status }]);
      },
      remove: ({ name }: ObjectRef) => {
        const index = pods.findIndex(({ metadata }) => metadata.name === name);
        if (index >= 0) pods.splice(index, 1);
        writes.push('remove pod');
        return Promise.resolve(ok('deleted'));
      },
    },
    work: {
      images: { kind: 'registry', registry },
      removeImage: () => {
        writes.push('remove image');
        return Promise.resolve(kept);
      },
      parts: {
        target: 'localhost:5001',
        imageBuilder: {
          build: ({ service, inputHash }) => {
            writes.push('push');
            const repository = 'localhost:5001/appdev-doctor';
            const names = { repository, pullRepository: repository, tag: 'abc' };
            return Promise.resolve(ok({ service: service.name, ...names, inputHash, digest }));
          },
        },
      },
    },
  };
}

describe("doctor's proof of the registry", () => {
  it('writes nothing if the context is only the current one', async () => {
    const fake = fakeProof('unknown');
    expect(await probeRegistry(fake, signal)).toEqual([
      {
        name: 'registry push',
        state: 'warning',
        detail:
          'not tried: team is only the current context, and doctor writes nothing to a cluster that you did not name',
        hint: 'name it with --kube-context team, or add it to cluster.allow in appdev.yaml',
      },
    ]);
    expect(fake.writes).toEqual([]);
  });

  it('pushes, but starts no pod, if only its name vouches for the cluster', async () => {
    const fake = fakeProof('named');
    expect(await probeRegistry(fake, signal)).toMatchObject([
      { name: 'registry push', state: 'ok' },
      { name: 'registry pull', state: 'warning', hint: expect.stringContaining('appdev run') as string },
    ]);
    expect(fake.writes).toEqual(['push', 'remove image']);
  });

  it('leaves neither pod nor image on a local cluster', async () => {
    const fake = fakeProof('kind');
    expect(await probeRegistry(fake, signal)).toEqual([
      { name: 'registry push', state: 'ok', detail: 'localhost:5001 accepted localhost:5001/appdev-doctor' },
      {
        name: 'registry pull',
        state: 'ok',
        detail: 'the node pulled localhost:5001/appdev-doctor:abc',
      },
    ]);
    expect(fake.writes).toEqual(['push', 'create shop', 'remove pod', 'remove image']);
    expect(fake.pods).toEqual([]);
  });

  it('says where an image stays', async () => {
    const [push] = await probeRegistry(
      fakeProof('kind', { kept: ['localhost:5001, which does not delete'] }),
      signal,
    );
    expect(push?.detail).toMatch(
      /; the test image, one small file, stays in localhost:5001, which does not delete$/,
    );
  });

  it("uses no other namespace than the project's", async () => {
    const fake = fakeProof('kind', { namespaceExists: false });
    expect(await probeRegistry(fake, signal)).toMatchObject([
      { name: 'registry push', state: 'ok' },
      {
        name: 'registry pull',
        state: 'warning',
        detail: expect.stringContaining('the namespace shop does not exist') as string,
      },
    ]);
    expect(fake.writes).toEqual(['push', 'remove image']);
  });

  it('removes the pod of a killed doctor, and none of one that runs', async () => {
    const { identity, place } = holderOfProcess();
    const pod = (name: string, holder: string): KubeObject => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name,
        namespace: 'shop',
        labels: { [probeLabel]: 'shop' },
        annotations: { [holderAnnotation]: holder, [placeAnnotation]: place },
        creationTimestamp: new Date().toISOString(),
      },
    });
    const dead = identity.replace(/ \d+\/\d+$/, ` ${process.pid}/1`);
    const fake = fakeProof('kind', { left: [pod('dead', dead), pod('alive', identity)] });
    await probeRegistry(fake, signal);
    expect(fake.pods.map(({ metadata }) => metadata.name)).toEqual(['alive']);
  });
});
