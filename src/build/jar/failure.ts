/** The errors that every build tool's compiler and tests end in. Pure; what a tool says of itself is its own file's. */
import type { Diagnostic } from '../../core/diagnostic.ts';
import { appdevError, type AppdevError } from '../../core/errors.ts';
import type { FailedTests } from './test-report.ts';

/** Sources that do not compile. `services`: names, for the message. */
export function compileFailure(services: string, diagnostics: readonly Diagnostic[]): AppdevError {
  const files = [...new Set(diagnostics.map(({ file }) => file?.slice(file.lastIndexOf('/') + 1)))];
  const where = files.length === 1 ? ` in ${files[0]}` : ` in ${files.length} files`;
  const [what, hint] =
    diagnostics.length === 1
      ? ['1 compile error', 'correct it and save']
      : [
          `${diagnostics.length} compile errors`,
          'correct the first one and save; the others may follow from it',
        ];
  return appdevError('SOURCE_BUILD_FAILED', `${services}: ${what}${where}`, {
    hint,
    diagnostics,
  });
}

/** Tests that fail. `alone`: what to type to run test classes alone, by their simple names. */
export function testFailure(
  services: string,
  { run, failed, diagnostics }: FailedTests,
  alone: (classes: readonly string[]) => string,
): AppdevError {
  const classes = [...new Set(diagnostics.map(({ message }) => message.slice(0, message.indexOf('.'))))];
  return appdevError('TESTS_FAILED', `${services}: ${failed} of ${run} tests failed: ${classes.join(', ')}`, {
    hint: `run them alone: ${alone(classes)}; or build without them: jar.tests: skip in appdev.yaml`,
    diagnostics,
  });
}
