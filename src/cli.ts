/**
 * The program's entry: reads the command line, loads the one command it names, and turns what it returns into an exit
 * code. The only place where an exception is caught for good: one that arrives here is a bug of ours.
 */
import { appdevError, exitCodeOf } from './errors.ts';
import { errorLines } from './ui/error-lines.ts';
import { parseCommandLine } from './commands/parse.ts';
import { version } from './version.ts';

async function main(): Promise<number> {
  const parsed = parseCommandLine(process.argv.slice(2), { env: process.env, cwd: process.cwd(), version });
  if (parsed.kind !== 'ok') {
    if (parsed.kind === 'cancelled') return 130;
    process.stderr.write(`${errorLines(parsed.error).join('\n')}\n`);
    return exitCodeOf(parsed.error);
  }
  if (parsed.value.kind === 'print') {
    process.stdout.write(`${parsed.value.text}\n`);
    return 0;
  }
  const run = await parsed.value.command.load();
  return await run(parsed.value.invocation);
}

try {
  process.exitCode = await main();
} catch (error) {
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const internal = appdevError('INTERNAL', 'appdev itself failed; this is a bug of appdev', {
    evidence: detail.split('\n'),
    hint: `report it with the lines above, appdev ${version}, Node ${process.version} and what you typed`,
  });
  process.stderr.write(`${errorLines(internal).join('\n')}\n`);
  process.exitCode = exitCodeOf(internal);
}
