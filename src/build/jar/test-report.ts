/**
 * Reads failed tests in the output of Surefire and Failsafe, as diagnostics: which test, its message, and the line of
 * the test that failed. Pure, like compiler-output.ts.
 */
import type { Diagnostic } from '../../core/diagnostic.ts';
import { maxDiagnostics, type SourceFiles } from './compiler-output.ts';

/** What the parser needs besides the text of files. */
export interface TestFiles extends SourceFiles {
  /** The source file of a test class, by its full name; undefined if it cannot be found. */
  testSource(className: string): string | undefined;
}

/** Result of a test run that failed. */
export interface FailedTests {
  readonly run: number;
  readonly failed: number;
  readonly diagnostics: readonly Diagnostic[];
}

/** `[ERROR] com.example.ATest.adds(int)[1] -- Time elapsed: 0.01 s <<< FAILURE!` */
const testLine =
  /^\[ERROR\] ([\w.$]+)\.([^\s.(]+(?:\(.*?\))?(?:\[\d+\])?) +(?:-- *)?Time elapsed: .{0,100}<<< (?:FAILURE|ERROR)!/;
const totals = /^\[(?:ERROR|WARNING)\] Tests run: (\d+), Failures: (\d+), Errors: (\d+), Skipped: \d+$/;

/** The failed tests; undefined if no test run failed. */
export function failedTests(lines: readonly string[], files: TestFiles): FailedTests | undefined {
  let run = 0;
  let failed = 0;
  const diagnostics: Diagnostic[] = [];
  for (const [index, line] of lines.entries()) {
    const [, all, failures, errors] = totals.exec(line) ?? [];
    run += Number(all ?? 0);
    failed += Number(failures ?? 0) + Number(errors ?? 0);
    const [, className, method] = testLine.exec(line) ?? [];
    if (className === undefined || method === undefined || diagnostics.length >= maxDiagnostics) continue;
    const block = lines.slice(index + 1, index + 1 + blockLength(lines, index + 1));
    const said = block.find((text) => !/^\s*at /.test(text))?.trim() ?? 'failed';
    const simple = className.slice(className.lastIndexOf('.') + 1);
    diagnostics.push({
      severity: 'error',
      message: `${simple}.${method}: ${said.replace(/^[\w.$]+\.(\w+(?:Error|Exception)): /, '$1: ')}`,
      ...place(className, block, files),
    });
  }
  return failed === 0 && diagnostics.length === 0
    ? undefined
    : { run, failed: Math.max(failed, diagnostics.length), diagnostics };
}

/** How many lines a failure's report has. It ends with an empty line or with Maven's next message. */
function blockLength(lines: readonly string[], start: number): number {
  const end = lines.findIndex(
    (line, index) => index >= start && (line.trim() === '' || /^\[[A-Z]+\]/.test(line)),
  );
  return (end === -1 ? lines.length : end) - start;
}

/** The innermost stack frame in the test class itself. */
function place(className: string, block: readonly string[], files: TestFiles): Partial<Diagnostic> {
  const outer = className.replace(/\$.*/, '');
  const path = files.testSource(outer);
  if (path === undefined) return {};
  const frame = block.find((text) => text.trim().startsWith(`at ${outer}`));
  const line = Number(/:(\d+)\)$/.exec(frame ?? '')?.[1]);
  if (!Number.isInteger(line)) return { file: files.name(path) };
  const excerpt = files.line(path, line);
  return { file: files.name(path), line, ...(excerpt === undefined ? {} : { excerpt }) };
}
