/**
 * What a jar builder and an image builder are. The builders of Maven, Gradle, Buildah and the others implement these
 * types, and so do wrappers around them.
 */
import type { ServiceConfig } from '../config/model.ts';
import type { Artifact, StageOutcome } from '../core/events.ts';
import type { Stage } from '../core/routes.ts';
import type { Outcome } from '../core/outcome.ts';

/** How a stage of work reports itself. Whoever starts the work binds it to one service and one run. */
export interface StageReporter {
  started(stage: Stage): void;
  output(stage: Stage, stream: 'stdout' | 'stderr', line: string): void;
  finished(stage: Stage, outcome: StageOutcome, detail?: string): void;
  /** Shows the user one line. The work goes on. */
  warn(message: string): void;
}

/** What every piece of work gets besides its request. */
export interface WorkContext {
  readonly signal: AbortSignal;
  readonly report: StageReporter;
}

/** One invocation of a build tool for one or more services of the same reactor. */
export interface JarRequest {
  /** Services of one reactor (`JarBuilder.reactorOf` is equal), at least one. */
  readonly services: readonly ServiceConfig[];
  readonly tests: boolean;
}

/** An executable Spring Boot jar, found by its content. */
export interface Jar {
  readonly service: string;
  /** Absolute path of a private copy that nobody writes to. It is kept until the second next build of the service. */
  readonly path: string;
  /** Absolute path in the build tool's output folder. A Containerfile's COPY finds the jar there. */
  readonly built: string;
  /** `sha256` of the file's bytes, hex. */
  readonly sha256: string;
}

/** What a jar is made from. All paths are absolute. */
export interface JarInputs {
  /**
   * Files and folders whose content decides the jar: source roots and build files, including those of upstream
   * modules.
   */
  readonly paths: readonly string[];
  /**
   * Those of `paths` that are compiled or packed as they are. It does not matter whether git ignores what is in them.
   */
  readonly sources: readonly string[];
  /** Folders that the build writes. They are never inputs, wherever they are. */
  readonly outputs: readonly string[];
}

/** Builds executable jars. A builder of several tools puts the tool's name before the folder in `reactorOf`. */
export interface JarBuilder {
  /**
   * Identifies the build that the service belongs to (Maven's reactor, Gradle's root) by its absolute folder. Two
   * services with the same one are never built at the same time. One invocation builds both if both need it.
   */
  reactorOf(service: ServiceConfig): Promise<Outcome<string>>;
  inputsOf(service: ServiceConfig): Promise<Outcome<JarInputs>>;
  /** Builds the jars of all services of the request, by service. The stages reported are `compile` and `package`. */
  build(request: JarRequest, context: WorkContext): Promise<Outcome<ReadonlyMap<string, Jar>>>;
}

/** One image to build and push. */
export interface ImageRequest {
  readonly service: ServiceConfig;
  /** Absent if the service's Containerfile needs no jar of ours. */
  readonly jar?: Jar;
  /** Hash over every input of jar and image. The records find the artifact by it. The tag is the image's own id. */
  readonly inputHash: string;
}

/** Builds an image, and brings it to the place that the nodes pull it from. */
export interface ImageBuilder {
  /**
   * Builds one image. The stages reported are `image` and `push`. The registry has confirmed the artifact's digest.
   */
  build(request: ImageRequest, context: WorkContext): Promise<Outcome<Artifact>>;
}
