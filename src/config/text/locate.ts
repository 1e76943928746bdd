/** Turns a place in a file and a complaint into a diagnostic with excerpt, and orders diagnostics for reading. */
import { diagnosticLocation, type Diagnostic } from '../../core/diagnostic.ts';
import type { Origin } from './tree.ts';

/** An error at a place of a file. */
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

/** In the order of the text, file by file in the order of their first complaint, each complaint once. */
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
