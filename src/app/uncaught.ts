/**
 * Exceptions that no code caught, such as one in a callback. Each is a bug of appdev. The running command still ends in
 * its own way: it hides its secrets from the report, lets an upgrade finish, and cleans up.
 */

type Handler = (error: unknown) => void;

const handlers: Handler[] = [];

/** Calls `handler` for each uncaught exception, until the returned function is called. The latest handler gets them. */
export function onUncaught(handler: Handler): () => void {
  handlers.push(handler);
  return () => {
    const index = handlers.lastIndexOf(handler);
    if (index !== -1) handlers.splice(index, 1);
  };
}

/** Installs the one listener of the process. Called once, by the entry of the program. */
export function catchUncaught(): void {
  const tell = (error: unknown): void => handlers.at(-1)?.(error);
  process.on('uncaughtException', tell);
  process.on('unhandledRejection', tell);
}
