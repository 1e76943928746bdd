/** What a container's exit code means, for people. Numbers above 128 are 128 + signal, as shells and runc report them. */

const meanings: Readonly<Record<number, string>> = {
  0: 'it ended by itself, although it should keep running',
  1: 'the application gave up',
  2: 'the command was used wrongly',
  3: 'the JVM ended itself on an OutOfMemoryError (-XX:+ExitOnOutOfMemoryError)',
  126: 'its command cannot be executed',
  127: 'its command was not found',
  128: 'it could not be started',
  130: 'SIGINT',
  134: 'SIGABRT: the process aborted itself',
  137: 'SIGKILL: killed from outside, or by the kernel for want of memory',
  139: 'SIGSEGV: the process crashed in native code',
  143: 'SIGTERM: told to stop',
};

/** A phrase such as `exit code 137 (SIGKILL: …)`; the code alone where it has no common meaning. */
export function exitCodeText(code: number): string {
  const meaning = meanings[code];
  return meaning === undefined ? `exit code ${code}` : `exit code ${code} (${meaning})`;
}
