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

/** The registry by its names; see design "two names for one registry". */
export interface RegistryConfig {
  /** Host[:port][/path] that this machine pushes to. */
  readonly push: string;
  /** Host[:port][/path] that the node pulls from. */
  readonly pull: string;
  /** Host[:port][/path] that a pod in the cluster pushes to. */
  readonly inCluster?: string;
  /** Plain HTTP, only where it is written down. */
  readonly insecure: boolean;
  /** Absolute path of a PEM file with the certificate authority to trust beside the usual ones. */
  readonly ca?: string;
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

/** One deployable app. A service without `jar` and `image` is a chart-only dependency. */
export interface ServiceConfig {
  readonly name: string;
  /** Absolute folder that holds the service's pom.xml (or its reactor module's). */
  readonly path: string;
  readonly jar?: JarConfig;
  readonly image?: ImageConfig;
  readonly deploy: DeployConfig;
  readonly dev: DevConfig;
  /** Names of services that are deployed and ready first. */
  readonly needs: readonly string[];
}

export interface JarConfig {
  /** `auto` looks for a pom.xml; `maven` insists on one. */
  readonly tool: 'auto' | 'maven';
  /** Module of a multi-module build, as Maven's `-pl` takes it: a folder relative to `path`, or `:artifactId`. */
  readonly module?: string;
  /** Extra arguments of the build tool. */
  readonly args: readonly string[];
  /** `auto`: run the unit tests in `build` and `run`, not in `dev`. */
  readonly tests: 'auto' | 'run' | 'skip';
}

export interface ImageConfig {
  /** Repository below the registry, without host and tag. */
  readonly repository: string;
  readonly builder: 'buildah';
  readonly source: ImageSource;
}

/** Either a Containerfile of the user's, or the layers of Spring Boot's layered jar on a base image. */
export type ImageSource =
  | {
      readonly kind: 'containerfile';
      /** Absolute path. */
      readonly containerfile: string;
      /** Absolute path of the build context. */
      readonly context: string;
      readonly buildArgs: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'layers'; readonly base: string };

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
  readonly imageValues: { readonly repository: string; readonly tag: string };
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
