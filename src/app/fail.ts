/** Ends a command that failed: prints the error to standard error and returns its exit code. Bugs become INTERNAL. */
import { appdevError, exitCodeOf, type AppdevError } from '../core/errors.ts';
import type { NotOk } from '../core/outcome.ts';
import { errorLines } from '../ui/lines/error-lines.ts';
import { version } from '../core/version.ts';
import { unexpectedDiskFull } from '../support/files/disk-full.ts';
import type { Mask } from './secrets.ts';

/** The exit code of a cancelled session if the signal is not known. It is that of Ctrl-C. */
const interrupted = 130;

/** Prints an error to standard error, without the secrets that `mask` knows. */
export function printError(error: AppdevError, mask: Mask): void {
  process.stderr.write(`${errorLines(mask(error)).join('\n')}\n`);
}

/** Prints the error, unless the work was cancelled, and returns the exit code. */
export function exitWith(result: NotOk, mask: Mask): number {
  if (result.kind === 'cancelled') return interrupted;
  printError(result.error, mask);
  return exitCodeOf(result.error);
}

/**
 * Makes the error for an exception that nothing expected. Expected failures are values, so it is a bug of appdev. Only a
 * disk can be full at any moment.
 */
export async function unexpectedError(error: unknown): Promise<AppdevError> {
  return (await unexpectedDiskFull(error)) ?? internalError(error);
}

function internalError(error: unknown): AppdevError {
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return appdevError('INTERNAL', 'appdev itself failed; this is a bug of appdev', {
    evidence: detail.split('\n'),
    hint: `report it with the lines above, what you typed, and the versions: appdev ${version}, Node ${process.version}`,
  });
}
