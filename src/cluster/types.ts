/**
 * The cluster as the other parts see it: few verbs over plain objects. client.ts implements it; tests may replace it.
 * One `Cluster` is pinned to one context and one API server for its whole life.
 */
import type { ErrorCode } from '../core/errors.ts';
import type { Outcome } from '../core/outcome.ts';
import type { FieldConflict } from './conflicts.ts';

/** A Kubernetes object as plain data. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: KubeMetadata;
  readonly [field: string]: unknown;
}

export interface KubeMetadata {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly ownerReferences?: readonly {
    readonly kind: string;
    readonly name: string;
    readonly uid: string;
  }[];
  readonly [field: string]: unknown;
}

/** What names one object. `namespace` is absent for cluster-scoped kinds. */
export interface ObjectRef {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
}

/** What names a set of objects. */
export interface ObjectQuery {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

/** Which cluster it is. */
export interface ClusterIdentity {
  readonly context: string;
  /** URL of the API server. */
  readonly server: string;
  /** `kind`, `minikube`, `k3d`, …, `sandbox`; or `named` if only cluster.allow or the command line vouches for it. */
  readonly product: string;
  readonly namespace: string;
  /** Path of a kubeconfig with mode 0600 that contains only this context. Every child process gets it as KUBECONFIG. */
  readonly kubeconfig: string;
}

/** The set of objects that a query selects, kept up to date. */
export type Snapshot = readonly KubeObject[];

/** A pod's log line. */
export interface LogLine {
  readonly pod: string;
  readonly container: string;
  readonly line: string;
}

export interface LogRequest {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly follow: boolean;
  readonly previous?: boolean;
  readonly tailLines?: number;
  readonly sinceSeconds?: number;
  /**
   * Only lines from this second on (RFC 3339; the server ignores fractions). Cannot be combined with `sinceSeconds`.
   */
  readonly sinceTime?: string;
  /** Puts the time (RFC 3339 with nanoseconds) and a space before each line. */
  readonly timestamps?: boolean;
}

/** Verbs on the pinned cluster. Every failure is an outcome: CLUSTER_UNREACHABLE, DEPLOY_FAILED with the server's words. */
export interface Cluster {
  readonly identity: ClusterIdentity;
  get(ref: ObjectRef, signal: AbortSignal): Promise<Outcome<KubeObject | undefined>>;
  list(query: ObjectQuery, signal: AbortSignal): Promise<Outcome<readonly KubeObject[]>>;
  /** Version of the API server, such as `v1.34.4`. The cheapest way to see whether it answers. */
  version(signal: AbortSignal): Promise<Outcome<string>>;
  /**
   * What the API server offers, as a chart asks for it (`.Capabilities.APIVersions`): `apps/v1`, `apps/v1/Deployment`,
   * …. A group whose own server is down is left out.
   */
  apiVersions(signal: AbortSignal): Promise<Outcome<readonly string[]>>;
  /** True if the API server lists this kind, so that objects of it can be applied. */
  serves(kind: Pick<ObjectRef, 'apiVersion' | 'kind'>, signal: AbortSignal): Promise<Outcome<boolean>>;
  /**
   * Server-side apply, with field manager `appdev` unless another is named. Conflicts fail unless `force` is set.
   * Fields that the kind does not have are an error unless `lenient` is set, as Helm does.
   */
  apply(
    object: KubeObject,
    options: {
      readonly fieldManager?: string;
      readonly force?: boolean;
      readonly dryRun?: boolean;
      readonly lenient?: boolean;
    },
    signal: AbortSignal,
  ): Promise<Outcome<KubeObject>>;
  /**
   * The fields at which an `apply` without `force` would stop, found by a dry run: those that other managers have set
   * to other values. Any other objection of the API server is left to `apply`.
   */
  conflicts(
    object: KubeObject,
    options: { readonly fieldManager: string },
    signal: AbortSignal,
  ): Promise<Outcome<readonly FieldConflict[]>>;
  /**
   * Deletes an object, its dependents in the background. An object that does not exist is a success. With `uid`,
   * deletes only that very object; with `resourceVersion`, only in that very state. Otherwise the object is left alone
   * and the value is `absent`.
   */
  remove(
    ref: ObjectRef,
    options: { readonly uid?: string; readonly resourceVersion?: string; readonly graceSeconds?: number },
    signal: AbortSignal,
  ): Promise<Outcome<'deleted' | 'absent'>>;
  /** Creates an object; `exists` if the name is taken. */
  create(object: KubeObject, signal: AbortSignal): Promise<Outcome<KubeObject | 'exists'>>;
  /** Replaces an object if the resourceVersion in `object` is still current; `conflict` if it is not. */
  replace(object: KubeObject, signal: AbortSignal): Promise<Outcome<KubeObject | 'conflict'>>;
  /**
   * Keeps a query's result up to date: lists, watches, and after any loss lists again with back-off. Calls `onSnapshot`
   * with the whole set after each change (coalesced), `onLost` and `onRegained` with the state of the connection. Ends
   * only with the signal.
   */
  follow(query: ObjectQuery, handlers: FollowHandlers, signal: AbortSignal): void;
  /** Follows or reads one container's log, line by line. Resolves at the end of the stream. */
  logs(request: LogRequest, onLine: (line: string) => void, signal: AbortSignal): Promise<Outcome<void>>;
  /** Runs a command in a container. The value contains the exit code. */
  exec(
    target: { readonly namespace: string; readonly pod: string; readonly container: string },
    command: readonly string[],
    signal: AbortSignal,
  ): Promise<Outcome<{ readonly exitCode: number; readonly stdout: string; readonly stderr: string }>>;
  /**
   * Sends `source` to the standard input of a running container and ends that input. Resolves when the container has
   * ended, or when the connection ended after everything was sent. Fails if the connection broke before.
   */
  attach(
    target: { readonly namespace: string; readonly pod: string; readonly container: string },
    source: AsyncIterable<Buffer>,
    signal: AbortSignal,
  ): Promise<Outcome<void>>;
  /**
   * Connects a socket with a port of a pod until either side ends. forward.ts uses it; it owns the local listener and
   * reconnects. Resolves when the connection has ended, with the socket closed; `refused` says why if nothing in the
   * pod accepts the connection. If the pod cannot be reached at all, the outcome is a failure and the socket is left as
   * it was, so that another pod can be tried.
   */
  connect(
    target: { readonly namespace: string; readonly pod: string; readonly port: number },
    socket: import('node:net').Socket,
  ): Promise<Outcome<{ readonly refused?: string }>>;
}

export interface FollowHandlers {
  readonly onSnapshot: (objects: Snapshot) => void;
  /** `code` is absent if the request was cancelled. */
  readonly onLost?: (reason: string, code?: ErrorCode) => void;
  readonly onRegained?: () => void;
}

/** The reference that names an object. */
export function refOf({ apiVersion, kind, metadata: { name, namespace } }: KubeObject): ObjectRef {
  return { apiVersion, kind, name, ...(namespace === undefined ? {} : { namespace }) };
}

/** The query whose only answer is that object, for following one object. */
export function queryFor({ name, ...of }: ObjectRef): ObjectQuery {
  return { ...of, fieldSelector: `metadata.name=${name}` };
}
