/**
 * Follows what Maven prints during a build: which goal of which module runs, when the last module is packed, and which
 * lines are worth showing. Pure. The formats are those of Maven 3.6 to 4.0.
 */

/** A goal that Maven announces. */
export interface Goal {
  /** Plugin without `maven-` and `-plugin`: `compiler`, `jar`, `spring-boot`. */
  readonly plugin: string;
  readonly goal: string;
  /** artifactId of the module. */
  readonly module: string;
}

/** What a line means for the build. */
export type LogEvent =
  | {
      readonly type: 'goal';
      readonly goal: Goal;
      /** The last module is being packed. */ readonly packs: boolean;
    }
  | { readonly type: 'compiling'; readonly files: number };

/** `--- maven-jar-plugin:3.4.2:jar (default-jar) @ orders ---`; since Maven 3.9 `jar:3.4.2:jar`. */
const goalLine = /^\[INFO\] --- ([\w.-]+):[^:\s]+:([\w-]+) \([^)]*\) @ (\S+) ---$/;
/** `Building orders 1.0.0  [2/3]`; a single module has no count. */
const moduleLine = /^\[INFO\] Building (?!jar:).*?(?:\[(\d+)\/(\d+)\])?$/;
const compilingLine = /^\[INFO\] Compiling (\d+) source files?/;

/** Goals that put a module's classes into its archive. */
const packing = new Set(['jar:jar', 'war:war', 'spring-boot:repackage']);

/** One build's log so far. */
export class MavenLog {
  #isLastModule = true;

  /** Reads the next line. */
  read(line: string): LogEvent | undefined {
    const goal = parseGoal(line);
    if (goal !== undefined) {
      return { type: 'goal', goal, packs: this.#isLastModule && packing.has(`${goal.plugin}:${goal.goal}`) };
    }
    const module = moduleLine.exec(line);
    if (module !== null) this.#isLastModule = module[1] === module[2];
    const files = compilingLine.exec(line)?.[1];
    return files === undefined ? undefined : { type: 'compiling', files: Number(files) };
  }
}

/** The goal that a line announces; undefined if it announces none. */
export function parseGoal(line: string): Goal | undefined {
  const [, plugin, goal, module] = goalLine.exec(line) ?? [];
  if (plugin === undefined || goal === undefined || module === undefined) return undefined;
  return { plugin: plugin.replace(/^maven-(.*)-plugin$/, '$1').replace(/-maven-plugin$/, ''), goal, module };
}

/** What newer JDKs say about Maven's own libraries. */
const aboutMaven =
  /^WARNING: .*(?:sun\.misc\.Unsafe|terminally deprecated|restricted method|native-access|maintainers of class|java\.lang\.System::load|will be (?:removed|blocked))/;

/** True for a line that tells the user something: warnings, errors, and what compilers, tests and plugins print. */
export function isWorthShowing(line: string): boolean {
  return (
    line.trim() !== '' &&
    !aboutMaven.test(line) &&
    !line.startsWith('[INFO]') &&
    !/^\[(ERROR|WARNING)\]\s*$/.test(line) &&
    !isAdvice(line)
  );
}

/** True for the advice that Maven prints at the end of every failure. */
export function isAdvice(line: string): boolean {
  return /^\[ERROR\] (To see the full stack trace|Re-run Maven using|For more information about|\[Help \d+\]|After correcting the problems|-> \[Help)/.test(
    line,
  );
}
