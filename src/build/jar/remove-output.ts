/** Removes build output that is out of date. */
import { rm } from 'node:fs/promises';
import { failed, ok, type Outcome } from '../../core/outcome.ts';
import { codeOf } from '../../support/fields.ts';

/**
 * Removes files and folders. What does not exist is not an error. Fails with SOURCE_BUILD_FAILED if removing is not
 * permitted.
 */
export async function removeOutput(paths: readonly string[]): Promise<Outcome<void>> {
  for (const path of paths) {
    try {
      // An IDE may put a file into a folder while it is being removed.
      await rm(path, { recursive: true, force: true, maxRetries: 5 });
    } catch (error) {
      const message = `${path} is out of date and cannot be removed (${codeOf(error)})`;
      return failed('SOURCE_BUILD_FAILED', message, {
        hint: `remove it as the user that owns it (ls -ld ${path}); a build by another user may have made it`,
      });
    }
  }
  return ok(undefined);
}
