/** The arguments of one invocation of Maven. Pure. */

/** What one invocation should do. */
export interface MavenRequest {
  /** Modules in the form of `-pl`. If empty, the whole reactor is built, because its top is the module. */
  readonly modules: readonly string[];
  readonly tests: boolean;
  readonly offline: boolean;
  /** True if a module needs a jar of test classes. Then those must be compiled even if no tests run. */
  readonly usesTestJar: boolean;
  /** The user's own arguments. */
  readonly args: readonly string[];
}

/**
 * `mvn … package`. Not `-q`, because the goals that Maven announces tell the stages apart. If tests are skipped, their
 * sources are not even compiled, unless another module needs them (saves 0.7 s on the sample app). Never `clean`, which
 * would make every build a full one. Never the compiler's own incremental mode, which misses users of a changed
 * signature.
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

/** True if the user's arguments already say whether Maven may use the network. */
export function mindsNetwork(args: readonly string[]): boolean {
  return args.some((arg) => ['-o', '--offline', '-U', '--update-snapshots'].includes(arg));
}
