/**
 * The errors for compile errors and failed tests, shared by all build tools. Pure. Each tool's own messages are read in
 * its own file.
 */
import type { Diagnostic } from '../../core/diagnostic.ts';
import { appdevError, type AppdevError } from '../../core/errors.ts';
import { count } from '../../core/words.ts';
import type { FailedTests } from './test-report.ts';

/** The error for sources that do not compile. `services`: names, for the message. */
export function compileFailure(services: string, diagnostics: readonly Diagnostic[]): AppdevError {
  const files = [...new Set(diagnostics.map(({ file }) => file?.slice(file.lastIndexOf('/') + 1)))];
  const where = files.length === 1 ? ` in ${files[0]}` : ` in ${files.length} files`;
  const what = count(diagnostics.length, 'compile error');
  const hint =
    diagnostics.length === 1
      ? 'fix it and save'
      : 'fix the first one and save; it may have caused the others';
  return appdevError('SOURCE_BUILD_FAILED', `${services}: ${what}${where}`, {
    hint,
    diagnostics,
  });
}

/** The error for failed tests. `alone` makes the command that runs only these test classes, from their simple names. */
export function testFailure(
  services: string,
  { run, failed, diagnostics }: FailedTests,
  alone: (classes: readonly string[]) => string,
): AppdevError {
  const classes = [...new Set(diagnostics.map(({ message }) => message.slice(0, message.indexOf('.'))))];
  return appdevError('TESTS_FAILED', `${services}: ${failed} of ${run} tests failed: ${classes.join(', ')}`, {
    hint: `to run only these: ${alone(classes)}; to build without tests, set jar.tests: skip in appdev.yaml`,
    diagnostics,
  });
}
