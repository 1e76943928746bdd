/**
 * Follows what Gradle prints during a build: which tasks run, when the services' classes are ready to be packed, and
 * which lines are worth showing. Pure. The formats are those of the plain console: recorded with 4.4.1, and for the
 * form with `> Task` from the documentation of later versions.
 */

/** What a line means to the build. */
export type GradleEvent =
  | { readonly type: 'compiling' }
  /** The classes of every service are compiled; what follows packs them. */
  | { readonly type: 'packs' };

/** `:app:compileJava UP-TO-DATE` in Gradle 4, `> Task :app:compileJava UP-TO-DATE` in later versions. */
const taskLine = /^(?:> Task )?(:[^\s:]+(?::[^\s:]+)*)(?: ([A-Z][A-Z-]*))?$/;
const compileTask = /:compile(?!Test)\w*(?:Java|Kotlin|Groovy|Scala)$/;

/** One build's log so far. */
export class GradleLog {
  readonly #waiting: Set<string>;
  readonly #jars: ReadonlySet<string>;
  readonly #compiled = new Set<string>();
  /** Tasks that ran, or had nothing to do because what they make is there. */
  readonly #done = new Set<string>();
  #isQuiet = true;
  #failed = false;

  /** @param jars full names of the tasks that make the jars: `:app:bootJar`. */
  constructor(jars: readonly string[]) {
    this.#jars = new Set(jars);
    this.#waiting = new Set(jars.map((jar) => jar.slice(0, jar.lastIndexOf(':'))));
  }

  /** Reads the next line of standard output. */
  read(line: string): GradleEvent | undefined {
    const [, task, outcome] = taskLine.exec(line) ?? [];
    if (task !== undefined || line.startsWith('BUILD SUCCESSFUL')) this.#isQuiet = false;
    if (task === undefined) return undefined;
    if (outcome !== 'SKIPPED' && outcome !== 'NO-SOURCE') this.#done.add(task);
    if (compileTask.test(task)) {
      const skipped = outcome !== undefined && outcome !== 'FAILED';
      if (skipped || this.#compiled.has(task)) return undefined;
      this.#compiled.add(task);
      return { type: 'compiling' };
    }
    const project = task.slice(0, task.lastIndexOf(':'));
    const isReady = task === `${project}:classes` || this.#jars.has(task);
    return isReady && this.#waiting.delete(project) && this.#waiting.size === 0
      ? { type: 'packs' }
      : undefined;
  }

  /**
   * The tasks for jars that Gradle left out, although it succeeded: by `onlyIf`, by `-x`, or in a dry run. Empty if the
   * log is quiet (`-q`) and shows no tasks.
   */
  leftOut(): readonly string[] {
    return this.#isQuiet ? [] : [...this.#jars].filter((jar) => !this.#done.has(jar));
  }

  /**
   * True if the next line of either stream is worth showing. Gradle's report of a failure is not, because the error
   * says the same.
   */
  shows(line: string): boolean {
    this.#failed ||= line.startsWith('FAILURE: ');
    return !this.#failed && isWorthShowing(line);
  }
}

/** Lines that Gradle prints in every build, or if it fails; the error says the same in fewer words. */
const chatter = [
  /^> (?:Task|Configure project|IDLE) ?/,
  /^BUILD (?:SUCCESSFUL|FAILED) in /,
  /^\d+ actionable tasks?: /,
  /^(?:Download|Downloading) /,
  /^(?:Starting a Gradle Daemon|Daemon will be stopped|Reusing configuration cache|Calculating task graph|Configuration cache entry)/,
  /^To honour the JVM settings for this build/,
  /^FAILURE: /,
  // Debian's script first runs java -version.
  /^openjdk version |^OpenJDK (?:64-Bit|Runtime|Server|Client)/,
  // What newer JDKs say about Gradle itself.
  /^WARNING: .*(?:terminally deprecated|org\.gradle\.|net\.rubygrapefruit|native-platform|restricted method|maintainers of|will be (?:removed|blocked)|illegal reflective|An illegal|--illegal-access|All illegal|--enable-native-access|System::load)/,
];

/** True for a line that says something: warnings, errors, and what compilers, tests and tasks print. */
export function isWorthShowing(line: string): boolean {
  return line.trim() !== '' && !taskLine.test(line) && !chatter.some((pattern) => pattern.test(line));
}
