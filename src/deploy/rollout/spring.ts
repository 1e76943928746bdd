/**
 * Finds the useful part of a Java application's last words: Spring Boot's failure analysis, or the root of a stack
 * trace. Pure. Works on log lines with or without a logging prefix.
 */

/** What a log says about why the application ended. */
export interface LastWords {
  /** What went wrong, in one line. */
  readonly cause: string;
  /** What Spring Boot suggests doing about it. */
  readonly action?: string;
}

/**
 * Reads Spring Boot's report (`APPLICATION FAILED TO START`, then `Description:` and `Action:`, as its
 * LoggingFailureAnalysisReporter writes it). Without one, the deepest `Caused by:`, or else the exception itself.
 */
export function lastWords(lines: readonly string[]): LastWords | undefined {
  const start = lines.findLastIndex((line) => line.includes('APPLICATION FAILED TO START'));
  if (start >= 0) {
    const description = paragraphAfter(lines, 'Description:', start);
    if (description !== '') {
      const action = paragraphAfter(lines, 'Action:', start);
      return action === '' ? { cause: description } : { cause: description, action };
    }
  }
  const root =
    lines.findLast((line) => /^Caused by: /.test(line)) ??
    lines.findLast((line) => /^(Exception in thread "[^"]*" |Error: )/.test(line)) ??
    lines.findLast((line) => /^[\w.$]+(Exception|Error): /.test(line));
  return root === undefined
    ? undefined
    : { cause: root.replace(/^(Caused by: |Exception in thread "[^"]*" )/, '') };
}

/** The text between a heading and the next blank line, on one line. */
function paragraphAfter(lines: readonly string[], heading: string, from: number): string {
  const at = lines.findIndex((line, index) => index > from && line.trim() === heading);
  if (at < 0) return '';
  const text: string[] = [];
  for (const line of lines.slice(at + 1)) {
    if (line.trim() !== '') text.push(line.trim());
    else if (text.length > 0) break;
  }
  return text.join(' ');
}
