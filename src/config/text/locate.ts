/** Makes a diagnostic with an excerpt from a place in a file and a message, and sorts diagnostics for reading. */
import { diagnosticLocation, type Diagnostic } from '../../core/diagnostic.ts';
import type { Origin } from './tree.ts';

/** An error at a place in a file, with the line of the file as its excerpt. */
export function diagnosticAt(origin: Origin, message: string, hint?: string): Diagnostic {
  const { source, line, column, length } = origin;
  const excerpt = source.lines[line - 1];
  return {
    severity: 'error',
    message,
    file: source.shown,
    line,
    column,
    length,
    ...(excerpt === undefined ? {} : { excerpt }),
    ...(hint === undefined ? {} : { hint }),
  };
}

/** `file:line`, for messages that mention a second place. */
export function placeText(origin: Origin): string {
  return `${origin.source.shown}:${origin.line}`;
}

/**
 * The diagnostics without duplicates, sorted by line and column within a file. Files keep the order in which they first
 * appear in the input.
 */
export function sortedDiagnostics(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const files = [...new Set(diagnostics.map(({ file }) => file ?? ''))];
  const seen = new Set<string>();
  return diagnostics
    .filter((diagnostic) => {
      const key = `${diagnosticLocation(diagnostic)} ${diagnostic.message}`;
      return !seen.has(key) && seen.add(key);
    })
    .sort(
      (a, b) =>
        files.indexOf(a.file ?? '') - files.indexOf(b.file ?? '') ||
        (a.line ?? 0) - (b.line ?? 0) ||
        (a.column ?? 0) - (b.column ?? 0),
    );
}
