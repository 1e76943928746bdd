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
  const { last, modules, tests, offline, usesTestJar, args, listener } = request;
  const skip = usesTestJar ? ['-DskipTests'] : ['-DskipTests', '-Dmaven.test.skip=true'];
  return [
    '-B',
    '-ntp',
    '-Dstyle.color=never',
    `-Dmaven.ext.class.path=${listener}`,
    ...(offline && !mindsNetwork(args) ? ['-o'] : []),
    ...(modules.length === 0 ? [] : ['-pl', modules.join(','), '-am']),
    ...(tests ? [] : skip),
    ...args,
    last === 'package' ? 'package' : compilePhase(request),
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
