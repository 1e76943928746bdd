/**
 * Turns POSIX signals into a clean end. The first SIGINT, SIGTERM or SIGHUP asks for a shutdown. A second one kills what
 * still runs. What a shutdown does is decided elsewhere.
 */

/** The signals that end a session, with their exit codes: 128 + the number of the signal, as in shells. */
const endings = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** The requests to end a session: by signals, and by keys. */
export interface Signals {
  /** Aborts with the reason `shutdown` at the first signal, or the first call of `end` or `interrupt`. */
  readonly shutdown: AbortSignal;
  /** The exit code of the first signal; undefined if there was none. */
  exitCode(): number | undefined;
  /** Asks for a normal end, as the key q does. It has no effect if the session is already ending. */
  end(): void;
  /** Does what SIGINT does. In raw mode, Ctrl-C arrives as a key. */
  interrupt(): void;
  /** Removes the signal handlers. */
  dispose(): void;
}

/**
 * Installs the signal handlers.
 *
 * @param hurry called at the second signal; it must kill everything at once and end the process with the given exit code
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
    // A controller aborts only once, so a second call changes nothing.
    end: () => controller.abort('shutdown'),
    interrupt: () => receive(endings.SIGINT),
    dispose() {
      for (const [name, handler] of handlers) process.off(name, handler);
    },
  };
}
