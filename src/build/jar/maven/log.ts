/**
 * Reads what Maven prints during a build: how many files are compiled, and which lines are worth showing. Which goal runs
 * says the listener. Pure. The formats are those of Maven 3.6 to 4.0.
 */

/** How many source files the compiler says that it compiles; undefined for any other line. */
export function compiledIn(line: string): number | undefined {
  const files = /^\[INFO\] Compiling (\d+) source files?/.exec(line)?.[1];
  return files === undefined ? undefined : Number(files);
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
