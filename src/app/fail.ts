/** How failures end a command: as an error on standard error with its exit code, and a bug of ours as INTERNAL. */
import { appdevError, exitCodeOf, type AppdevError } from '../core/errors.ts';
import type { NotOk } from '../core/outcome.ts';
import { errorLines } from '../ui/lines/error-lines.ts';
import { version } from '../core/version.ts';
import type { Mask } from './secrets.ts';

/** Exit code of a session that a signal cut short, when no signal's own code is known. */
const interrupted = 130;

/** Prints a failure to standard error, with what `mask` knows left out. */
export function printError(error: AppdevError, mask: Mask): void {
  process.stderr.write(`${errorLines(mask(error)).join('\n')}\n`);
}

/** Prints what went wrong, if anything did, and returns the exit code. */
export function exitWith(result: NotOk, mask: Mask): number {
  if (result.kind === 'cancelled') return interrupted;
  printError(result.error, mask);
  return exitCodeOf(result.error);
}

/** What an exception becomes: expected failures are values, so it is a bug of appdev. */
export function internalError(error: unknown): AppdevError {
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return appdevError('INTERNAL', 'appdev itself failed; this is a bug of appdev', {
    evidence: detail.split('\n'),
    hint: `report it with the lines above, appdev ${version}, Node ${process.version} and what you typed`,
  });
}
