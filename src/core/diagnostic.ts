/**
 * A message about a place in a file, and how it is drawn: `file:line:column`, an excerpt, a caret, a hint.
 * Config errors, compiler errors and chart errors all become diagnostics, so that every screen shows them alike.
 * Knows nothing of where diagnostics come from or where they are printed.
 */

/** How bad it is: an `error` stops the stage that found it, a `warning` does not. */
export type Severity = 'error' | 'warning';

/** One message about one place. Lines and columns count from 1, as editors show them. */
export interface Diagnostic {
  readonly severity: Severity;
  readonly message: string;
  /** Path as the user would type it: relative to the project where that is shorter, else absolute. */
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  /** Length of the marked text on `line`, in characters; 1 when unknown. */
  readonly length?: number;
  /** The text of `line`, without its line end, when the file could be read. */
  readonly excerpt?: string;
  /** What to type or change next. */
  readonly hint?: string;
}

const maxExcerpt = 100;

/** `file:line:column`, as far as it is known; empty when the diagnostic has no file. */
export function diagnosticLocation(diagnostic: Diagnostic): string {
  if (diagnostic.file === undefined) return '';
  const line = diagnostic.line === undefined ? '' : `:${diagnostic.line}`;
  const column =
    diagnostic.line === undefined || diagnostic.column === undefined ? '' : `:${diagnostic.column}`;
  return `${diagnostic.file}${line}${column}`;
}

/**
 * The lines that show a diagnostic: location and message, then the excerpt with a caret under the marked text,
 * then the hint. No colour: reporters add it. Long excerpts are cut around the caret.
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
      // Tabs are kept under tabs, so that the caret stands under its text whatever the tab width.
      const pad = shown.slice(0, offset).replace(/[^\t]/g, ' ').padEnd(offset);
      const carets = '^'.repeat(Math.max(1, Math.min(diagnostic.length ?? 1, shown.length - offset)));
      lines.push(`  ${' '.repeat(gutter.length)} | ${pad}${carets}`);
    }
  }
  if (diagnostic.hint !== undefined) lines.push(`  hint: ${diagnostic.hint}`);
  return lines;
}
