/** The arguments of one invocation of Maven. Pure. */

/** What one invocation is to do. */
export interface MavenRequest {
  /** Modules as `-pl` takes them; empty: the whole reactor, whose top is the module. */
  readonly modules: readonly string[];
  readonly tests: boolean;
  readonly offline: boolean;
  /** A module is built from a jar of test classes, so that those have to be compiled whether tests run or not. */
  readonly usesTestJar: boolean;
  /** The user's own arguments. */
  readonly args: readonly string[];
}

/**
 * `mvn … package`. Not `-q`: the goals that it announces are how the stages are told apart. Without tests their sources
 * are not even compiled, unless another module needs them (0.7 s on the sample app). Never `clean`, which would make
 * every build a full one; never the compiler's own incremental mode, which misses users of a changed signature.
 */
export function mavenArguments(request: MavenRequest): string[] {
  const { modules, tests, offline, usesTestJar, args } = request;
  const skip = usesTestJar ? ['-DskipTests'] : ['-DskipTests', '-Dmaven.test.skip=true'];
  return [
    '-B',
    '-ntp',
    '-Dstyle.color=never',
    ...(offline && !mindsNetwork(args) ? ['-o'] : []),
    ...(modules.length === 0 ? [] : ['-pl', modules.join(','), '-am']),
    ...(tests ? [] : skip),
    ...args,
    'package',
  ];
}

/** Whether the user's arguments already say if Maven may ask the network. */
export function mindsNetwork(args: readonly string[]): boolean {
  return args.some((arg) => ['-o', '--offline', '-U', '--update-snapshots'].includes(arg));
}
