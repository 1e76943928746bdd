/**
 * From POSIX signals to a clean end: the first SIGINT, SIGTERM or SIGHUP asks for a shutdown, a second one within the
 * same session kills what still runs. Nothing here decides what a shutdown does.
 */

/** Signals that end a session, with the exit code that POSIX gives them (128 + number). */
const endings = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** What ended the session, if a signal did. */
export interface Signals {
  /** Aborts with reason `shutdown` at the first signal or call. */
  readonly shutdown: AbortSignal;
  /** Exit code of the signal that came first; undefined when none came. */
  exitCode(): number | undefined;
  /** Asks for a normal end, as the key q does. Where an end is under way already, nothing more. */
  end(): void;
  /** Treats Ctrl-C in raw mode, which comes as a key, like SIGINT. */
  interrupt(): void;
  /** Takes the handlers off again. */
  dispose(): void;
}

/**
 * Installs the handlers.
 *
 * @param hurry called at the second signal: must kill everything at once and end the process with the given code.
 */
export function handleSignals(hurry: (exitCode: number) => void): Signals {
  const controller = new AbortController();
  let first: number | undefined;

  const receive = (exitCode: number): void => {
    if (controller.signal.aborted) {
      hurry(exitCode);
      return;
    }
    first = exitCode;
    controller.abort('shutdown');
  };
  const handlers = Object.entries(endings).map(([name, code]) => {
    const handler = (): void => {
      receive(code);
    };
    process.on(name, handler);
    return [name, handler] as const;
  });
  return {
    shutdown: controller.signal,
    exitCode: () => first,
    // A controller aborts once: a second call changes nothing.
    end: () => controller.abort('shutdown'),
    interrupt: () => receive(endings.SIGINT),
    dispose() {
      for (const [name, handler] of handlers) process.off(name, handler);
    },
  };
}
