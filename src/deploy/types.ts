/**
 * What brings services into a cluster, as three small interfaces. A renderer makes manifests, a way applies and
 * removes them, an observer tells what runs. deployer/deployer.ts puts the implementations together.
 */
import type { WorkContext } from '../build/types.ts';
import type { KubeObject } from '../cluster/types.ts';
import type { ImageValues, ServiceConfig } from '../config/model.ts';
import type { Artifact, PodSummary } from '../core/events.ts';
import type { Outcome } from '../core/outcome.ts';
import type { Belonging, Lifetime, Maker } from './objects/lifetime.ts';

/** Programs that rendering and deploying run, by name on the PATH or by path. */
export interface DeployTools {
  readonly helm: string;
  readonly kustomize: string;
  /** Used instead of Kustomize if that is missing. */
  readonly kubectl: string;
}

/** The programs by their usual names. */
export const defaultTools: DeployTools = { helm: 'helm', kustomize: 'kustomize', kubectl: 'kubectl' };

/** What a command wants of its deploys, besides what is rendered. */
export interface DeployTerms {
  /** Whether volume claims may be removed, with their data. */
  readonly deleteVolumes: boolean;
  /** The command line that allows this, for hints: `appdev run orders --delete-volumes`. */
  readonly allowVolumes: string;
  /** How long the deployed services are meant to stay. */
  readonly lifetime: Lifetime;
  readonly maker: Maker;
}

/** The image of another service of the project, which manifests may name as well. */
export interface OtherImage {
  readonly service: string;
  /** The repository as appdev.yaml writes it. */
  readonly repository: string;
  /** Absent as long as nobody knows what was built. */
  readonly artifact?: Artifact;
}

/** The final manifests of one service: images by digest, namespace and ownership labels set. */
export interface Rendered {
  readonly service: string;
  readonly namespace: string;
  readonly objects: readonly KubeObject[];
  /** The same as a YAML stream, for `appdev render`. */
  readonly yaml: string;
  /**
   * If it is equal, there is nothing to apply. It is over the objects, and for a chart over everything that the chart
   * is rendered from.
   */
  readonly hash: string;
  /** The objects are those of a Helm release as its record lists them, with its hooks. Nothing was made up again. */
  readonly recorded?: boolean;
  /** The image that went into it. Absent if nothing was built. */
  readonly artifact?: Artifact;
  /** Images of other services that went into it. */
  readonly uses?: readonly Artifact[];
  /** Services whose image it names by the tag alone, because the chart can hold no digest. */
  readonly byTag?: readonly string[];
  /** The values paths that received the image of the service, if the chart's values decided that. */
  readonly imageValues?: ImageValues;
  /** Services whose image it names, although no artifact of them was given. Those names stay as they were written. */
  readonly lacks?: readonly string[];
  /**
   * The file that it was read from (`--rendered`). It is applied as it is, server-side, even if the service has a
   * chart.
   */
  readonly file?: string;
}

/** One object that a deploy would change. */
export interface ObjectChange {
  /** `Kind/name`. */
  readonly object: string;
  /** Absent for a cluster-scoped object. */
  readonly namespace?: string;
  readonly change: 'create' | 'change' | 'replace' | 'delete';
  /** YAML without what the server adds, and without values of Secrets. Empty if there is no object. */
  readonly before: string;
  readonly after: string;
}

/** What a deploy would do. */
export interface Preview {
  readonly changes: readonly ObjectChange[];
  /** What would happen besides that: `release orders would become revision 8`. */
  readonly notes: readonly string[];
}

/**
 * Turns a service's chart, overlay or manifests into objects. Contacts a cluster only if it was made for one, and writes
 * nothing there. The stage reported is `render`.
 */
export interface Renderer {
  /**
   * Renders one service. `others` are the images of the project's other services. It is empty if the service is
   * looked at alone.
   */
  render(
    service: ServiceConfig,
    artifact: Artifact | undefined,
    context: WorkContext,
    others?: readonly OtherImage[],
  ): Promise<Outcome<Rendered>>;
}

/** What an apply did. */
export interface Applied {
  /** False when the cluster already had exactly this. */
  readonly changed: boolean;
  /** One phrase for the screen: `revision 7`, `2 objects changed, 1 pruned`, `unchanged`. */
  readonly detail: string;
  /** What the cluster was told if that need not be what was rendered: the objects of a release, with its hooks. */
  readonly recorded?: readonly KubeObject[];
}

