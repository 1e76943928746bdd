/**
 * Reads failed tests in Gradle's output, as diagnostics: which test, its message, and the line of the test that failed.
 * Pure, like build/jar/test-report.ts. Expects the long form of failures, which init-script.ts asks for.
 */
import type { Diagnostic } from '../../../core/diagnostic.ts';
import { maxDiagnostics } from '../compiler-output.ts';
import type { FailedTests, TestFiles } from '../test-report.ts';

/** `com.example.ATest > adds FAILED`, with JUnit 5 `ATest > adds(int) > [1] 3 FAILED`. */
const testLine = /^(?!> )(?=.* FAILED$)(\S.*?) > (.+) FAILED$/;
const totals = /^(\d+) tests? completed, (\d+) failed/;

/** The failed tests; undefined if no test run failed. */
export function failedGradleTests(lines: readonly string[], files: TestFiles): FailedTests | undefined {
  let run = 0;
  let failed = 0;
  const diagnostics: Diagnostic[] = [];
  for (const [index, line] of lines.entries()) {
    const [, all, failures] = totals.exec(line) ?? [];
    run += Number(all ?? 0);
    failed += Number(failures ?? 0);
    const [, suite, test] = testLine.exec(line) ?? [];
    if (suite === undefined || test === undefined || diagnostics.length >= maxDiagnostics) continue;
    const block = blockAfter(lines, index + 1);
    const simple = suite.slice(suite.lastIndexOf('.') + 1);
    const said = block.find((text) => text.trim() !== '')?.trim() ?? 'failed';
    diagnostics.push({
      severity: 'error',
      message: `${simple}.${test}: ${said.replace(/^[\w.$]+\.(\w+(?:Error|Exception|Failure)):? ?/, '$1: ')}`,
      ...place(suite, block, files),
    });
  }
  return failed === 0 ? undefined : { run, failed: Math.max(failed, diagnostics.length), diagnostics };
}

/** The lines of a failure's report. They are indented; a line without indentation ends it. */
function blockAfter(lines: readonly string[], start: number): readonly string[] {
  const end = lines.findIndex((line, index) => index >= start && line.trim() !== '' && !/^\s/.test(line));
  return lines.slice(start, end === -1 ? lines.length : end);
}

/** The innermost stack frame in the test class: its name is the suite's, or ends with it. */
function place(suite: string, block: readonly string[], files: TestFiles): Partial<Diagnostic> {
  for (const text of block) {
    const [, name, row] = /^\s*at (?:[^\s(]*\/)?([\w.$]+)\.[\w$<>]+\([^:)]*:(\d+)\)/.exec(text) ?? [];
    const outer = name?.replace(/\$.*/, '');
    if (outer === undefined || (outer !== suite && !outer.endsWith(`.${suite}`))) continue;
    const path = files.testSource(outer);
    if (path === undefined) continue;
    const line = Number(row);
    const excerpt = files.line(path, line);
    return { file: files.name(path), line, ...(excerpt === undefined ? {} : { excerpt }) };
  }
  return {};
}
