/** The pod and the flags, held against what the executor documents. */
import { describe, expect, it } from 'vitest';
import { documented } from '../../../../test/support/stand-in-executor.ts';
import { defaultKaniko } from '../../../config/normalize.ts';
import { buildName, buildPod, buildSecret, executorArgs, ownedBy, type BuildPod } from './pod.ts';

const smallest: BuildPod = {
  namespace: 'shop',
  project: 'shop',
  service: 'orders',
  holder: { identity: 'dev@desk 12/345', place: 'boot pid' },
  config: defaultKaniko,
  destination: '198.18.0.1:5001/orders:abc',
  labels: {},
  buildArgs: {},
  reproducible: false,
  insecureHosts: [],
  registryMaps: new Map(),
};

const fullest: BuildPod = {
  ...smallest,
  config: {
    image: 'registry.example.com/kaniko:v1.28.5',
    namespace: 'builds',
    serviceAccount: 'builder',
    nodeSelector: { 'kubernetes.io/arch': 'amd64' },
    resources: { requests: { cpu: '500m' }, limits: { memory: '2Gi' } },
    cache: 'shop/cache',
    mirrors: ['mirror.example.com'],
    insecureRegistries: ['mirror.example.com:5000'],
    credentials: 'registry-login',
    deadlineMs: 600_000,
  },
  labels: { 'dev.appdev.service': 'orders' },
  buildArgs: { BASE: 'a=b c' },
  reproducible: true,
  insecureHosts: ['198.18.0.1:5001', 'mirror.example.com:5000'],
  registryMaps: new Map([['localhost:5001', '198.18.0.1:5001']]),
  cacheRepository: '198.18.0.1:5001/shop/cache',
  login: 'registry-login',
  authority: { secret: 'appdev-build-orders-1', host: '198.18.0.1:5001' },
};

const kinds = new Map(documented.flags.map(({ name, kind }) => [name, kind]));

describe('the flags', () => {
  it.each([
    ['the smallest build', smallest],
    ['a build with everything', fullest],
  ])('of %s are documented, of their kind, and given once unless they are lists', (_, build) => {
    const seen = new Set<string>();
    for (const arg of executorArgs(build)) {
      const [, name = '', value] = /^--([a-z-]+)(?:=([\s\S]*))?$/.exec(arg) ?? [];
      const kind = kinds.get(name);
      expect(kind, `${arg} is not a flag of the executor`).toBeDefined();
      if (kind === 'bool') expect([undefined, 'true', 'false']).toContain(value);
      else if (kind === 'int') expect(value).toMatch(/^\d+$/);
      else expect(value).toMatch(/./);
      if (kind !== 'list') expect(seen.has(name), `${name} is given twice`).toBe(false);
      seen.add(name);
    }
  });

  it('are those of the release that is used by default', () => {
    expect(defaultKaniko.image).toMatch(/:v\d+\.\d+\.\d+$/);
    expect(defaultKaniko.image.split(':').at(-1)).toBe(documented.release);
  });

  it('are these', () => {
    expect(executorArgs(fullest)).toEqual([
      '--context=tar://stdin',
      '--dockerfile=.appdev-build/Containerfile',
      '--destination=198.18.0.1:5001/orders:abc',
      '--digest-file=/dev/termination-log',
      '--reproducible',
      '--log-format=text',
      '--push-retry=0',
      '--image-download-retry=2',
      '--label=dev.appdev.service=orders',
      '--build-arg=BASE=a=b c',
      '--insecure-registry=198.18.0.1:5001',
      '--insecure-registry=mirror.example.com:5000',
      '--registry-certificate=198.18.0.1:5001=/kaniko/authority/ca.crt',
      '--registry-map=localhost:5001=198.18.0.1:5001',
      '--registry-mirror=mirror.example.com',
      '--cache=true',
      '--cache-repo=198.18.0.1:5001/shop/cache',
    ]);
  });

  it('ask for reproducible layers only where they cost something and are needed', () => {
    expect(executorArgs(smallest)).not.toContain('--reproducible');
    expect(executorArgs({ ...smallest, reproducible: true })).toContain('--reproducible');
  });

  it('never ask for a build outside of a container, nor for unchecked certificates', () => {
    for (const build of [smallest, fullest]) {
      expect(
        executorArgs(build).filter((arg) => /^--(force|skip-tls-verify|insecure(-pull)?$)/.test(arg)),
      ).toEqual([]);
    }
  });
});

