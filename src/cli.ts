/**
 * The entry of the program. It reads the command line, loads the one command that it names, and turns the result into an
 * exit code. It also catches exceptions that nothing else caught; each of them is a bug of appdev.
 */
import { exitWith, internalError } from './app/fail.ts';
import { readEnvironment } from './app/environment.ts';
import { parseCommandLine } from './commands/parse.ts';
import { environmentMask } from './app/secrets.ts';
import { version } from './core/version.ts';

const environment = readEnvironment(process.env);

async function main(): Promise<number> {
  const parsed = parseCommandLine(process.argv.slice(2), { environment, cwd: process.cwd(), version });
  if (parsed.kind !== 'ok') return exitWith(parsed, environmentMask(environment));
  if (parsed.value.kind === 'print') {
    process.stdout.write(`${parsed.value.text}\n`);
    return 0;
  }
  const run = await parsed.value.command.load();
  return await run(parsed.value.invocation);
}

let exitCode: number;
try {
  exitCode = await main();
} catch (error) {
  exitCode = exitWith({ kind: 'failed', error: internalError(error) }, environmentMask(environment));
}
// Everything is closed now. A stray handle must not keep the process alive, so it exits explicitly. Output that a pipe
// has not taken yet must not be lost, so the exit waits for the callback of an empty write, which comes after all
// others.
process.stdout.write('', () => process.exit(exitCode));
