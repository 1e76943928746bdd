/**
 * The program's entry: reads the command line, loads the one command it names, and turns what it returns into an exit
 * code. The only place where an exception is caught for good: one that arrives here is a bug of ours.
 */
import { exitWith, internalError } from './app/fail.ts';
import { parseCommandLine } from './commands/parse.ts';
import { environmentMask } from './app/secrets.ts';
import { version } from './core/version.ts';

async function main(): Promise<number> {
  const parsed = parseCommandLine(process.argv.slice(2), { env: process.env, cwd: process.cwd(), version });
  if (parsed.kind !== 'ok') return exitWith(parsed, environmentMask(process.env));
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
  exitCode = exitWith({ kind: 'failed', error: internalError(error) }, environmentMask(process.env));
}
// Everything is closed by now. A stray handle must not keep the process, and output that a pipe has not taken yet must
// not be lost: the empty write calls back behind it.
process.stdout.write('', () => process.exit(exitCode));
