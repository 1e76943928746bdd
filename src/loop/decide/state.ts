/**
 * What the loop knows, as plain data. The functions here make first values, or answer a question about one value.
 * reducer.ts changes the state by the messages of messages.ts. plan.ts decides what may start.
 */
import type { AppdevError } from '../../core/errors.ts';
import type { Hold } from '../../core/events.ts';
import type { Role } from '../../core/role.ts';
import { devRoutes, type Route, type RouteSpec, type Stage } from '../../core/routes.ts';
import type { CancelReason } from '../../core/outcome.ts';
import type { Fingerprint } from '../../watch/types.ts';

/** What the loop has to know about a service's configuration. */
export interface ServiceSpec {
  readonly name: string;
  /** Services with the same reactor are built by one invocation at a time. Absent for a service without a jar. */
  readonly reactor?: string;
  /** True if it has an image to build. If not, it is only rendered and applied. */
  readonly builds: boolean;
  /** Whether its unit tests run with the build. One invocation either runs tests or runs none. */
  readonly tests: boolean;
  readonly needs: readonly string[];
  /** Changes wait for the key r. */
  readonly manual: boolean;
}

/*
 * One service. "dirty" is: it has a pending change.
 *
 *              files changed                 looked, differs
 *   ┌─────────┐ ──────────► ┌────────────┐ ────────────────► ┌───────┐  plan: start   ┌─────────┐
 *   │ settled │             │ debouncing │                   │ dirty ├───────────────►│ running │◄─┐ gate: waits
 *   └─▲──▲────┘ ◄────────── └────────────┘                   └─▲─┬─▲─┘                └─┬─┬─┬───┘──┘ for needs
 *     │  │       looked, same content                          │ │ │   ok, failed with  │ │ │
 *     │  │                                            plan: held │ └── newer change ◄───┘ │ │ newer change, key c, exit,
 *     │  │                                         {reason, on}│ │                        │ │ in a stage that may be
 *     │  └──────────────── finished ok | failed ───────────────┼─┼────────────────────────┘ │ cancelled
 *     │                                                        │ ▼                          ▼
 *     └── looked, back to what was built ──────────────────────┘ held                 ┌────────────┐
 *                                              finished cancelled: dirty again ◄──────┤ cancelling │
 *                                                                                     └────────────┘
 * Session:  running ── shutdown requested ──► stopping (nothing starts) ── no run left ──► stopped
 */

/** What a service is doing. `cancelling` lasts until the work has really stopped. */
export type Activity =
  | { readonly kind: 'idle' }
  | { readonly kind: 'running'; readonly run: Run }
  | { readonly kind: 'cancelling'; readonly run: Run; readonly reason: CancelReason };

/** One attempt to bring a change of a service to its pods. */
export interface Run {
  /** Counts from 1 within the session. */
  readonly id: number;
  /** Runs of one batch share the jar build. */
  readonly batch: number;
  readonly change: number;
  /** What the service looked like on disk when the run was planned. */
  readonly fingerprint: Fingerprint;
  /** Paths of the change, relative to the project, and what the files are to the service. */
  readonly paths: readonly string[];
  readonly kinds: readonly Role[];
  readonly reason: string;
  readonly route: RouteSpec;
  /** Build and apply even what is there already. */
  readonly force: boolean;
  /** The last stage that was started; `undefined` before the first. */
  readonly stage?: Stage;
  /** It has rendered. It waits for its needs, and for the images that its manifests name. */
  readonly atGate: boolean;
  /** Its own image is made, or was there already. */
  readonly imageMade: boolean;
  /** The images of other services that it renders with. */
  readonly uses: Uses;
  /** The key c was pressed in a stage that has to end first. */
  readonly cancelAsked: boolean;
}

/** For each service, what identifies the image that was rendered. Empty if it was not known yet. */
export type Uses = Readonly<Record<string, string>>;

/** A change that still needs a run. */
export interface Pending {
  readonly change: number;
  readonly fingerprint: Fingerprint;
  readonly paths: readonly string[];
  readonly kinds: readonly Role[];
  readonly reason: string;
  /** The key r was pressed. The service starts even if it is paused or manual, and builds what is there already. */
  readonly asked: boolean;
  /** It waits. After the key c it waits for a save or the key r. A manual service waits for the key r. */
  readonly waits: boolean;
  /** A run could not bring it to the pods, and named the route that can. */
  readonly handedOn?: { readonly to: Route; readonly because: string };
}

