/**
 * What a container's exit code means, for people. A number above 128 is 128 plus a signal, as shells and runc report it.
 * Other numbers have a meaning only together with the program that gave them, so they get one only if the container's
 * command names that program.
 */

/** Meanings that hold for every program: the kernel and the kubelet give these codes. */
const signals: Readonly<Record<number, string>> = {
  0: 'it ended by itself but should keep running',
  130: 'SIGINT',
  134: 'SIGABRT: the process aborted itself',
  137: 'SIGKILL: killed from outside, or by the kernel because memory ran out',
  139: 'SIGSEGV: the process crashed in native code',
  143: 'SIGTERM: told to stop',
};

/** Meanings of a program, by its name. */
const programs: readonly { readonly program: RegExp; readonly meanings: Readonly<Record<number, string>> }[] =
  [
    {
      program: /^java$/,
      meanings: {
        1: 'the JVM could not start the application, or the application ended itself; its log says why',
        3: 'the JVM ended itself on an OutOfMemoryError (-XX:+ExitOnOutOfMemoryError)',
      },
    },
    {
      program: /^(ba|da|a|z)?sh$/,
      meanings: {
        2: 'the shell found a mistake in its command',
        126: 'a command of the shell cannot be executed',
        127: 'a command of the shell was not found',
      },
    },
  ];

/**
 * A phrase such as `exit code 137 (SIGKILL: …)`; only the code if it has no meaning for this program.
 *
 * @param command what the container runs, if its pod says so; an image's own command is not known
 */
export function exitCodeText(code: number, command: readonly string[] = []): string {
  const program = command[0]?.split('/').at(-1) ?? '';
  const own = programs.find((one) => one.program.test(program))?.meanings[code];
  const meaning = own ?? signals[code];
  return meaning === undefined ? `exit code ${code}` : `exit code ${code} (${meaning})`;
}
