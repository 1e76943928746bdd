/**
 * The project as every other part sees it: profiles applied, variables substituted, defaults filled in, every path
 * absolute. Made by normalize.ts from what schema.ts validated; nothing else builds one outside tests.
 */

/** One project: a validated appdev.yaml with its active profiles applied. */
export interface ProjectConfig {
  /** Absolute path of the appdev.yaml. */
  readonly file: string;
  /** Absolute path of the folder that holds it. */
  readonly root: string;
  readonly name: string;
  /** Active profiles, in the order in which they were applied. */
  readonly profiles: readonly string[];
  readonly cluster: ClusterConfig;
  /** Absent: find one by discovery. */
  readonly registry?: RegistryConfig;
  /** There when a service's builder is `kaniko`, or the section is. */
  readonly kaniko?: KanikoConfig;
  /** How many images a service to keep in Buildah's storage and in the local registry; older ones are pruned. */
  readonly keepImages: number;
  /** Extra ignore patterns in .gitignore syntax, relative to `root`. */
  readonly ignore: readonly string[];
  /** Services in file order; names are unique. */
  readonly services: readonly ServiceConfig[];
  /**
   * Every file that takes part (appdev.yaml, and outside of CI appdev.local.yaml and .env, whether they exist yet or
   * not), absolute: a change of one is a config reload.
   */
  readonly files: readonly string[];
}

/** Where to deploy, and where that is allowed. */
export interface ClusterConfig {
  readonly context?: string;
  readonly allow: readonly string[];
  /** Absent: the context's own namespace, or `default`. */
  readonly namespace?: string;
  readonly createNamespace: boolean;
}

/** One registry, and its names: `host[:port][/path]`, without a scheme. */
export interface RegistryNames {
  /** Name that this machine pushes to. */
  readonly push: string;
  /** Name that the node pulls from. */
  readonly pull: string;
  /** Name that a pod in the cluster pushes to. */
  readonly inCluster?: string;
  /** Keeps names of other registries as folders instead of as one part. */
  readonly multiLevel?: boolean;
  /** Plain HTTP, only where it is written down. */
  readonly insecure: boolean;
  /** `pull` is another registry: images are copied there. `insecure`: it speaks plain HTTP. */
  readonly copy?: { readonly insecure: boolean };
  /** Absolute path of a PEM file with the certificate authority to trust beside the usual ones. */
  readonly ca?: string;
}

/** The registry that appdev.yaml names. */
export interface RegistryConfig extends RegistryNames {
  /** Absent: no gate of ours; one that Harbor's project sets is still waited for. */
  readonly scan?: ScanConfig;
}

/** When the scan of a pushed image stops the deploy. */
export interface ScanConfig {
  /** The mildest severity that counts. */
  readonly severity: 'low' | 'medium' | 'high' | 'critical';
  /** Count only what a newer version of the package mends. */
  readonly fixableOnly: boolean;
  /** How long to wait for the scan, in milliseconds. */
  readonly deadlineMs: number;
}

/** How services with the builder `kaniko` are built. */
export interface KanikoConfig {
  /** Image of the executor. */
  readonly image: string;
  /** Absent: the cluster's namespace. */
  readonly namespace?: string;
  /** Absent: the namespace's default one. */
  readonly serviceAccount?: string;
  readonly nodeSelector: Readonly<Record<string, string>>;
  /** Quantities by resource, as Kubernetes writes them. */
  readonly resources: {
    readonly requests: Readonly<Record<string, string>>;
    readonly limits: Readonly<Record<string, string>>;
  };
  /** Repository below the registry, without host. Absent: no cache. */
  readonly cache?: string;
  /** Registries to ask for Docker Hub's images, by the names that pods know. */
  readonly mirrors: readonly string[];
  /** Hosts that pods may pull from by plain HTTP. */
  readonly insecureRegistries: readonly string[];
  /** Name of a Secret of type kubernetes.io/dockerconfigjson. Absent: made for each build. */
  readonly credentials?: string;
  /** How long a build pod may run, in milliseconds. */
  readonly deadlineMs: number;
}

/** One deployable app. A service without `jar` and `image` is a chart-only dependency. */
export interface ServiceConfig {
  readonly name: string;
  /** Absolute folder that holds the service's build file: pom.xml, build.gradle or settings.gradle. */
  readonly path: string;
  readonly jar?: JarConfig;
  readonly image?: ImageConfig;
  readonly deploy: DeployConfig;
  readonly dev: DevConfig;
  /** Names of services that are deployed and ready first. */
  readonly needs: readonly string[];
}

