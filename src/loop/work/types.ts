/**
 * What runs and the loop need from the rest of appdev, as small interfaces: tests stand in for all of it with ordinary
 * in-memory implementations, and commands/ fills it with the real parts.
 */
import type { ImageBuilder, JarBuilder, WorkContext } from '../../build/types.ts';
import type { ServiceConfig } from '../../config/model.ts';
import type { Observer, Renderer, Way } from '../../deploy/types.ts';
import type { Artifact } from '../../core/events.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { InputScanner } from '../../watch/types.ts';
import type { Origin } from './member.ts';
import type { WrittenFiles } from './written.ts';

/** Asks where images go whether an artifact is still there. */
export interface ManifestLookup {
  /** True when the artifact's repository has its digest now. */
  has(artifact: Artifact, signal: AbortSignal): Promise<Outcome<boolean>>;
}

/** What earlier runs and sessions built. */
export interface Records {
  /**
   * The artifact that a service's inputs were built into for a target, if it was. `tests`: hash of the test sources that
   * must have passed with it; empty when the tests do not run.
   */
  find(service: string, inputs: RecordKey): Promise<Artifact | undefined>;
  /** Remembers an artifact. A record that cannot be written costs a build later, so it is no failure. */
  add(service: string, inputs: RecordKey, artifact: Artifact): Promise<void>;
}

/** What an artifact was built from. */
export interface RecordKey {
  readonly inputHash: string;
  readonly tests: string;
  /** Where it was pushed to, as text. */
  readonly target: string;
}

/** Time, in milliseconds. Tests move it by hand. */
export interface Clock {
  /** Monotonic. */
  now(): number;
  /** Calls back once after `ms`; the returned function prevents it. */
  after(ms: number, callback: () => void): () => void;
}

/** The parts that build and deploy. */
export interface WorkParts {
  readonly jarBuilder: JarBuilder;
  readonly imageBuilder: ImageBuilder;
  readonly manifests: ManifestLookup;
  /**
   * Judges an image before it is deployed, as the registry's scan has it: SCAN_GATE, SCAN_INCOMPLETE. The stage reported
   * is `scan`. Absent where there is no registry to ask.
   */
  readonly admit?: (artifact: Artifact, origin: Origin, context: WorkContext) => Promise<Outcome<void>>;
  /** What an image gets that was let through: further tags, and a copy where the nodes pull from elsewhere. */
  readonly publish: (artifact: Artifact, context: WorkContext) => Promise<Outcome<void>>;
  readonly renderer: Renderer;
  readonly way: Pick<Way, 'apply'>;
  readonly observer: Pick<Observer, 'awaitReady' | 'verify'>;
  /** Where images go, as text: registry and repository prefix. */
  readonly target: string;
}

/** What runs need beside the parts. */
export interface BuildParts extends WorkParts {
  /** Absolute; what relative paths of diagnostics start from. */
  readonly projectRoot: string;
  readonly scanner: InputScanner;
  readonly records: Records;
  readonly written: WrittenFiles;
  /** Whether a service's unit tests run with its build. */
  readonly testsRun: (service: ServiceConfig) => boolean;
}