/** Options of `remove`. */
export interface RemoveOptions {
  readonly deleteVolumes: boolean;
}

/** What a removal did. */
export interface Removed {
  readonly removed: number;
  /** Objects that were left on purpose, `Kind/name` each: volume claims, objects of others. */
  readonly kept: readonly string[];
}

/** What is deployed of a service, as the cluster has it. */
export interface Deployed {
  /**
   * The objects as they were applied last, with their namespaces, and the hooks of a release that have run. Empty if
   * it is not deployed.
   */
  readonly objects: readonly KubeObject[];
  /** False if appdev has not deployed it here, or has removed it. */
  readonly deployed: boolean;
  /** One phrase: `revision 7`, `4 objects`, `not deployed`, `installed by someone else`. */
  readonly detail: string;
}

/** A way into the cluster and out again: as a Helm release, or by server-side apply. */
export interface Way {
  /**
   * Applies what was rendered. The stage reported is `apply`. Neither a newer save nor the end of the session cuts it
   * short.
   */
  apply(service: ServiceConfig, rendered: Rendered, context: WorkContext): Promise<Outcome<Applied>>;
  /**
   * Removes what only the version before needed, as `Kind/name`. Call it when the applied version serves: on a failed
   * rollout the version before must be able to go on.
   */
  settle(
    service: ServiceConfig,
    rendered: Rendered,
    context: WorkContext,
  ): Promise<Outcome<readonly string[]>>;
  /** What `apply` would change, by dry runs. Writes nothing. Fails as `apply` would. */
  preview(service: ServiceConfig, rendered: Rendered, signal: AbortSignal): Promise<Outcome<Preview>>;
  remove(service: ServiceConfig, options: RemoveOptions, context: WorkContext): Promise<Outcome<Removed>>;
  /** What is deployed now. */
  deployed(service: ServiceConfig, signal: AbortSignal): Promise<Outcome<Deployed>>;
  /**
   * Whether what is deployed is there to stay, and if not, whether this user's session brought it. Undefined if this
   * project has deployed nothing of the service.
   */
  lifetime(service: ServiceConfig, signal: AbortSignal): Promise<Outcome<Belonging | undefined>>;
}

/** What one workload of a service does now. */
export interface WorkloadStatus {
  /** `Kind/name`. */
  readonly name: string;
  /** Where it is: a manifest may name another namespace than the service's. */
  readonly namespace?: string;
  readonly ready: boolean;
  /** Why it is not ready, as a clause; empty when it is. */
  readonly reason: string;
  readonly pods: PodSummary;
  /** Images of the newest pods, each once. */
  readonly images: readonly string[];
}

/** What is deployed of a service, read from the cluster alone. Nothing is rendered for it. */
export interface ServiceStatus {
  readonly service: string;
  readonly namespace: string;
  /** As in `Deployed`. */
  readonly deployed: boolean;
  readonly detail: string;
  readonly workloads: readonly WorkloadStatus[];
  /** All workloads together. */
  readonly pods: PodSummary;
}

/** Tells what the pods of a service do. Changes nothing. */
export interface Observer {
  /**
   * Watches the rollout of every workload in `rendered`. Ends early, with a cause, if it cannot succeed. The stage
   * reported is `rollout`.
   */
  awaitReady(service: ServiceConfig, rendered: Rendered, context: WorkContext): Promise<Outcome<void>>;
  /**
   * Checks that the pods run what was built. Every workload of `rendered` that uses the artifact must have ready pods
   * of its newest revision with exactly that digest, and no other pods. Fails with VERIFY_FAILED, which names what
   * differs. The stage reported is `verify`.
   */
  verify(service: ServiceConfig, rendered: Rendered, context: WorkContext): Promise<Outcome<void>>;
  /** What runs now. */
  status(service: ServiceConfig, signal: AbortSignal): Promise<Outcome<ServiceStatus>>;
  /**
   * Calls back with every change of the service's newest pods, until the signal aborts.
   *
   * @param objects the service's objects: `Rendered.objects`, or those of `Way.deployed`
   */
  followPods(
    service: ServiceConfig,
    objects: readonly KubeObject[],
    onSummary: (pods: PodSummary) => void,
    signal: AbortSignal,
  ): void;
}

/** The three parts that deploy on one cluster. */
export interface Deployer {
  readonly renderer: Renderer;
  readonly way: Way;
  readonly observer: Observer;
}
