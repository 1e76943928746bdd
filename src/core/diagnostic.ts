/**
 * A message about a place in a file, and its lines on a screen: `file:line:column`, an excerpt, a caret, a hint. Errors
 * of the configuration, of compilers and of charts all become diagnostics, so that they look the same everywhere.
 */

/** An `error` stops the stage that found it, a `warning` does not. */
export type Severity = 'error' | 'warning';

/** One message about one place. Lines and columns count from 1, as in editors. */
export interface Diagnostic {
  readonly severity: Severity;
  readonly message: string;
  /** The path as the user would type it: relative to the project if that is shorter, otherwise absolute. */
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  /** Length of the marked text on `line` in characters. Absent: 1. */
  readonly length?: number;
  /** The text of `line` without the line break. Absent if the file could not be read. */
  readonly excerpt?: string;
  /** What to type or change next. */
  readonly hint?: string;
}

const maxExcerpt = 100;

/** `file:line:column`, or as much of it as is known. Empty if the diagnostic has no file. */
export function diagnosticLocation(diagnostic: Diagnostic): string {
  if (diagnostic.file === undefined) return '';
  const line = diagnostic.line === undefined ? '' : `:${diagnostic.line}`;
  const column =
    diagnostic.line === undefined || diagnostic.column === undefined ? '' : `:${diagnostic.column}`;
  return `${diagnostic.file}${line}${column}`;
}

/**
 * The lines that show a diagnostic: location and message, the excerpt with a caret under the marked text, and the hint.
 * They have no colour; reporters add it. A long excerpt is cut around the caret.
 */
export function diagnosticLines(diagnostic: Diagnostic): string[] {
  const location = diagnosticLocation(diagnostic);
  const lines = [`${location === '' ? '' : `${location}: `}${diagnostic.severity}: ${diagnostic.message}`];
  if (diagnostic.excerpt !== undefined && diagnostic.line !== undefined) {
    const column = diagnostic.column ?? 1;
    const start = Math.max(0, Math.min(column - 1 - 40, diagnostic.excerpt.length - maxExcerpt));
    const shown = diagnostic.excerpt.slice(start, start + maxExcerpt);
    const gutter = String(diagnostic.line);
    lines.push(`  ${gutter} | ${shown}`);
    if (diagnostic.column !== undefined) {
      const offset = column - 1 - start;
      // A tab is put under each tab, so that the caret is under its text with any tab width.
      const pad = shown.slice(0, offset).replace(/[^\t]/g, ' ').padEnd(offset);
      const carets = '^'.repeat(Math.max(1, Math.min(diagnostic.length ?? 1, shown.length - offset)));
      lines.push(`  ${' '.repeat(gutter.length)} | ${pad}${carets}`);
    }
  }
  if (diagnostic.hint !== undefined) lines.push(`  hint: ${diagnostic.hint}`);
  return lines;
}
