/**
 * The project as every other part sees it: profiles applied, variables and defaults filled in, every path absolute.
 * Outside of tests, only normalize.ts makes one, from data that schema.ts has validated.
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
  /** Absent: appdev looks for a registry in the cluster. */
  readonly registry?: RegistryConfig;
  /** Present if a service's builder is `kaniko`, or if the file has the section. */
  readonly kaniko?: KanikoConfig;
  /** How many images of each service to keep in Buildah's storage and in the local registry. Older ones are pruned. */
  readonly keepImages: number;
  /** Extra ignore patterns in .gitignore syntax, relative to `root`. */
  readonly ignore: readonly string[];
  /** Services in file order; names are unique. */
  readonly services: readonly ServiceConfig[];
  /**
   * Absolute paths of all files that make up the configuration: appdev.yaml and, outside of CI, appdev.local.yaml and
   * .env, even if they do not exist yet. A change to one of them reloads the configuration.
   */
  readonly files: readonly string[];
}

/** Where to deploy, and which contexts are allowed. */
export interface ClusterConfig {
  readonly context?: string;
  readonly allow: readonly string[];
  /** Absent: the context's own namespace, or `default`. */
  readonly namespace?: string;
  readonly createNamespace: boolean;
}

/** One registry and the names it has in different places, each `host[:port][/path]` without a scheme. */
export interface RegistryNames {
  /** The name that this machine pushes to. */
  readonly push: string;
  /** The name that the nodes pull from. */
  readonly pull: string;
  /** The name that a build pod in the cluster pushes to. */
  readonly inCluster?: string;
  /** True: a name from another registry keeps its slashes here. False: it becomes one path component. */
  readonly multiLevel?: boolean;
  /** The registry speaks plain HTTP. Only the configuration can say so. */
  readonly insecure: boolean;
  /** Present if `pull` is another registry, to which images are copied. `insecure`: that one speaks plain HTTP. */
  readonly copy?: { readonly insecure: boolean };
  /** Absolute path of a PEM file with a certificate authority to trust in addition to the usual ones. */
  readonly ca?: string;
}

/** The registry that appdev.yaml names. */
export interface RegistryConfig extends RegistryNames {
  /** Absent: appdev judges no scans. It still waits if the Harbor project itself blocks pulls until a scan is done. */
  readonly scan?: ScanConfig;
}

/** Which findings of a scan stop the deployment of an image. */
export interface ScanConfig {
  /** The mildest severity that counts. */
  readonly severity: 'low' | 'medium' | 'high' | 'critical';
  /** Count only findings that a newer version of the package fixes. */
  readonly fixableOnly: boolean;
  /** How long to wait for the scan, in milliseconds. */
  readonly deadlineMs: number;
}

/** How images are built for services with the builder `kaniko`. */
export interface KanikoConfig {
  /** Image of the executor. */
  readonly image: string;
  /** Absent: the cluster's namespace. */
  readonly namespace?: string;
  /** Absent: the namespace's default service account. */
  readonly serviceAccount?: string;
  readonly nodeSelector: Readonly<Record<string, string>>;
  /** Quantities by resource, as Kubernetes writes them. */
  readonly resources: {
    readonly requests: Readonly<Record<string, string>>;
    readonly limits: Readonly<Record<string, string>>;
  };
  /** Repository below the registry, without host. Absent: no cache. */
  readonly cache?: string;
  /** Registries that serve Docker Hub's images, by the names that pods use. */
  readonly mirrors: readonly string[];
  /** Hosts that pods may pull from over plain HTTP. */
  readonly insecureRegistries: readonly string[];
  /** Name of a Secret of type kubernetes.io/dockerconfigjson. Absent: appdev makes one for each build. */
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
  /** `auto`: the tool whose build file is in `path`. */
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
  /** Additional tags for people. Absent if the configuration has no template. */
  readonly tags?: TagsConfig;
}

/** The tags of one image, after its own `tags` and the project's are combined. */
export interface TagsConfig {
  /** A text that can contain `{gitCommit}`, `{dateTime}`, `{inputDigest}` and `{contentTag}`. */
  readonly template: string;
  readonly gitCommit: GitTagConfig;
  /** `timezone`: an IANA name. */
  readonly dateTime: { readonly format: string; readonly timezone: string };
}

