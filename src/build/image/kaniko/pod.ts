/**
 * The pod of one Kaniko build, as data: its spec, the executor's flags, and the Secret with what it is given. Pure.
 * test/stand-in-executor/flags.json lists what the executor understands, and a test checks this file against it.
 */
import { randomBytes } from 'node:crypto';
import { annotationsOf, type Holder } from '../../../cluster/hold/holder.ts';
import type { KubeObject } from '../../../cluster/types.ts';
import type { KanikoConfig } from '../../../config/model.ts';
import { buildLabel, serviceLabel } from '../../../core/labels.ts';

/** Name of the only container. */
export const executorContainer = 'executor';

/** Path of the Containerfile in the context that is sent. No user's context uses this name. */
export const containerfilePath = '.appdev-build/Containerfile';

/** What a pod needs to know about one build. */
export interface BuildPod {
  readonly namespace: string;
  readonly project: string;
  readonly service: string;
  readonly holder: Holder;
  readonly config: KanikoConfig;
  /** Reference to push to, by the name that pods use. */
  readonly destination: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly buildArgs: Readonly<Record<string, string>>;
  /** True if equal content must give equal layers. Costs time for every layer of the base. */
  readonly reproducible: boolean;
  /** Hosts to which pods may speak plain HTTP. */
  readonly insecureHosts: readonly string[];
  /** Hosts that images may be named by → the host by which pods reach the same registry. */
  readonly registryMaps: ReadonlyMap<string, string>;
  /** Repository for the layer cache, by the name that pods use. */
  readonly cacheRepository?: string;
  /** Name of a Secret of type kubernetes.io/dockerconfigjson. */
  readonly login?: string;
  /** A private authority for checking the registry's certificate, besides the usual ones. */
  readonly authority?: {
    /** Name of the Secret that holds it as `ca.crt`. */
    readonly secret: string;
    /** `host[:port]` of the registry, by the name that pods use. */
    readonly host: string;
  };
}

/** What the Secret of one build contains. At least one of the two. */
export interface BuildSecrets {
  /** Text of a docker config.json. */
  readonly login?: string;
  /** PEM text of a certificate authority. */
  readonly authority?: string;
}

/** Folder of the authority in the container. It is below the executor's own folder, which is part of no image. */
const authorityFolder = '/kaniko/authority';
const authorityKey = 'ca.crt';
/** The key that Kubernetes requires for the type kubernetes.io/dockerconfigjson. */
const loginKey = '.dockerconfigjson';

/** A name that no other build has. It is a DNS label. */
export function buildName(service: string): string {
  return `appdev-build-${service.slice(0, 36).replace(/(?<!-)-+$/, '')}-${randomBytes(5).toString('hex')}`;
}

/**
 * The executor's arguments. `--reproducible` makes the image depend only on its content. `--digest-file` is the file that Kubernetes shows as the container's termination message; the executor
 * writes it before it pushes. The executor's registry library itself tries server errors and broken connections three
 * times (go-containerregistry, remote/options.go). `--push-retry` would also repeat what is refused for good.
 */
export function executorArgs(build: BuildPod): string[] {
  const { config, cacheRepository, authority } = build;
  return [
    '--context=tar://stdin',
    `--dockerfile=${containerfilePath}`,
    `--destination=${build.destination}`,
    '--digest-file=/dev/termination-log',
    ...(build.reproducible ? ['--reproducible'] : []),
    '--log-format=text',
    '--push-retry=0',
    '--image-download-retry=2',
    ...pairs(build.labels).map((pair) => `--label=${pair}`),
    ...pairs(build.buildArgs).map((pair) => `--build-arg=${pair}`),
    ...build.insecureHosts.map((host) => `--insecure-registry=${host}`),
    // Besides the authorities in the executor's image: it adds this file's to them, for this host.
    ...(authority === undefined
      ? []
      : [`--registry-certificate=${authority.host}=${authorityFolder}/${authorityKey}`]),
    ...[...build.registryMaps].map(([from, to]) => `--registry-map=${from}=${to}`),
    ...config.mirrors.map((mirror) => `--registry-mirror=${mirror}`),
    ...(cacheRepository === undefined ? [] : ['--cache=true', `--cache-repo=${cacheRepository}`]),
  ];
}

