/** What the loop is told (messages) and what it wants done (effects), with what they carry. Plain data. */
import type { AppdevError } from '../../core/errors.ts';
import type { Artifact, EventBody, StageTiming } from '../../core/events.ts';
import type { Role } from '../../core/role.ts';
import type { Route, RouteSpec, Stage } from '../../core/routes.ts';
import type { CancelReason } from '../../core/outcome.ts';
import type { Fingerprint } from '../../watch/types.ts';
import type { Running, ServiceSpec, Uses } from './state.ts';

/** The timers of the loop. Each fires once after it was armed. Arming it again starts it from the beginning. */
export type Timer = 'debounce' | 'cap' | 'git' | 'walk';

/** What one look found out about one service. */
export interface LookResult {
  readonly service: string;
  readonly fingerprint: Fingerprint;
  /** Paths that differ from the look before, relative to the project. */
  readonly paths: readonly string[];
  /** The roles of those files. */
  readonly kinds: readonly Role[];
  readonly settlesInMs: number;
}

/** Everything that can happen to the loop. */
export type Message =
  | { readonly kind: 'started' }
  | {
      readonly kind: 'files-changed';
      /** The services concerned; `all` if that is not known. */
      readonly services: readonly string[] | 'all';
      readonly paths: readonly string[];
      /** A file of the configuration is among them. */
      readonly config: boolean;
    }
  /** It is time to look, although no event came. */
  | { readonly kind: 'look-due' }
  | { readonly kind: 'timer-fired'; readonly timer: Timer }
  | { readonly kind: 'git-busy'; readonly operation: string }
  | { readonly kind: 'git-free' }
  | { readonly kind: 'rescanned'; readonly results: readonly LookResult[] }
  | {
      readonly kind: 'stage-reached';
      readonly service: string;
      readonly run: number;
      readonly stage: Stage;
    }
  /** The service's image is there, and others may be rendered with it. */
  | { readonly kind: 'image-made'; readonly service: string; readonly run: number; readonly image: string }
  /** The run has rendered, and asks whether it may go on to its apply. */
  | { readonly kind: 'gate-reached'; readonly service: string; readonly run: number; readonly uses: Uses }
  /**
   * The run now counts for other inputs than planned. Its own build wrote some of them, or it rendered newer
   * manifests.
   */
  | {
      readonly kind: 'inputs-accepted';
      readonly service: string;
      readonly run: number;
      readonly fingerprint: Fingerprint;
    }
  | RunFinished
  | {
      readonly kind: 'config-reloaded';
      readonly services: readonly ServiceSpec[];
      readonly profiles: readonly string[];
      /** The keys that changed. */
      readonly changed: readonly string[];
    }
  /** The configuration is the same as before. */
  | { readonly kind: 'config-kept' }
  | { readonly kind: 'config-rejected'; readonly error: AppdevError }
  /** Build files changed. Other services may belong together now. */
  | { readonly kind: 'specs-found'; readonly services: readonly ServiceSpec[] }
  | UserMessage;

/** A run's end, with what the driver measured. */
export interface RunFinished {
  readonly kind: 'run-finished';
  readonly service: string;
  readonly run: number;
  readonly result:
    | { readonly kind: 'ok' }
    | { readonly kind: 'failed'; readonly error: AppdevError }
    | { readonly kind: 'cancelled'; readonly reason: CancelReason }
    /** Another route has to bring the change to the pods. */
    | { readonly kind: 'redirected'; readonly to: Route; readonly because: string };
  readonly ms: number;
  readonly stages: readonly StageTiming[];
  readonly artifact?: Artifact;
  /** What it has applied, if it got that far; see `Running.manifests`. */
  readonly manifests?: string;
}

/** What keys, signals and the connections to cluster and registry tell the loop. */
export type UserMessage =
  | { readonly kind: 'key-pressed'; readonly key: 'rebuild' | 'cancel'; readonly service?: string }
  | { readonly kind: 'key-pressed'; readonly key: 'pause' }
  | { readonly kind: 'cluster-lost'; readonly context: string; readonly reason: string }
  | { readonly kind: 'cluster-regained'; readonly context: string }
  /** Someone deleted what was deployed of a service. */
  | { readonly kind: 'deployment-missing'; readonly service: string }
  | { readonly kind: 'registry-regained'; readonly registry: string }
  | { readonly kind: 'shutdown-requested' };

/** One run that the driver is to start. */
export interface RunOrder {
  readonly service: string;
  readonly run: number;
  readonly change: number;
  readonly fingerprint: Fingerprint;
  readonly route: RouteSpec;
  readonly force: boolean;
}

/** IO that the driver is to do for the loop. */
export type Effect =
  | { readonly kind: 'emit'; readonly event: EventBody }
  | { readonly kind: 'look'; readonly services: readonly string[] }
  | { readonly kind: 'start-batch'; readonly batch: number; readonly orders: readonly RunOrder[] }
  | { readonly kind: 'cancel-run'; readonly run: number; readonly reason: CancelReason }
  /** `running`: what the pods run now. */
  | { readonly kind: 'open-gate'; readonly run: number; readonly running: Running }
  | { readonly kind: 'arm-timer'; readonly timer: Timer; readonly ms: number }
  | { readonly kind: 'disarm-timer'; readonly timer: Timer }
  | { readonly kind: 'reload-config' }
  | { readonly kind: 'exit' };
