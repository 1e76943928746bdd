/**
 * What a container's exit code means, for people. A number above 128 is 128 plus a signal, as shells and runc report
 * it.
 */

const meanings: Readonly<Record<number, string>> = {
  0: 'it ended by itself but should keep running',
  1: 'the application gave up',
  2: 'the command was called with wrong arguments',
  3: 'the JVM ended itself on an OutOfMemoryError (-XX:+ExitOnOutOfMemoryError)',
  126: 'its command cannot be executed',
  127: 'its command was not found',
  128: 'it could not be started',
  130: 'SIGINT',
  134: 'SIGABRT: the process aborted itself',
  137: 'SIGKILL: killed from outside, or by the kernel because memory ran out',
  139: 'SIGSEGV: the process crashed in native code',
  143: 'SIGTERM: told to stop',
};

/** A phrase such as `exit code 137 (SIGKILL: …)`; only the code if it has no common meaning. */
export function exitCodeText(code: number): string {
  const meaning = meanings[code];
  return meaning === undefined ? `exit code ${code}` : `exit code ${code} (${meaning})`;
}
