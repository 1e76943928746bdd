/** The arguments of one invocation of Gradle. Pure. */
import { answerProperty } from './init-script.ts';

/** What one invocation is to do. */
export interface GradleRequest {
  /** Full names: `:app:bootJar`. */
  readonly tasks: readonly string[];
  readonly offline: boolean;
  /** Path of the init script, and of the file that the build writes its answer to. */
  readonly initScript: string;
  readonly answer: string;
  /** A question, not a build: it must be answered by the build itself and not by the configuration cache. */
  readonly asks: boolean;
  /** What makes the daemon this session's own. */
  readonly daemon: readonly string[];
  /** The user's own arguments. */
  readonly args: readonly string[];
}

/**
 * `gradle … :app:bootJar`. With the plain console, because its lines tell the stages apart; never `clean`, which would
 * make every build a full one. The configuration cache is used where the project turns it on (gradle.properties, or
 * `jar.args`); it is not forced upon builds that were not made for it.
 */
export function gradleArguments(request: GradleRequest): string[] {
  const { tasks, offline, args } = request;
  const mindsDaemon = args.some((arg) => ['--daemon', '--no-daemon'].includes(arg));
  // As properties, because an older Gradle rejects an option that it does not know; 8.1 took the `unsafe` away.
  const uncached = [
    '-Dorg.gradle.configuration-cache=false',
    '-Dorg.gradle.unsafe.configuration-cache=false',
    '-Dorg.gradle.configureondemand=false',
  ];
  return [
    '--console=plain',
    // The one-off JVM that `org.gradle.daemon=false` asks for would die half way when it is cancelled.
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

/** Whether the user's arguments already say if Gradle may ask the network. */
export function mindsNetwork(args: readonly string[]): boolean {
  return args.some((arg) => ['--offline', '--refresh-dependencies', '-U'].includes(arg));
}
