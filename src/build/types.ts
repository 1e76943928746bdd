/** What a jar builder and an image builder are. Implementations: maven.ts, gradle.ts, buildah.ts; decorators share these types. */
import type { ServiceConfig } from '../config/model.ts';
import type { Artifact, StageOutcome } from '../core/events.ts';
import type { Stage } from '../core/routes.ts';
import type { Outcome } from '../core/outcome.ts';

/** How a stage of work reports itself; bound to one service and one run by whoever starts the work. */
export interface StageReporter {
  started(stage: Stage): void;
  output(stage: Stage, stream: 'stdout' | 'stderr', line: string): void;
  finished(stage: Stage, outcome: StageOutcome, detail?: string): void;
  /** Something that the user should see although the work goes on; one line. */
  warn(message: string): void;
}

/** What every piece of work gets beside its request. */
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
  /** Absolute path of a private copy, which nobody writes to. Kept until the second next build of the service. */
  readonly path: string;
  /** Absolute path in the build tool's output folder: what a Containerfile's COPY finds. */
  readonly built: string;
  /** `sha256` of the file's bytes, hex. */
  readonly sha256: string;
}

/** What a jar is made from. All paths are absolute. */
export interface JarInputs {
  /** Files and folders whose content decides the jar: source roots, build files, of upstream modules too. */
  readonly paths: readonly string[];
  /** Those of them that are compiled or packed as they are, whether git ignores what lies in them or not. */
  readonly sources: readonly string[];
  /** Folders that the build writes, which are no inputs whatever they lie in. */
  readonly outputs: readonly string[];
}

/** Builds executable jars. A builder of several tools puts the tool before the folder. */
export interface JarBuilder {
  /**
   * Identifies the build that the service belongs to (Maven's reactor, Gradle's root) by its absolute folder: two services
   * with the same one are never built at the same time, and are built by one invocation when both need it.
   */
  reactorOf(service: ServiceConfig): Promise<Outcome<string>>;
  inputsOf(service: ServiceConfig): Promise<Outcome<JarInputs>>;
  /** Builds; the stages reported are `compile` and `package`. */
  build(request: JarRequest, context: WorkContext): Promise<Outcome<ReadonlyMap<string, Jar>>>;
}

/** One image to build and push. */
export interface ImageRequest {
  readonly service: ServiceConfig;
  /** Absent for a service whose Containerfile needs no jar of ours. */
  readonly jar?: Jar;
  /** Hash over every input of jar and image; the records find the artifact by it. The tag is the image's own id. */
  readonly inputHash: string;
}

/** Builds an image and brings it to where the node pulls it from. */
export interface ImageBuilder {
  /** The stages reported are `image` and `push`. The artifact's digest is confirmed by the registry. */
  build(request: ImageRequest, context: WorkContext): Promise<Outcome<Artifact>>;
}
