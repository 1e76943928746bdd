/**
 * What runs and the loop need from the rest of appdev, as small interfaces. Tests implement them in memory.
 * app/compose fills them with the real parts.
 */
import type { ImageBuilder, JarBuilder, WorkContext } from '../../build/types.ts';
import type { ServiceConfig } from '../../config/model.ts';
import type { Observer, Renderer, Way } from '../../deploy/types.ts';
import type { Artifact } from '../../core/events.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { InputScanner } from '../../watch/types.ts';
import type { Origin } from './member.ts';
import type { WrittenFiles } from './written.ts';

/** Asks the place that images go to whether it still has an artifact. */
export interface ManifestLookup {
  /** True if the artifact's repository has its digest now. */
  has(artifact: Artifact, signal: AbortSignal): Promise<Outcome<boolean>>;
}

/** What earlier runs and sessions built. */
export interface Records {
  /**
   * The artifact that a service's inputs were built into for a target; undefined if there is none. `tests` is the
   * hash of the test sources that must have passed with it. It is empty if the tests do not run.
   */
  find(service: string, inputs: RecordKey): Promise<Artifact | undefined>;
  /** The artifact that was remembered last. */
  newest(service: string): Promise<Artifact | undefined>;
  /** Remembers an artifact. If the record cannot be written, that is not a failure: it only costs a build later. */
  add(service: string, inputs: RecordKey, artifact: Artifact): Promise<void>;
}

/** What an artifact was built from. */
export interface RecordKey {
  readonly inputHash: string;
  readonly tests: string;
  /** Where it was pushed to, as text. */
  readonly target: string;
}

/** The parts that build and deploy. */
export interface WorkParts {
  readonly jarBuilder: JarBuilder;
  readonly imageBuilder: ImageBuilder;
  readonly manifests: ManifestLookup;
  /**
   * Judges an image by the registry's scan before it is deployed. Fails with SCAN_GATE or SCAN_INCOMPLETE. The stage
   * reported is `scan`. Absent if there is no registry to ask.
   */
  readonly admit?: (artifact: Artifact, origin: Origin, context: WorkContext) => Promise<Outcome<void>>;
  /**
   * Publishes an image that the registry's scan admits: adds further tags, and copies it if the nodes pull from
   * elsewhere.
   */
  readonly publish: (artifact: Artifact, context: WorkContext) => Promise<Outcome<void>>;
  readonly renderer: Renderer;
  readonly way: Pick<Way, 'apply' | 'settle'>;
  readonly observer: Pick<Observer, 'awaitReady' | 'verify'>;
  /** Where images go, as text: registry and repository prefix. */
  readonly target: string;
}

/** What runs need besides the parts. */
export interface BuildParts extends WorkParts {
  /** Absolute. Relative paths of diagnostics start from it. */
  readonly projectRoot: string;
  readonly scanner: InputScanner;
  readonly records: Records;
  readonly written: WrittenFiles;
  /** Whether a service's unit tests run with its build. */
  readonly testsRun: (service: ServiceConfig) => boolean;
}
