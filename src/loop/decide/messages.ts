/** The words that the loop is told, and those it speaks in: messages and effects, with what they carry. Plain data. */
import type { AppdevError } from '../../core/errors.ts';
import type { Artifact, EventBody, StageTiming } from '../../core/events.ts';
import type { Role } from '../../core/role.ts';
import type { Route, RouteSpec, Stage } from '../../core/routes.ts';
import type { CancelReason } from '../../core/outcome.ts';
import type { Fingerprint } from '../../watch/types.ts';
import type { Running, ServiceSpec, Uses } from './state.ts';

/** The timers of the loop; each runs once when armed, and arming it again starts it anew. */
export type Timer = 'debounce' | 'cap' | 'git' | 'walk';

/** What one look found of one service. */
export interface LookResult {
  readonly service: string;
  readonly fingerprint: Fingerprint;
  /** Paths that differ from the look before, relative to the project. */
  readonly paths: readonly string[];
  /** What those files are to the service. */
  readonly kinds: readonly Role[];
  readonly settlesInMs: number;
}

/** Everything that can happen to the loop. */
export type Message =
  | { readonly kind: 'started' }
  | {
      readonly kind: 'files-changed';
      /** Services concerned, `all` when that is not known. */
      readonly services: readonly string[] | 'all';
      readonly paths: readonly string[];
      /** A file of the configuration is among them. */
      readonly config: boolean;
    }
  /** Time to look without anything being known to have happened. */
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
  /** Rendered; asks to be let through to the apply. */
  | { readonly kind: 'gate-reached'; readonly service: string; readonly run: number; readonly uses: Uses }
  /** The run now stands for other inputs than planned: its own build wrote some of them. */
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
    }
  /** The file says the same as before. */
  | { readonly kind: 'config-kept' }
  | { readonly kind: 'config-rejected'; readonly error: AppdevError }
  /** Build files changed what belongs together. */
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
    /** Another route has to bring the change there. */
    | { readonly kind: 'redirected'; readonly to: Route; readonly because: string };
  readonly ms: number;
  readonly stages: readonly StageTiming[];
  readonly artifact?: Artifact;
  /** What it has applied, where it got that far; see `Running.manifests`. */
  readonly manifests?: string;
}

/** What keys, signals and the connections to cluster and registry tell the loop. */
export type UserMessage =
  | { readonly kind: 'key-pressed'; readonly key: 'rebuild' | 'cancel'; readonly service?: string }
  | { readonly kind: 'key-pressed'; readonly key: 'pause' }
  | { readonly kind: 'cluster-lost'; readonly context: string; readonly reason: string }
  | { readonly kind: 'cluster-regained'; readonly context: string }
  | { readonly kind: 'registry-regained'; readonly registry: string }
  | { readonly kind: 'shutdown-requested' };

/** One run to be started. */
export interface RunOrder {
  readonly service: string;
  readonly run: number;
  readonly change: number;
  readonly fingerprint: Fingerprint;
  readonly route: RouteSpec;
  readonly force: boolean;
}

/** IO that the driver is to do. */
export type Effect =
  | { readonly kind: 'emit'; readonly event: EventBody }
  | { readonly kind: 'look'; readonly services: readonly string[] }
  | { readonly kind: 'start-batch'; readonly batch: number; readonly orders: readonly RunOrder[] }
  | { readonly kind: 'cancel-run'; readonly run: number; readonly reason: CancelReason }
  /** With what the pods run now. */
  | { readonly kind: 'open-gate'; readonly run: number; readonly running: Running }
  | { readonly kind: 'arm-timer'; readonly timer: Timer; readonly ms: number }
  | { readonly kind: 'disarm-timer'; readonly timer: Timer }
  | { readonly kind: 'reload-config' }
  | { readonly kind: 'exit' };