/** The newest image of a service that this session made, or found already made. */
export interface Made {
  /** What identifies it: its digest, or its tag if it has no digest. */
  readonly image: string;
  /** Hashes of what it was made from; see `Fingerprint`. */
  readonly build: string;
  readonly tests: string;
}

/** What the pods of a service run, as far as this session knows. */
export interface Running {
  /** The image; absent while it is not known. */
  readonly image?: string;
  /** The manifests, with the place that they were applied to; absent while they are not known. */
  readonly manifests?: string;
  /** Images of other services that its last finished run was rendered with. */
  readonly uses: Uses;
  /** It was ready once in this session. Services that need it may then be deployed. */
  readonly wasReady: boolean;
}

/** How the last finished run of a service ended. */
export type Last =
  | { readonly kind: 'never' }
  /** A run was cancelled after its apply. What is in the cluster is then no run's result. */
  | { readonly kind: 'interrupted' }
  | { readonly kind: 'ok'; readonly change: number; readonly fingerprint: Fingerprint }
  | {
      readonly kind: 'failed';
      readonly change: number;
      readonly fingerprint: Fingerprint;
      readonly paths: readonly string[];
      readonly kinds: readonly Role[];
      readonly code: AppdevError['code'];
      /** The batch that failed. A change that fixes one of its services may fix the others, too. */
      readonly batch: number;
    };

/** One service of the session. */
export interface ServiceState {
  readonly spec: ServiceSpec;
  /** A path of it changed since the last look. */
  readonly touched: boolean;
  /** Paths that changed but were still being written, and their roles. */
  readonly unsettledPaths: readonly string[];
  readonly unsettledKinds: readonly Role[];
  readonly pending?: Pending;
  readonly activity: Activity;
  readonly last: Last;
  readonly made?: Made;
  readonly running: Running;
  /** It is no longer in appdev.yaml. It goes when its run has ended. */
  readonly removed: boolean;
}

/** The whole loop. */
export interface LoopState {
  readonly phase: 'running' | 'stopping' | 'stopped';
  /** The routes to choose from, the quickest first. */
  readonly routes: readonly RouteSpec[];
  /** In file order. */
  readonly services: ReadonlyMap<string, ServiceState>;
  /** Batches that may be at work on this machine at once. */
  readonly limit: number;
  /** The numbers that were given last. */
  readonly lastRun: number;
  readonly lastBatch: number;
  readonly lastChange: number;
  /** Files that events named since the last look. At most one more is kept than a bulk change needs. */
  readonly gathering?: { readonly paths: readonly string[]; readonly config: boolean };
  /** Services that are being looked at. */
  readonly looking: readonly string[];
  /** Looks in a row that found a file half written. */
  readonly unsettledLooks: number;
  readonly paused: boolean;
  /** The configuration is being read again. */
  readonly reloading: boolean;
  /** What git is doing to the tree. */
  readonly git?: string;
  /** The context that cannot be reached. */
  readonly lostCluster?: string;
  /** Holds as they were last announced. */
  readonly holds: ReadonlyMap<string, Hold>;
}

/** The state before anything happened. `limit` is at least 1. */
export function initialState(
  services: readonly ServiceSpec[],
  limit: number,
  routes: readonly RouteSpec[] = devRoutes,
): LoopState {
  return {
    phase: 'running',
    routes,
    services: new Map(services.map((spec) => [spec.name, newService(spec)])),
    limit: Math.max(1, limit),
    lastRun: 0,
    lastBatch: 0,
    lastChange: 0,
    looking: [],
    unsettledLooks: 0,
    paused: false,
    reloading: false,
    holds: new Map(),
  };
}

/** The first state of a service, before anything is known about it. */
export function newService(spec: ServiceSpec): ServiceState {
  return {
    spec,
    touched: true,
    unsettledPaths: [],
    unsettledKinds: [],
    activity: { kind: 'idle' },
    last: { kind: 'never' },
    running: { uses: {}, wasReady: false },
    removed: false,
  };
}

/** The run of a service that is under way, even while it is being cancelled. Undefined if there is none. */
export function liveRun(service: ServiceState): Run | undefined {
  return service.activity.kind === 'idle' ? undefined : service.activity.run;
}

/** Whether two looks found the same. */
export function sameFingerprint(a: Fingerprint, b: Fingerprint): boolean {
  return a.build === b.build && a.deploy === b.deploy && a.tests === b.tests;
}
