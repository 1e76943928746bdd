/**
 * Reads compilers' errors in a build tool's output, as diagnostics with file, line and column. Pure: the caller knows
 * how to name a file and how to read a line of it. The formats are recorded in test/recorded/maven and
 * test/recorded/gradle.
 */
import type { Diagnostic } from '../../core/diagnostic.ts';

/** What the parser needs to know about files. */
export interface SourceFiles {
  /** A path as the user would type it. */
  name(path: string): string;
  /** One line of a file, counted from 1; undefined if it cannot be read. */
  line(path: string, number: number): string | undefined;
}

/** How many diagnostics of one build are kept. Nobody reads more, and the first ones often cause the others. */
export const maxDiagnostics = 50;

/**
 * Errors as Maven prints them. javac: `/p/A.java:[20,16] message`; kotlinc: `/p/A.kt: (20, 16) message` or
 * `file:///p/A.kt:20:16 message`.
 */
const formats = [
  /^\[(ERROR|WARNING)\] (\S.*?\.\w+):\[(\d+)(?:,(\d+))?\] ?(.*)/,
  /^\[(ERROR|WARNING)\] (\S.*?\.kts?): \((\d+), (\d+)\) ?(.*)/,
  /^\[(ERROR|WARNING)\] file:\/\/(\/.*?\.kts?):(\d+):(\d+) ?(.*)/,
];

/**
 * Errors as the compilers print them; Gradle passes them on unchanged. javac: `/p/A.java:20: error: message`, then the
 * line and a caret below the place. kotlinc: `e: file:///p/A.kt:20:16 message`, before 1.8 `e: /p/A.kt: (20, 16):
 * message`.
 */
const ownFormats = [
  /^(?<path>\S.*?\.\w+):(?<row>\d+): error: (?<text>.*)/,
  /^e: file:\/\/(?<path>\/.*?\.kts?):(?<row>\d+):(?<column>\d+) (?<text>.*)/,
  /^e: (?<path>.*?\.kts?): \((?<row>\d+), (?<column>\d+)\): (?<text>.*)/,
];

/** The errors in the compilers' own format, each once, in order. */
export function plainCompilerErrors(lines: readonly string[], files: SourceFiles): Diagnostic[] {
  const found = new Map<string, Diagnostic>();
  for (const [index, line] of lines.entries()) {
    const fields = ownFormats.map((format) => format.exec(line)?.groups).find(Boolean);
    const { path, row, text } = fields ?? {};
    if (path === undefined || row === undefined || found.size >= maxDiagnostics) continue;
    // The caret is two lines below, unless the source line is left out.
    const caret = [2, 1].find((offset) => /^\s*\^\s*$/.test(lines[index + offset] ?? ''));
    const marked = caret === undefined ? undefined : (lines[index + caret]?.indexOf('^') ?? -1) + 1;
    const column = fields?.['column'] === undefined ? marked : Number(fields['column']);
    const details = detailsAfter(lines, index + (caret ?? 0));
    found.set(`${path}:${row}:${column}:${text}`, {
      severity: 'error',
      message: [text ?? '', ...details].filter((part) => part !== '').join('; '),
      file: files.name(path),
      line: Number(row),
      ...(column === undefined ? {} : { column }),
      ...excerpt(files.line(path, Number(row))),
    });
  }
  return [...found.values()];
}

/** The compilers' errors in Maven's output, each once, in order. */
export function compilerErrors(lines: readonly string[], files: SourceFiles): Diagnostic[] {
  const found = new Map<string, Diagnostic>();
  for (const [index, line] of lines.entries()) {
    const [, severity, path, row, column, first] =
      formats.map((format) => format.exec(line)).find(Boolean) ?? [];
    if (severity !== 'ERROR' || path === undefined || row === undefined || found.size >= maxDiagnostics)
      continue;
    // Maven prints every error again in its summary.
    const key = `${path}:${row}:${column}:${first}`;
    if (found.has(key)) continue;
    const message = [first ?? '', ...detailsAfter(lines, index)].filter((text) => text !== '').join('; ');
    found.set(key, {
      severity: 'error',
      message,
      file: files.name(path),
      line: Number(row),
      ...(column === undefined ? {} : { column: Number(column) }),
      ...excerpt(files.line(path, Number(row))),
    });
  }
  return [...found.values()];
}

/** javac explains some errors on indented lines: `symbol: …`, `location: …`, `required: …`. */
function detailsAfter(lines: readonly string[], index: number): string[] {
  const details: string[] = [];
  for (let at = index + 1; details.length < 4; at += 1) {
    const match = /^(?:\[ERROR\])?\s{2,}(\S.*)$/.exec(lines[at] ?? '');
    if (match === null || match[1] === undefined) break;
    details.push(match[1].replace(/\s+/g, ' '));
  }
  return details;
}

function excerpt(line: string | undefined): { readonly excerpt?: string } {
  return line === undefined ? {} : { excerpt: line };
}