/**
 * A feature of the executor that is off by default until its version 1.29: with `--reproducible`, layers of the base stay
 * the blobs that they are and are not pushed again with each image. A version that does not know it warns and goes on.
 */
const feature = 'FF_KANIKO_REPRODUCIBLE_PRESERVE_BASE_LAYERS';

/**
 * The pod. It runs as root in its container, because the executor unpacks the base image over its own root and sets the
 * owners of files. It is not privileged, and mounts no token and nothing of the node. That is Pod Security level
 * `baseline`.
 */
export function buildPod(name: string, build: BuildPod): KubeObject {
  const { config } = build;
  const mounted = mountedFiles(build);
  const { requests, limits } = config.resources;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...metadata(name, build),
      annotations: {
        ...annotationsOf(build.holder),
        'kubectl.kubernetes.io/default-container': executorContainer,
      },
    },
    spec: {
      restartPolicy: 'Never',
      // Whatever happens to the session, no build runs for ever.
      activeDeadlineSeconds: Math.max(1, Math.round(config.deadlineMs / 1000)),
      terminationGracePeriodSeconds: 1,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      ...(config.serviceAccount === undefined ? {} : { serviceAccountName: config.serviceAccount }),
      ...(Object.keys(config.nodeSelector).length === 0 ? {} : { nodeSelector: config.nodeSelector }),
      securityContext: { seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: executorContainer,
          image: config.image,
          imagePullPolicy: 'IfNotPresent',
          args: executorArgs(build),
          env: build.reproducible ? [{ name: feature, value: 'true' }] : [],
          stdin: true,
          stdinOnce: true,
          resources: { requests, limits },
          // If the executor wrote no digest, the end of its log is better than nothing.
          terminationMessagePolicy: 'FallbackToLogsOnError',
          securityContext: { runAsUser: 0, privileged: false, allowPrivilegeEscalation: false },
          volumeMounts: mounted.map(({ volume, folder }) => ({
            name: volume,
            mountPath: folder,
            readOnly: true,
          })),
        },
      ],
      volumes: mounted.map(({ volume, secret, key, file }) => ({
        name: volume,
        secret: { secretName: secret, items: [{ key, path: file }] },
      })),
    },
  };
}

interface MountedFile {
  readonly volume: string;
  readonly secret: string;
  readonly key: string;
  readonly folder: string;
  readonly file: string;
}

/** The files that the executor gets from Secrets. */
function mountedFiles({ login, authority }: BuildPod): readonly MountedFile[] {
  const files: MountedFile[] = [];
  if (login !== undefined) {
    const folder = '/kaniko/.docker';
    files.push({ volume: 'login', secret: login, key: loginKey, folder, file: 'config.json' });
  }
  if (authority !== undefined) {
    const { secret } = authority;
    files.push({
      volume: 'authority',
      secret,
      key: authorityKey,
      folder: authorityFolder,
      file: authorityKey,
    });
  }
  return files;
}

/** The Secret of one build. */
export function buildSecret(name: string, build: BuildPod, { login, authority }: BuildSecrets): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { ...metadata(name, build), annotations: annotationsOf(build.holder) },
    type: login === undefined ? 'Opaque' : 'kubernetes.io/dockerconfigjson',
    stringData: {
      ...(login === undefined ? {} : { [loginKey]: login }),
      ...(authority === undefined ? {} : { [authorityKey]: authority }),
    },
  };
}

/** The Secret, owned by the pod as the API server returned it. It is deleted with the pod, whoever deletes that. */
export function ownedBy(secret: KubeObject, pod: KubeObject): KubeObject {
  const owner = { apiVersion: 'v1', kind: 'Pod', name: pod.metadata.name, uid: pod.metadata.uid ?? '' };
  return { ...secret, metadata: { ...secret.metadata, ownerReferences: [owner] } };
}

function metadata(name: string, { namespace, project, service }: BuildPod): KubeObject['metadata'] {
  return {
    name,
    namespace,
    labels: {
      'app.kubernetes.io/managed-by': 'appdev',
      'app.kubernetes.io/component': 'image-build',
      [buildLabel]: project,
      [serviceLabel]: service,
    },
  };
}

function pairs(record: Readonly<Record<string, string>>): string[] {
  return Object.entries(record).map(([name, value]) => `${name}=${value}`);
}