describe('the pod', () => {
  it('of the smallest build is what Pod Security calls baseline, and reads its context from stdin', () => {
    expect(buildPod('appdev-build-orders-1', smallest)).toEqual({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: 'appdev-build-orders-1',
        namespace: 'shop',
        labels: {
          'app.kubernetes.io/managed-by': 'appdev',
          'app.kubernetes.io/component': 'image-build',
          'dev.appdev/build': 'shop',
          'dev.appdev/service': 'orders',
        },
        annotations: {
          'dev.appdev/holder-process': 'dev@desk 12/345',
          'dev.appdev/holder-place': 'boot pid',
          'kubectl.kubernetes.io/default-container': 'executor',
        },
      },
      spec: {
        restartPolicy: 'Never',
        activeDeadlineSeconds: 1800,
        terminationGracePeriodSeconds: 1,
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        securityContext: { seccompProfile: { type: 'RuntimeDefault' } },
        containers: [
          {
            name: 'executor',
            image: 'ghcr.io/osscontainertools/kaniko:v1.28.5',
            imagePullPolicy: 'IfNotPresent',
            args: executorArgs(smallest),
            env: [],
            stdin: true,
            stdinOnce: true,
            resources: { requests: {}, limits: {} },
            terminationMessagePolicy: 'FallbackToLogsOnError',
            securityContext: { runAsUser: 0, privileged: false, allowPrivilegeEscalation: false },
            volumeMounts: [],
          },
        ],
        volumes: [],
      },
    });
  });

  it('sets only variables that the executor knows, because it warns of every other one at each build', () => {
    const spec = buildPod('name', fullest)['spec'] as { containers: { env: { name: string }[] }[] };
    const names = spec.containers.flatMap(({ env }) => env.map(({ name }) => name));
    expect(names).toEqual(['FF_KANIKO_REPRODUCIBLE_PRESERVE_BASE_LAYERS']);
    expect(documented.variables).toEqual(expect.arrayContaining(names));
  });

  it('has the account, the nodes, the resources, the login and the authority that the configuration names', () => {
    expect(buildPod('name', fullest)['spec']).toMatchObject({
      activeDeadlineSeconds: 600,
      serviceAccountName: 'builder',
      nodeSelector: { 'kubernetes.io/arch': 'amd64' },
      containers: [
        {
          image: 'registry.example.com/kaniko:v1.28.5',
          resources: { requests: { cpu: '500m' }, limits: { memory: '2Gi' } },
          volumeMounts: [
            { name: 'login', mountPath: '/kaniko/.docker', readOnly: true },
            { name: 'authority', mountPath: '/kaniko/authority', readOnly: true },
          ],
        },
      ],
      volumes: [
        {
          name: 'login',
          secret: {
            secretName: 'registry-login',
            items: [{ key: '.dockerconfigjson', path: 'config.json' }],
          },
        },
        {
          name: 'authority',
          secret: { secretName: 'appdev-build-orders-1', items: [{ key: 'ca.crt', path: 'ca.crt' }] },
        },
      ],
    });
  });

  it('has a name of its own that Kubernetes takes, however long the service is called', () => {
    const names = [
      buildName('orders'),
      buildName('orders'),
      buildName('a'.repeat(35) + '-' + 'b'.repeat(27)),
    ];
    expect(new Set(names).size).toBe(3);
    for (const name of names) {
      expect(name).toMatch(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/);
      expect(name.length).toBeLessThanOrEqual(63);
      expect(name).not.toContain('--');
    }
  });
});

it('keeps the login and the authority in a Secret that goes with the pod', () => {
  const secret = buildSecret('name', smallest, { login: '{"auths":{}}', authority: 'PEM' });
  expect(secret).toMatchObject({
    kind: 'Secret',
    type: 'kubernetes.io/dockerconfigjson',
    stringData: { '.dockerconfigjson': '{"auths":{}}', 'ca.crt': 'PEM' },
  });
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'name', namespace: 'shop', uid: 'u-1' } };
  const owned = ownedBy(secret, pod);
  expect(owned.metadata.ownerReferences).toEqual([
    { apiVersion: 'v1', kind: 'Pod', name: 'name', uid: 'u-1' },
  ]);
  expect(owned).toMatchObject({ type: secret['type'], stringData: secret['stringData'] as object });
});

it('keeps the authority alone in a Secret without a type, because a typed one must have a login', () => {
  const secret = buildSecret('name', smallest, { authority: 'PEM' });
  expect(secret).toMatchObject({ type: 'Opaque' });
  expect(secret['stringData']).toEqual({ 'ca.crt': 'PEM' });
});
