/** The arguments of one invocation of Maven. Pure. */
import type { JarStage } from '../stages.ts';

/** What one invocation should do. */
export interface MavenRequest {
  /** Classes, or jars. */
  readonly last: JarStage;
  /** Modules in the form of `-pl`. If empty, the whole reactor is built, because its top is the module. */
  readonly modules: readonly string[];
  readonly tests: boolean;
  readonly offline: boolean;
  /** True if a module needs a jar of test classes. Then those must be compiled even if no tests run. */
  readonly usesTestJar: boolean;
  /** The user's own arguments. */
  readonly args: readonly string[];
  /** Folder with the class that tells appdev what Maven does. */
  readonly listener: string;
}

/**
 * `mvn … package` or `mvn … process-classes`. If tests are skipped, their sources are not even compiled, unless another module needs them (saves 0.7 s on the
 * sample app). Never `clean`, which would make every build a full one. Never the compiler's own incremental mode, which
 * misses users of a changed signature.
 */
export function mavenArguments(request: MavenRequest): string[] {
  const { last, modules, tests, usesTestJar, args } = request;
  const skip = usesTestJar ? ['-DskipTests'] : ['-DskipTests', '-Dmaven.test.skip=true'];
  return [
    ...common(request),
    ...(modules.length === 0 ? [] : ['-pl', modules.join(','), '-am']),
    ...(tests ? [] : skip),
    ...args,
    last === 'package' ? 'package' : compilePhase(request),
  ];
}

/** `mvn … validate`, for a Maven that the listener ends before the first goal. All modules, as the poms name them. */
export function questionArguments(request: Pick<MavenRequest, 'offline' | 'args' | 'listener'>): string[] {
  return [...common(request), ...request.args, 'validate'];
}

function common({ offline, args, listener }: Pick<MavenRequest, 'offline' | 'args' | 'listener'>): string[] {
  return [
    '-B',
    '-ntp',
    '-Dstyle.color=never',
    `-Dmaven.ext.class.path=${listener}`,
    ...(offline && !mindsNetwork(args) ? ['-o'] : []),
  ];
}

/**
 * The phase after which the classes are complete: plugins may still change them after javac. A module that needs a jar
 * of test classes gets their folder, if they are compiled by then.
 */
function compilePhase({ usesTestJar }: MavenRequest): string {
  return usesTestJar ? 'process-test-classes' : 'process-classes';
}

/** True if the user's arguments already say whether Maven may use the network. */
export function mindsNetwork(args: readonly string[]): boolean {
  return args.some((arg) => ['-o', '--offline', '-U', '--update-snapshots'].includes(arg));
}
