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

/** One invocation of a build tool, which compiles one or more services of the same reactor. */
export interface CompileRequest {
  /** Services of one reactor (`JarBuilder.reactorOf` is equal), at least one. */
  readonly services: readonly ServiceConfig[];
}

/** One invocation of a build tool, which compiles and packs them. */
export interface JarRequest extends CompileRequest {
  /** Whether their unit tests run as well. */
  readonly tests: boolean;
}

/** An output folder of a build tool: the classes of a module, its resources, or both. */
export interface ClassFolder {
  /** Absolute. The next build writes to it. */
  readonly path: string;
  /**
   * The files in it when the compilation had ended: path below the folder, with slashes → `sha256` of the bytes, hex.
   * Times tell nothing, because a build may write a file again with the same bytes.
   */
  readonly files: ReadonlyMap<string, string>;
}

/** The own code of a service, compiled. Only folders that exist are listed, in the order of the class path. */
export interface Classes {
  readonly service: string;
  /** The folders of the module that makes the service's jar. */
  readonly own: readonly ClassFolder[];
  /** The folders of the modules of the same reactor whose classes it needs at run time. */
  readonly upstream: readonly ClassFolder[];
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
  /** True if the build could not say what it reads. Then it is asked again at the next look. */
  readonly isGuess?: true;
}

/** Builds executable jars. A builder of several tools puts the tool's name before the folder in `reactorOf`. */
export interface JarBuilder {
  /**
   * Identifies the build that the service belongs to (Maven's reactor, Gradle's root) by its absolute folder. Two
   * services with the same one are never built at the same time. One invocation builds both if both need it.
   */
  reactorOf(service: ServiceConfig): Promise<Outcome<string>>;
  inputsOf(service: ServiceConfig): Promise<Outcome<JarInputs>>;
  /**
   * Compiles the services and what they need of their reactor, and copies the resources. Returns the classes by
   * service. The stage reported is `compile`. No test runs, no executable jar is made, and older ones stay as they are.
   * What plugins add only to the jar is missing. Any mix of `compile` and `package` ends in the jars of a clean build.
   *
   * Fails with SOURCE_BUILD_FAILED if the sources do not compile, with the same diagnostics as `package`. The same code
   * says that the build left no classes, or that Maven cannot compile a module before another one is packed. All other
   * failures are those of `package` too, except that tests cannot fail.
   */
  compile(request: CompileRequest, context: WorkContext): Promise<Outcome<ReadonlyMap<string, Classes>>>;
  /**
   * Builds the executable jars of the services, by service. The stages reported are `compile` and `package`. One
   * invocation does both, so it needs no `compile` before it.
   *
   * Fails with:
   * - SOURCE_BUILD_FAILED if the sources do not compile or the build tool fails otherwise;
   * - TESTS_FAILED;
   * - JAR_NOT_FOUND or JAR_AMBIGUOUS if the build makes no executable jar, or several;
   * - SOURCE_CHANGED if another program keeps writing to the output;
   * - CONFIG_INVALID if the service is not part of a build;
   * - TOOL_MISSING or DISK_FULL.
   */
  package(request: JarRequest, context: WorkContext): Promise<Outcome<ReadonlyMap<string, Jar>>>;
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
