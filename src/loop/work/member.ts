/** One service's run as the work sees it, and how it can end. Plain data. */
import type { Jar, StageReporter, WorkContext } from '../../build/types.ts';
import type { ServiceConfig } from '../../config/model.ts';
import type { Rendered } from '../../deploy/types.ts';
import type { AppdevError } from '../../core/errors.ts';
import type { Artifact } from '../../core/events.ts';
import type { NotOk, Outcome } from '../../core/outcome.ts';
import type { Route, RouteSpec } from '../../core/routes.ts';
import type { Fingerprint, Scan } from '../../watch/types.ts';
import type { Running } from '../decide/state.ts';

/** One service of a batch. */
export interface Member {
  readonly service: ServiceConfig;
  readonly run: number;
  readonly route: RouteSpec;
  /** Build and apply even what is there already. */
  readonly force: boolean;
  /** What the inputs are expected to be. Absent if nobody looked before. */
  readonly expected?: Fingerprint;
  /**
   * A scan of the inputs from a moment ago, which saves another one. Later changes are found when the jar is built.
   */
  readonly seen?: Scan;
  /** An image that was built elsewhere; it is not built here. */
  readonly given?: Artifact;
  /** Aborts this member's work, and with it the invocation that it shares. */
  readonly signal: AbortSignal;
  readonly report: StageReporter;
}

/** Where an image comes from: this run, an earlier one, or the command line. */
export type Origin = 'built' | 'found' | 'given';

/** What a run has so far. Each step takes it and adds to it. */
export interface RunState {
  /** The newest look at the inputs. */
  readonly scan: Scan;
  readonly jar?: Jar;
  /** The image as it was pushed. Nothing may deploy it yet. */
  readonly made?: Artifact;
  /** Where that image comes from. */
  readonly origin?: Origin;
  /** The image to deploy: the registry's scan admits it. Absent for a service without one. */
  readonly artifact?: Artifact;
  readonly rendered?: Rendered;
  /** What the pods ran when the run passed the gate before its apply. */
  readonly running?: Running;
  /** What was applied, or was there unchanged; see `Running.manifests`. */
  readonly manifests?: string;
}

/** Why a run ends without a result of its own. */
export type Unfinished = NotOk & {
  /** Inputs that changed while they were built, relative to the project. */
  readonly moved?: readonly string[];
  /** The error of the invocation that the run shared. Others caused it, and this run did nothing wrong itself. */
  readonly because?: AppdevError;
  /** An image of it, or one that its manifests name, must not be deployed. */
  readonly refused?: true;
};

/** A step that cannot go on hands the run to another route. */
export interface Redirect {
  readonly kind: 'redirected';
  readonly to: Route;
  /** Why, as a clause. */
  readonly because: string;
}

/** What a step leads to. Anything but `ok` ends the run. */
export type StepResult = Outcome<RunState> | Unfinished | Redirect;

/** How a run ended, with what it had by then. An image that is made stays made, even if the rollout failed. */
export interface RunEnd {
  readonly result: StepResult;
  readonly reached: Partial<RunState>;
}

/** The end of a run whose inputs have changed. Its change is not done. */
export function inputsMoved(details: Pick<Unfinished, 'moved' | 'because'> = {}): Unfinished {
  return { kind: 'cancelled', reason: 'superseded', ...details };
}

/** What a builder or a deployer gets besides its request. */
export function contextOf({ signal, report }: Member): WorkContext {
  return { signal, report };
}