export interface JarConfig {
  /** `auto` takes the one whose build file is in `path`. */
  readonly tool: 'auto' | 'maven' | 'gradle';
  /** Module of a multi-module build: a folder relative to `path`, Maven's `:artifactId`, or Gradle's `:a:b`. */
  readonly module?: string;
  /** Extra arguments of the build tool. */
  readonly args: readonly string[];
  /** `auto`: run the unit tests in `build` and `run`, not in `dev`. */
  readonly tests: 'auto' | 'run' | 'skip';
}

export interface ImageConfig {
  /** Repository below the registry, without host and tag. */
  readonly repository: string;
  readonly builder: 'buildah' | 'kaniko' | 'command';
  readonly source: ImageSource;
  /** Further tags for people; absent where the config has no template. */
  readonly tags?: TagsConfig;
}

/** What `tags` of the project and of the image come to. */
export interface TagsConfig {
  /** Text with `{gitCommit}`, `{dateTime}`, `{inputDigest}` and `{contentTag}` in it. */
  readonly template: string;
  readonly gitCommit: GitTagConfig;
  /** `timezone`: an IANA name. */
  readonly dateTime: { readonly format: string; readonly timezone: string };
}

/** What `{gitCommit}` stands for. */
export interface GitTagConfig {
  readonly variant: 'tag' | 'commit' | 'abbrevCommit' | 'tree' | 'abbrevTree' | 'branch';
  readonly prefix: string;
  /** No `-dirty`. */
  readonly ignoreChanges: boolean;
}

/**
 * A Containerfile of the user's, the layers of Spring Boot's layered jar on a base image, or whatever a command makes
 * (with the builder `command`, and with no other).
 */
export type ImageSource =
  | {
      readonly kind: 'containerfile';
      /** Absolute path. */
      readonly containerfile: string;
      /** Absolute path of the build context. */
      readonly context: string;
      readonly buildArgs: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'layers'; readonly base: string }
  | CommandSource;

/** A program of the user's that builds and pushes the image. */
export interface CommandSource {
  readonly kind: 'command';
  /** Program and arguments, at least one word. */
  readonly run: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Absolute path of the build context, which is the working directory too. */
  readonly context: string;
  /** Absolute path. */
  readonly containerfile?: string;
  /** Patterns of files that decide the image, absolute. Absent: what the Containerfile or the context say. */
  readonly dependencies?: readonly string[];
}

/** How a service reaches the cluster; exactly one of Helm, Kustomize and plain manifests. */
export type DeployConfig = (HelmConfig | KustomizeConfig | ManifestsConfig) & {
  /** Overrides the project's namespace for this service. */
  readonly namespace?: string;
  /** How long a rollout may take before it counts as failed, in milliseconds. */
  readonly deadlineMs: number;
  /** Container restarts that the newest ReplicaSet may have before the rollout counts as failed. */
  readonly restartsAllowed: number;
};

export interface HelmConfig {
  readonly kind: 'helm';
  /** Absolute path of the chart's folder or .tgz, or a reference that Helm fetches by itself (`oci://…`). */
  readonly chart: string;
  /** Release name; default: the service's name. */
  readonly release: string;
  /** Absolute paths of values files, later ones win. */
  readonly values: readonly string[];
  /** Single values on top, by dotted path. */
  readonly set: Readonly<Record<string, string | number | boolean>>;
  /** Values paths that receive the image. */
  readonly imageValues: ImageValues;
  /** Values paths that receive images of other services, by service. */
  readonly otherImageValues?: Readonly<Record<string, ImageValues>>;
}

/** Where in a chart's values an image belongs; the same path twice receives the whole reference. */
export interface ImageValues {
  readonly repository: string;
  readonly tag: string;
}

export interface KustomizeConfig {
  readonly kind: 'kustomize';
  /** Absolute folder of the overlay. */
  readonly path: string;
}

export interface ManifestsConfig {
  readonly kind: 'manifests';
  /** Patterns of YAML files, absolute: the part that is the project's `root` is literal, only the rest is a pattern. */
  readonly files: readonly string[];
}

export interface DevConfig {
  /** `manual`: a change waits for the key r. */
  readonly trigger: 'auto' | 'manual';
  readonly forward: readonly PortForwardConfig[];
}

/** `localPort:remotePort`; the remote port is the container's. */
export interface PortForwardConfig {
  readonly localPort: number;
  readonly remotePort: number;
}
