/**
 * What brings services into a cluster, as three small interfaces: a renderer makes manifests, a way applies and removes
 * them, an observer tells what runs. deployer.ts puts the implementations together.
 */
import type { WorkContext } from '../build/types.ts';
import type { KubeObject } from '../cluster/types.ts';
import type { ServiceConfig } from '../config/model.ts';
import type { Artifact, PodSummary } from '../core/events.ts';
import type { Outcome } from '../core/outcome.ts';
import type { Lifetime } from './objects/lifetime.ts';

/** Programs that rendering and deploying run, by name on the PATH or by path. */
export interface DeployTools {
  readonly helm: string;
  readonly kustomize: string;
  /** Takes Kustomize's place where that is missing. */
  readonly kubectl: string;
}

/** The programs by their usual names. */
export const defaultTools: DeployTools = { helm: 'helm', kustomize: 'kustomize', kubectl: 'kubectl' };

/** What a command wants of its deploys beside what is rendered. */
export interface DeployTerms {
  /** Volume claims may go, with their data. */
  readonly deleteVolumes: boolean;
  /** The command line that lets them, for hints: `appdev run orders --delete-volumes`. */
  readonly allowVolumes: string;
  /** How long what it deploys is meant to stay. */
  readonly lifetime: Lifetime;
}

/** The image of another service of the project, which manifests may name as well. */
export interface OtherImage {
  readonly service: string;
  /** As appdev.yaml writes it. */
  readonly repository: string;
  /** Absent while it is not known what was built. */
  readonly artifact?: Artifact;
}

/** The manifests of one service, final: images by digest, namespace and ownership labels set. */
export interface Rendered {
  readonly service: string;
  readonly namespace: string;
  readonly objects: readonly KubeObject[];
  /** The same as a YAML stream, for `appdev render`. */
  readonly yaml: string;
  /** Hash of the content that would be applied; equal hash means nothing to apply. */
  readonly hash: string;
  /** The image that went into it; absent where nothing was built. */
  readonly artifact?: Artifact;
  /** Images of other services that went into it. */
  readonly uses?: readonly Artifact[];
  /** Services whose image it names, and of which no artifact was given: those names stand as they were written. */
  readonly lacks?: readonly string[];
  /** Read from this file (`--rendered`): applied as it is, server-side, also where the service has a chart. */
  readonly file?: string;
}

/** One object that a deploy would change. */
export interface ObjectChange {
  /** `Kind/name`. */
  readonly object: string;
  /** Absent for a cluster-scoped object. */
  readonly namespace?: string;
  readonly change: 'create' | 'change' | 'replace' | 'delete';
  /** YAML without what the server adds, and without values of Secrets; empty where there is no object. */
  readonly before: string;
  readonly after: string;
}

/** What a deploy would do. */
export interface Preview {
  readonly changes: readonly ObjectChange[];
  /** What would happen beside that: `release orders would become revision 8`. */
  readonly notes: readonly string[];
}

/** Turns a service's chart, overlay or manifests into objects. Contacts no cluster; the stage reported is `render`. */
export interface Renderer {
  /** `others` are the images of the project's other services; none where the service is looked at by itself. */
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
}

/** Options of `remove`. */
export interface RemoveOptions {
  readonly deleteVolumes: boolean;
}

/** What a removal did. */
export interface Removed {
  readonly removed: number;
  /** Objects left on purpose, `Kind/name` each: volume claims, objects of others. */
  readonly kept: readonly string[];
}

/** What is deployed of a service, as the cluster has it. */
export interface Deployed {
  /** As they were applied last, with their namespaces; empty when it is not deployed. */
  readonly objects: readonly KubeObject[];
  /** False when appdev has not deployed it here (or has removed it). */
  readonly deployed: boolean;
  /** One phrase: `revision 7`, `4 objects`, `not deployed`, `installed by someone else`. */
  readonly detail: string;
}

/** A way into the cluster and out again: as a Helm release, or by server-side apply. */
export interface Way {
  /** The stage reported is `apply`. It is not cut short by a newer save, nor by the end of the session. */
  apply(service: ServiceConfig, rendered: Rendered, context: WorkContext): Promise<Outcome<Applied>>;
  /** What `apply` would change, by dry runs; nothing is written. Fails as `apply` would. */
  preview(service: ServiceConfig, rendered: Rendered, signal: AbortSignal): Promise<Outcome<Preview>>;
  remove(service: ServiceConfig, options: RemoveOptions, context: WorkContext): Promise<Outcome<Removed>>;
  /** What is deployed, at this moment. */
  deployed(service: ServiceConfig, signal: AbortSignal): Promise<Outcome<Deployed>>;
  /** Whether what is deployed is there to stay; undefined where this project has deployed nothing of the service. */
  lifetime(service: ServiceConfig, signal: AbortSignal): Promise<Outcome<Lifetime | undefined>>;
}

/** What one workload of a service does at this moment. */
export interface WorkloadStatus {
  /** `Kind/name`. */
  readonly name: string;
  readonly ready: boolean;
  /** Why it is not ready, as a clause; empty when it is. */
  readonly reason: string;
  readonly pods: PodSummary;
  /** Images of the newest pods, each once. */
  readonly images: readonly string[];
}

/** What is deployed of a service, read from the cluster alone: nothing is rendered for it. */
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
  /** Watches the rollout of every workload in `rendered`; ends early with a cause. The stage reported is `rollout`. */
  awaitReady(service: ServiceConfig, rendered: Rendered, context: WorkContext): Promise<Outcome<void>>;
  /**
   * Checks that what runs is what was built: every workload of `rendered` that uses the artifact has ready pods of its
   * newest revision with exactly that digest, and no others. VERIFY_FAILED names what differs. The stage is `verify`.
   */
  verify(service: ServiceConfig, rendered: Rendered, context: WorkContext): Promise<Outcome<void>>;
  /** What runs, at this moment. */
  status(service: ServiceConfig, signal: AbortSignal): Promise<Outcome<ServiceStatus>>;
  /**
   * Calls back with every change of the service's newest pods, until the signal aborts.
   *
   * @param objects of the service: `Rendered.objects`, or those of `Way.deployed`
   */
  followPods(
    service: ServiceConfig,
    objects: readonly KubeObject[],
    onSummary: (pods: PodSummary) => void,
    signal: AbortSignal,
  ): void;
}

/** What deploys on one cluster. */
export interface Deployer {
  readonly renderer: Renderer;
  readonly way: Way;
  readonly observer: Observer;
}
