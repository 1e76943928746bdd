/** The arguments of one invocation of Gradle. Pure. */
import { answerProperty } from './init-script.ts';

/** What one invocation is to do. */
export interface GradleRequest {
  /** Full names, such as `:app:bootJar`. */
  readonly tasks: readonly string[];
  readonly offline: boolean;
  /** Path of the init script, and of the file that the build writes its answer to. */
  readonly initScript: string;
  readonly answer: string;
  /** True for a question, which the build itself must answer, not the configuration cache. */
  readonly asks: boolean;
  /** What makes the daemon belong to this session. */
  readonly daemon: readonly string[];
  /** The user's own arguments. */
  readonly args: readonly string[];
}

/**
 * `gradle … :app:bootJar`. Uses the plain console, because its lines tell the stages apart. Never uses `clean`, which
 * would make every build a full one. Uses the configuration cache if the project turns it on (gradle.properties, or
 * `jar.args`), and never forces it on a build that was not made for it.
 */
export function gradleArguments(request: GradleRequest): string[] {
  const { tasks, offline, args } = request;
  const mindsDaemon = args.some((arg) => ['--daemon', '--no-daemon'].includes(arg));
  // As properties, because an older Gradle rejects an unknown option. Gradle 8.1 dropped the `unsafe`.
  const uncached = [
    '-Dorg.gradle.configuration-cache=false',
    '-Dorg.gradle.unsafe.configuration-cache=false',
    '-Dorg.gradle.configureondemand=false',
  ];
  return [
    '--console=plain',
    // The one-off JVM that `org.gradle.daemon=false` asks for would die half way if it is cancelled.
    ...(mindsDaemon ? [] : ['--daemon']),
    ...request.daemon,
    '-I',
    request.initScript,
    `-D${answerProperty}=${request.answer}`,
    ...(request.asks ? uncached : []),
    ...(offline && !mindsNetwork(args) ? ['--offline'] : []),
    ...args,
    ...tasks,
  ];
}

/** True if the user's arguments already say whether Gradle may use the network. */
export function mindsNetwork(args: readonly string[]): boolean {
  return args.some((arg) => ['--offline', '--refresh-dependencies', '-U'].includes(arg));
}