/** What `{gitCommit}` stands for. */
export interface GitTagConfig {
  readonly variant: 'tag' | 'commit' | 'abbrevCommit' | 'tree' | 'abbrevTree' | 'branch';
  readonly prefix: string;
  /** True: never append `-dirty`. */
  readonly ignoreChanges: boolean;
}

/**
 * What an image is made from: a Containerfile of the user, the layers of Spring Boot's layered jar on a base image, or a
 * command. The command belongs to the builder `command`, and to no other.
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
  /** Absolute path of the build context. The command also runs in this folder. */
  readonly context: string;
  /** Absolute path. */
  readonly containerfile?: string;
  /** Absolute patterns of the files that go into the image. Absent: found from the Containerfile or the context. */
  readonly dependencies?: readonly string[];
}

/** How a service reaches the cluster; exactly one of Helm, Kustomize and plain manifests. */
export type DeployConfig = (HelmConfig | KustomizeConfig | ManifestsConfig) & {
  /** Overrides the project's namespace for this service. */
  readonly namespace?: string;
  /** How long a rollout may take before it counts as failed, in milliseconds. */
  readonly deadlineMs: number;
  /** Kinds of objects that name images, besides the ones that appdev knows. */
  readonly imageKinds?: readonly ImageKindConfig[];
  /** Container restarts that the newest ReplicaSet may have before the rollout counts as failed. */
  readonly restartsAllowed: number;
};

/** A kind of objects that name images. */
export interface ImageKindConfig {
  readonly kind: string;
  /** API group; empty for the core group. */
  readonly group: string;
  /** Dotted paths with `[]` for every item of a list. Empty: every key `image`. */
  readonly fields: readonly string[];
}

export interface HelmConfig {
  readonly kind: 'helm';
  /** Absolute path of the chart's folder or .tgz, or a reference that Helm fetches (`oci://…`). */
  readonly chart: string;
  /** Name of the release. If the file sets none, it is the service's name. */
  readonly release: string;
  /** Absolute paths of values files. A later file overrides an earlier one. */
  readonly values: readonly string[];
  /** Single values by dotted path. They override the values files. */
  readonly set: Readonly<Record<string, string | number | boolean>>;
  /** Values paths that receive the image. Absent: what the chart's values show. */
  readonly imageValues?: ImageValues;
  /** More places that receive it. */
  readonly moreImageValues?: readonly ImageValues[];
  /** Values paths that receive the images of other services. The key is the other service. */
  readonly otherImageValues?: Readonly<Record<string, ImageValues>>;
}

/**
 * The paths in a chart's values that receive an image. What has no path is not passed by itself: without `registry`, the
 * repository includes it; without `digest` and `sha`, the tag includes the digest. If the repository and the tag have
 * the same path, that path gets the whole reference.
 */
export interface ImageValues {
  readonly repository?: string;
  readonly tag?: string;
  readonly registry?: string;
  /** Receives `sha256:…`. */
  readonly digest?: string;
  /** Receives the hex digits of the digest. */
  readonly sha?: string;
  /** Receives the whole reference. */
  readonly reference?: string;
  /** True: no path receives the digest. */
  readonly tagOnly?: boolean;
}

export interface KustomizeConfig {
  readonly kind: 'kustomize';
  /** Absolute folder of the overlay. */
  readonly path: string;
  /** Which files Kustomize may read, in its own words: only those below each kustomization, or any. */
  readonly loadRestrictor: 'LoadRestrictionsRootOnly' | 'LoadRestrictionsNone';
}

export interface ManifestsConfig {
  readonly kind: 'manifests';
  /** Absolute patterns of YAML files. The part that is the project's `root` is literal; only the rest is a pattern. */
  readonly files: readonly string[];
}

export interface DevConfig {
  /** `manual`: a change is not built until the user presses r. */
  readonly trigger: 'auto' | 'manual';
  readonly forward: readonly PortForwardConfig[];
}

/** A port on this machine that is forwarded to a port of the container. */
export interface PortForwardConfig {
  readonly localPort: number;
  readonly remotePort: number;
}
