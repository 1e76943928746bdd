/**
 * What the loop knows, as plain data. No behaviour beyond questions about one value; reducer.ts moves the state by the
 * messages of messages.ts, plan.ts decides what may start.
 */
import type { AppdevError } from '../../core/errors.ts';
import type { Hold } from '../../core/events.ts';
import type { Role } from '../../core/role.ts';
import { devRoutes, type Route, type RouteSpec, type Stage } from '../../core/routes.ts';
import type { CancelReason } from '../../core/outcome.ts';
import type { Fingerprint } from '../../watch/types.ts';

/** What the loop has to know of a service's configuration. */
export interface ServiceSpec {
  readonly name: string;
  /** Services with the same reactor are built by one invocation at a time. Absent without a jar. */
  readonly reactor?: string;
  /** It has an image to build; without one it is rendered and applied only. */
  readonly builds: boolean;
  /** Whether its unit tests run with the build. One invocation does one or the other. */
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

/** One attempt to bring a service to a change. */
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
  /** It has rendered and waits for its needs, and for the images that its manifests name. */
  readonly atGate: boolean;
  /** Its own image is made, or was there. */
  readonly imageMade: boolean;
  /** The images of other services that it renders with. */
  readonly uses: Uses;
  /** The key c was pressed in a stage that has to end first. */
  readonly cancelAsked: boolean;
}

/** By service, what tells the image that was rendered; empty where it was not known yet. */
export type Uses = Readonly<Record<string, string>>;

/** A change that no run has been credited with. */
export interface Pending {
  readonly change: number;
  readonly fingerprint: Fingerprint;
  readonly paths: readonly string[];
  readonly kinds: readonly Role[];
  readonly reason: string;
  /** The key r was pressed: starts though paused or manual, and builds what is there already. */
  readonly asked: boolean;
  /** Waits for a save or the key r: its run was cancelled by the key c, or the service is manual. */
  readonly waits: boolean;
  /** A run could not bring it there, and named the route that can. */
  readonly handedOn?: { readonly to: Route; readonly because: string };
}

/** The newest image of a service that this session has made, or has found made. */
export interface Made {
  /** What tells it from the others: its digest, or its tag where it has none. */
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
  /** Images of other services that its last finished run stands for. */
  readonly uses: Uses;
  /** It was ready once in this session: what needs it may be deployed. */
  readonly wasReady: boolean;
}

/** What the last finished run of a service came to. */
export type Last =
  | { readonly kind: 'never' }
  /** A run was cancelled after its apply: what is in the cluster is nobody's result. */
  | { readonly kind: 'interrupted' }
  | { readonly kind: 'ok'; readonly change: number; readonly fingerprint: Fingerprint }
  | {
      readonly kind: 'failed';
      readonly change: number;
      readonly fingerprint: Fingerprint;
      readonly paths: readonly string[];
      readonly kinds: readonly Role[];
      readonly code: AppdevError['code'];
      /** The batch that failed: what makes a mate buildable again makes this one buildable again. */
      readonly batch: number;
    };

/** One service of the session. */
export interface ServiceState {
  readonly spec: ServiceSpec;
  /** A path of it changed since the last look. */
  readonly touched: boolean;
  /** Paths that changed but were still being written, and what they are. */
  readonly unsettledPaths: readonly string[];
  readonly unsettledKinds: readonly Role[];
  readonly pending?: Pending;
  readonly activity: Activity;
  readonly last: Last;
  readonly made?: Made;
  readonly running: Running;
  /** No longer in appdev.yaml: goes when its run has ended. */
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
  /** Numbers given last. */
  readonly lastRun: number;
  readonly lastBatch: number;
  readonly lastChange: number;
  /** Files heard of since the last look: at most one more than makes a bulk change. */
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

/** A service that nothing is known of. */
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

/** The run of a service that is under way, also while it is being cancelled. */
export function liveRun(service: ServiceState): Run | undefined {
  return service.activity.kind === 'idle' ? undefined : service.activity.run;
}

/** Whether two looks found the same. */
export function sameFingerprint(a: Fingerprint, b: Fingerprint): boolean {
  return a.build === b.build && a.deploy === b.deploy && a.tests === b.tests;
}
