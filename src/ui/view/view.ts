/**
 * The view model: everything that a screen shows, as plain data, and functions that answer questions about it. model.ts
 * makes it from events. It has no layout and no clock: screens count elapsed times from the start times.
 */
import type { AppdevError } from '../../core/errors.ts';
import type { AppEvent, Hold, PodSummary, StageTiming } from '../../core/events.ts';
import type { Route, Stage } from '../../core/routes.ts';
import type { Tone } from '../text/line.ts';

/** The current run. Times are milliseconds since 1970. */
interface RunView {
  readonly run: number;
  readonly change: number;
  readonly route: Route;
  readonly reason: string;
  readonly startedAt: number;
  readonly stage?: { readonly stage: Stage; readonly startedAt: number };
  /** Stages that have ended, in order. */
  readonly done: readonly StageTiming[];
}

/** The newest finished run that was not superseded. */
export interface LastRun {
  readonly run: number;
  readonly change: number;
  readonly reason: string;
  readonly outcome: 'ok' | 'failed' | 'cancelled';
  readonly cancelReason?: NonNullable<Extract<AppEvent, { type: 'run.finished' }>['cancelReason']>;
  readonly ms: number;
  readonly stages: readonly StageTiming[];
  readonly error?: AppdevError;
}

/** A port forward. `lost` is the reason while it is down. */
export interface ForwardView {
  readonly localPort: number;
  readonly remotePort: number;
  readonly lost?: string;
}

/** What the screen knows about one service. */
export interface ServiceView {
  readonly name: string;
  readonly run?: RunView;
  readonly last?: LastRun;
  readonly hold?: Hold;
  /** The newest change that no run includes yet. */
  readonly pending?: { readonly change: number; readonly paths: readonly string[]; readonly more: number };
  /** `sha256:…` of the image of the newest run that made one. */
  readonly digest?: string;
  readonly pods?: PodSummary;
  readonly forwards: readonly ForwardView[];
  /** Last lines of the tools' output in the newest run, oldest first. */
  readonly tail: readonly string[];
  /** The cleanup is removing it. */
  readonly removing: boolean;
  readonly removed: boolean;
}

/** The whole screen. */
export interface View {
  readonly command: string;
  readonly version: string;
  readonly project: string;
  readonly profiles: readonly string[];
  readonly cluster?: { readonly context: string; readonly namespace: string; readonly lost?: string };
  readonly registry?: { readonly push: string; readonly source: string };
  readonly watch?: { readonly files: number; readonly mode: 'events' | 'polling' | 'mixed' };
  readonly paused: boolean;
  /** Number of the newest change. 0: there was none yet. */
  readonly change: number;
  /** In the session's order. */
  readonly services: readonly ServiceView[];
  /** Why the last reload of the configuration was rejected. Absent: it was accepted. */
  readonly configError?: AppdevError;
  readonly phase: 'working' | 'cleaning' | 'finished';
  /** Services that the running cleanup removes. */
  readonly cleaning: readonly string[];
}

/** A service's state in one word. Each has a glyph too, so that colour is never the only sign. */
export type ServiceState =
  | 'waiting'
  | 'changed'
  | 'held'
  | 'running'
  | 'failed'
  | 'unhealthy'
  | 'missing'
  | 'no pods'
  | 'starting'
  | 'ready'
  | 'ok'
  | 'cancelled'
  | 'removing'
  | 'removed';

/** Phases in which a pod can still become ready. A pod that is not ready in any other phase is a problem. */
const hopeful = new Set([
  'Running',
  'Pending',
  'ContainerCreating',
  'PodInitializing',
  'Terminating',
  'Succeeded',
  '',
]);

/** The service's state. A current run comes first, then a failure, then what the service waits for. */
export function stateOf(service: ServiceView): ServiceState {
  if (service.removed) return 'removed';
  if (service.removing) return 'removing';
  if (service.run !== undefined) return 'running';
  if (service.last?.outcome === 'failed') return 'failed';
  const pods = service.pods;
  if (pods?.missing !== undefined) return 'missing';
  const short = pods !== undefined && pods.ready < pods.desired;
  if (short && !hopeful.has(pods.phase)) return 'unhealthy';
  if (service.hold !== undefined) return 'held';
  if (service.pending !== undefined) return 'changed';
  if (short) return 'starting';
  if (service.last?.outcome === 'cancelled') return 'cancelled';
  // A green row promises that something serves.
  if (pods !== undefined) return pods.desired === 0 ? 'no pods' : 'ready';
  return service.last === undefined ? 'waiting' : 'ok';
}

/** Glyph and tone of each state. A running service shows the spinner instead of its glyph. */
export const stateMarks = {
  waiting: ['○', 'dim'],
  changed: ['○', 'busy'],
  held: ['‖', 'warn'],
  running: ['◐', 'busy'],
  failed: ['✗', 'bad'],
  unhealthy: ['✗', 'bad'],
  missing: ['✗', 'bad'],
  'no pods': ['○', 'warn'],
  starting: ['◐', 'warn'],
  ready: ['●', 'ok'],
  ok: ['✓', 'ok'],
  cancelled: ['–', 'dim'],
  removing: ['◐', 'warn'],
  removed: ['–', 'dim'],
} as const satisfies Record<ServiceState, readonly [string, Tone]>;

/** True if something on the screen moves. While it is false, no timer runs. */
export function isBusy(view: View): boolean {
  return view.services.some((service) => service.run !== undefined);
}

/** Length of the longest service name in characters, for alignment. */
export function nameWidthOf(view: View): number {
  return view.services.reduce((width, service) => Math.max(width, service.name.length), 0);
}
