/** How a command without a reporter ends with a failure: the error on standard error, and its exit code. */
import { exitCodeOf, type AppdevError } from '../errors.ts';
import type { NotOk } from '../outcome.ts';
import { errorLines } from '../ui/error-lines.ts';

/** Exit code of a session that a signal cut short, when no signal's own code is known. */
const interrupted = 130;

/** Prints a failure to standard error. */
export function printError(error: AppdevError): void {
  process.stderr.write(`${errorLines(error).join('\n')}\n`);
}

/** Prints what went wrong, if anything did, and returns the exit code. */
export function exitWith(result: NotOk): number {
  if (result.kind === 'cancelled') return interrupted;
  printError(result.error);
  return exitCodeOf(result.error);
}
