/**
 * The entry of the program, and the door: it alone reads the variables and the command line, once, into typed values. It
 * loads the one command that the command line names, and turns the result into an exit code. It prints the failures that
 * no command could show by itself. It also catches exceptions that nothing else caught; each of them is a bug of appdev.
 */
import { fileURLToPath } from 'node:url';
import { exitWith, printError, unexpectedError } from './app/fail.ts';
import { readEnvironment } from './app/environment.ts';
import { parseCommandLine } from './commands/parse.ts';
import { environmentMask } from './app/secrets.ts';
import { followOutput } from './app/standard-output.ts';
import { catchUncaught, onUncaught } from './app/uncaught.ts';
import { exitCodeOf } from './core/errors.ts';
import { ok, type Outcome } from './core/outcome.ts';
import { version } from './core/version.ts';

const environment = readEnvironment(process.env);
/** The pages come with the program, beside the folder of this file. */
const docs = fileURLToPath(new URL('../docs', import.meta.url));

async function main(): Promise<Outcome<number>> {
  const parsed = parseCommandLine(process.argv.slice(2), { environment, cwd: process.cwd(), version, docs });
  if (parsed.kind !== 'ok') return parsed;
  if (parsed.value.kind === 'print') {
    process.stdout.write(`${parsed.value.text}\n`);
    return ok(0);
  }
  for (const warning of parsed.value.warnings) process.stderr.write(`warning: ${warning}\n`);
  const run = await parsed.value.command.load();
  return await run(parsed.value.invocation);
}

const output = followOutput(process.stdout, process.stderr);
const mask = environmentMask(environment);
catchUncaught();
// Before a command has begun, and after it has ended, there is nothing to bring to its end.
onUncaught((error) => {
  void unexpectedError(error).then((failure) =>
    process.exit(exitWith({ kind: 'failed', error: failure }, mask)),
  );
});

let ended: Outcome<number>;
try {
  ended = await main();
} catch (error) {
  ended = { kind: 'failed', error: await unexpectedError(error) };
}
const exitCode = ended.kind === 'ok' ? ended.value : exitWith(ended, mask);
const lost = await output.failure();
if (lost !== undefined) printError(lost, mask);
// Everything is closed now. A stray handle must not keep the process alive, so it exits explicitly. A failure of the
// command says more than that its output was lost.
process.exit(exitCode === 0 && lost !== undefined ? exitCodeOf(lost) : exitCode);
